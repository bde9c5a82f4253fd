//! `/v1/audio/transcriptions` and `/v1/audio/translations`: a form with a file comes in, words go out.

use super::formats::{self, Format};
use super::guard::Who;
use super::problem::VoiceError;
use super::router::Voice;
use super::streamed;
use crate::ears::desk::Asked;
use crate::ears::hearing::Wish;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// A name that clients of OpenAI's send without having been told: whatever there is.
const ANY: &str = "whisper-1";
const LONGEST_FIELD: usize = 16 * 1024;

type Form = Result<Multipart, MultipartRejection>;

pub async fn transcribe(State(voice): State<Voice>, who: Who, form: Form) -> Result<Response, VoiceError> {
    answer(voice, who, form, false).await
}

pub async fn translate(State(voice): State<Voice>, who: Who, form: Form) -> Result<Response, VoiceError> {
    answer(voice, who, form, true).await
}

async fn answer(voice: Voice, Who(who): Who, form: Form, translates: bool) -> Result<Response, VoiceError> {
    let form = form.map_err(|error| VoiceError::invalid(error.body_text()))?;
    let Filled { file, model, format, streams, language, mut wish } = Filled::read(form).await?;
    let sound = file.ok_or_else(|| VoiceError::invalid("file: send the sound as a file of this name"))?;
    wish.translates = translates;
    // What was spoken is for the model to find out where it is to say it in English.
    let language = language.filter(|_| !translates);
    let with_words = wish.with_words;
    let asked = Asked { who, model, sound, language, wish };
    if streams {
        return Ok(streamed::answer(voice.ears, asked).into_response());
    }
    let transcript = voice.ears.listen(asked, |_| {}).await?;
    Ok(formats::write(&transcript, format, translates, with_words))
}

#[derive(Default)]
struct Filled {
    file: Option<Bytes>,
    model: Option<String>,
    format: Format,
    streams: bool,
    language: Option<String>,
    wish: Wish,
}

impl Filled {
    async fn read(mut form: Multipart) -> Result<Self, VoiceError> {
        let mut filled = Self::default();
        while let Some(field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                filled.file = Some(field.bytes().await?);
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
            "model" => self.model = given.filter(|name| name != ANY),
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
