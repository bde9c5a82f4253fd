//! What was heard, in each of the shapes that clients ask for.

use crate::ears::model::name_of;
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voice_client::wire::{Segment, Transcript};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Json,
    Text,
    Srt,
    Vtt,
    Verbose,
}

impl Format {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "json" => Self::Json,
            "text" => Self::Text,
            "srt" => Self::Srt,
            "vtt" => Self::Vtt,
            "verbose_json" => Self::Verbose,
            _ => return None,
        })
    }
}

pub fn write(transcript: &Transcript, format: Format, translated: bool, with_words: bool) -> Response {
    let plain = |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
    match format {
        Format::Json => Json(json!({ "text": transcript.text })).into_response(),
        Format::Text => plain("text/plain; charset=utf-8", format!("{}\n", transcript.text)),
        Format::Srt => plain("application/x-subrip; charset=utf-8", srt(&transcript.segments)),
        Format::Vtt => plain("text/vtt; charset=utf-8", vtt(&transcript.segments)),
        Format::Verbose => Json(verbose(transcript, translated, with_words)).into_response(),
    }
}

fn verbose(transcript: &Transcript, translated: bool, with_words: bool) -> Value {
    let segments = transcript.segments.iter().enumerate().map(|(id, segment)| {
        json!({
            "id": id, "start": segment.start, "end": segment.end, "text": segment.text,
            "avg_logprob": segment.avg_logprob, "no_speech_prob": segment.no_speech_prob,
        })
    });
    let mut document = json!({
        "task": if translated { "translate" } else { "transcribe" },
        "language": name_of(&transcript.language), "duration": transcript.duration, "text": transcript.text,
        "segments": segments.collect::<Vec<_>>(),
    });
    if with_words {
        let words = transcript.segments.iter().flat_map(|segment| &segment.words);
        let words = words.map(|word| json!({ "word": word.word, "start": word.start, "end": word.end }));
        document["words"] = words.collect();
    }
    document
}

fn srt(segments: &[Segment]) -> String {
    let line = |(at, segment): (usize, &Segment)| {
        let (from, to) = (clock(segment.start, ','), clock(segment.end, ','));
        format!("{}\n{from} --> {to}\n{}\n\n", at + 1, shown(&segment.text))
    };
    segments.iter().enumerate().map(line).collect()
}

fn vtt(segments: &[Segment]) -> String {
    let line = |segment: &Segment| {
        let (from, to) = (clock(segment.start, '.'), clock(segment.end, '.'));
        format!("{from} --> {to}\n{}\n\n", shown(&segment.text).replace('&', "&amp;").replace('<', "&lt;"))
    };
    format!("WEBVTT\n\n{}", segments.iter().map(line).collect::<String>())
}

/// A line of its own would end the subtitle, and an arrow would begin another.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "→")
}

fn clock(seconds: f64, point: char) -> String {
    let all = (seconds.max(0.0) * 1000.0).round() as u64;
    let (hours, minutes, seconds) = (all / 3_600_000, all / 60_000 % 60, all / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{:03}", all % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(start: f64, end: f64, text: &str) -> Segment {
        let (text, words) = (text.to_owned(), Vec::new());
        Segment { start, end, text, avg_logprob: -0.1, no_speech_prob: 0.0, words }
    }

    #[test]
    fn subtitles_are_as_players_read_them_whatever_was_said() {
        let said = [segment(0.0, 1.5, "turn on the light"), segment(3661.0, 3661.0004, "a <b> & c\n\n--> d")];
        assert_eq!(
            srt(&said),
            "1\n00:00:00,000 --> 00:00:01,500\nturn on the light\n\n\
             2\n01:01:01,000 --> 01:01:01,000\na <b> & c → d\n\n"
        );
        assert_eq!(
            vtt(&said),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nturn on the light\n\n\
             01:01:01.000 --> 01:01:01.000\na &lt;b> &amp; c → d\n\n"
        );
        assert_eq!((srt(&[]), vtt(&[])), (String::new(), "WEBVTT\n\n".to_owned()));
    }
}
