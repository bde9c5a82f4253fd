//! `/v1/audio/transcriptions` and `/v1/audio/translations`: a form with a file comes in, words go out.

use super::formats::{self, Format};
use super::guard::Who;
use super::problem::VoiceError;
use super::router::Voice;
use super::streamed;
use crate::ears::desk::Asked;
use crate::ears::hearing::Wish;
use crate::sound::brought::{Keeping, Sound};
use axum::body::Body;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};

/// Names that clients of OpenAI's send without having been told: whatever there is.
const ANY: [&str; 3] = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"];
const LONGEST_FIELD: usize = 16 * 1024;

type Form = Result<Multipart, MultipartRejection>;

pub async fn transcribe(State(voice): State<Voice>, who: Who, form: Form) -> Result<Response, VoiceError> {
    answer(voice, who, form, false).await
}

pub async fn translate(State(voice): State<Voice>, who: Who, form: Form) -> Result<Response, VoiceError> {
    answer(voice, who, form, true).await
}

/// Whoever takes a form apart reads all that is there before anybody looks at it: a large file would be in memory.
pub async fn a_piece_at_a_time(request: Request) -> Request {
    request.map(|body| {
        let pieces = (body.into_data_stream(), false);
        Body::from_stream(stream::unfold(pieces, async |(mut pieces, is_due)| {
            if is_due {
                tokio::task::yield_now().await;
            }
            Some((pieces.next().await?, (pieces, true)))
        }))
    })
}

async fn answer(voice: Voice, Who(who): Who, form: Form, translates: bool) -> Result<Response, VoiceError> {
    let form = form.map_err(|error| VoiceError::invalid(error.body_text()))?;
    let Filled { file, model, format, streams, language, mut wish } =
        Filled::read(form, &voice.keeping).await?;
    let sound = file.ok_or_else(|| VoiceError::invalid("file: send the sound as a file of this name"))?;
    wish.translates = translates;
    // What was spoken is for the model to find out where it is to say it in English.
    let language = language.filter(|_| !translates);
    let with_words = wish.with_words;
    let asked = Asked { who, model, sound, language, wish };
    if streams {
        return Ok(streamed::answer(voice.ears.enter(asked).await?).into_response());
    }
    let transcript = voice.ears.listen(asked, |_| {}).await?;
    Ok(formats::write(&transcript, format, translates, with_words))
}

#[derive(Default)]
struct Filled {
    file: Option<Sound>,
    model: Option<String>,
    format: Format,
    streams: bool,
    language: Option<String>,
    wish: Wish,
}

impl Filled {
    async fn read(mut form: Multipart, keeping: &Keeping) -> Result<Self, VoiceError> {
        let mut filled = Self::default();
        while let Some(field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                filled.file = Some(kept(field, keeping).await?);
                continue;
            }
            let text = short(&name, field).await?;
            filled.fill(&name, &text)?;
        }
        Ok(filled)
    }

    /// Fields that are not known here are for somebody else's server.
    fn fill(&mut self, name: &str, text: &str) -> Result<(), VoiceError> {
        let wrong = |what: &str| VoiceError::invalid(format!("{name}: {what}"));
        let given = Some(text.to_owned()).filter(|text| !text.is_empty());
        match name {
            "model" => self.model = given.filter(|name| !ANY.contains(&name.as_str())),
            "language" => self.language = given,
            "prompt" => text.clone_into(&mut self.wish.before),
            "response_format" => {
                self.format =
                    Format::parse(text).ok_or_else(|| wrong("json, text, srt, vtt or verbose_json"))?;
            }
            "temperature" => {
                let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
                self.wish.temperature = number.ok_or_else(|| wrong("a number from 0 to 1"))?;
            }
            "timestamp_granularities[]" | "timestamp_granularities" => match text {
                "word" => self.wish.with_words = true,
                "segment" => {}
                _ => return Err(wrong("word or segment")),
            },
            "stream" => self.streams = text.parse().map_err(|_| wrong("true or false"))?,
            _ => {}
        }
        Ok(())
    }
}

async fn kept(mut field: Field<'_>, keeping: &Keeping) -> Result<Sound, VoiceError> {
    let mut coming = keeping.begin();
    while let Some(piece) = field.chunk().await? {
        coming.take(&piece).await?;
    }
    Ok(coming.end().await?)
}

async fn short(name: &str, mut field: Field<'_>) -> Result<String, VoiceError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_FIELD {
            return Err(VoiceError::invalid(format!("{name}: at most {LONGEST_FIELD} bytes")));
        }
    }
    String::from_utf8(bytes).map_err(|_| VoiceError::invalid(format!("{name}: text in UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::FutureExt;
    use std::convert::Infallible;

    #[tokio::test]
    async fn nobody_is_given_two_pieces_at_once_however_many_there_are() {
        let all =
            ["one", "two", "three"].map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
        let whole = Body::from_stream(stream::iter(all.clone()));
        let mut slow = a_piece_at_a_time(Request::new(whole)).await.into_body().into_data_stream();
        for Ok(piece) in all {
            assert_eq!(slow.next().now_or_never().flatten().and_then(Result::ok), Some(piece));
            assert!(slow.next().now_or_never().is_none(), "it waits");
        }
        assert!(slow.next().await.is_none());
    }
}
