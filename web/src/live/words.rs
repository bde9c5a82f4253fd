//! What is said on the socket, in lines of JSON. Sound goes between them as it is: 16-bit samples, little-endian, one
//! channel.

use engine_client::problem::{ErrorCode, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use voice_client::live::wire::{LiveEvent, RATES, Start};

/// Names that clients of OpenAI's send without having been told: whatever there is.
const ANY: [&str; 3] = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"];
const LONGEST_PROMPT: usize = 4096;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Said {
    /// First of all.
    Start {
        rate: u32,
        model: Option<String>,
        language: Option<String>,
        #[serde(default)]
        prompt: String,
    },
    /// No more sound comes; what was said is told to its end.
    End,
    /// Nothing more is told.
    Cancel,
}

impl Said {
    pub fn read(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|_| {
            invalid("a text here is `{\"type\": \"start\", \"rate\": 16000}`, `end` or `cancel`")
        })
    }

    pub fn start(self) -> Result<Start, Problem> {
        let Self::Start { rate, model, language, prompt } = self else {
            return Err(invalid("`start` comes first"));
        };
        if !RATES.contains(&rate) {
            return Err(invalid(&format!("rate: from {} to {} a second", RATES.start(), RATES.end())));
        }
        if prompt.len() > LONGEST_PROMPT {
            return Err(invalid(&format!("prompt: at most {LONGEST_PROMPT} bytes")));
        }
        let model = model.filter(|name| !name.is_empty() && !ANY.contains(&name.as_str()));
        let language = language.filter(|name| !name.is_empty());
        Ok(Start { rate, model, language, prompt, said: String::new() })
    }
}

/// `None`: it is nothing for whoever speaks.
pub fn told(event: &LiveEvent) -> Option<String> {
    let value = match event {
        LiveEvent::Alive => return None,
        LiveEvent::Error { problem } => error(problem),
        other => serde_json::to_value(other).expect("an event is plain data"),
    };
    Some(value.to_string())
}

pub fn error(problem: &Problem) -> Value {
    json!({ "type": "error", "error": { "code": problem.code, "message": problem.detail } })
}

pub fn invalid(detail: &str) -> Problem {
    Problem::new(ErrorCode::Invalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_word_of_ours_is_told_from_what_is() {
        let start = |text: &str| Said::read(text).and_then(Said::start);
        let started = start(r#"{"type":"start","rate":16000,"model":"whisper-1","language":"","more":1}"#);
        assert_eq!(started.ok(), Some(Start { rate: 16_000, ..Start::default() }));
        for wrong in [
            "",
            "hello",
            "{}",
            r#"{"type":"start"}"#,
            r#"{"type":"start","rate":7999}"#,
            r#"{"type":"start","rate":48001}"#,
            r#"{"type":"start","rate":-1}"#,
            r#"{"type":"end"}"#,
            r#"{"type":"sing"}"#,
            &format!(r#"{{"type":"start","rate":16000,"prompt":"{}"}}"#, "a".repeat(5000)),
        ] {
            assert_eq!(
                start(wrong).map_err(|problem| problem.code).err(),
                Some(ErrorCode::Invalid),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_error_is_told_as_elsewhere_below_v1() {
        let problem = Problem::new(ErrorCode::TooManyRequests, "later");
        let told = told(&LiveEvent::Error { problem }).expect("it is told");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let error = json!({ "code": "too_many_requests", "message": "later" });
        assert_eq!(told, json!({ "type": "error", "error": error }));
        assert_eq!(super::told(&LiveEvent::Alive), None);
    }
}
