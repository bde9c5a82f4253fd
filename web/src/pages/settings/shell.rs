//! What the settings have around them: their sections, and what became of the last deed.

use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::words::Words;
use askama::Template;
use axum::response::Response;
use engine_client::client::ClientError;
use engine_client::problem::ErrorCode;
use http::StatusCode;
use serde::Deserialize;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Profile,
    Appearance,
    Keys,
    Data,
    People,
    Models,
    Box,
}

impl Section {
    pub const ALL: [Self; 7] =
        [Self::Profile, Self::Appearance, Self::Keys, Self::Data, Self::People, Self::Models, Self::Box];

    pub fn href(self) -> &'static str {
        match self {
            Self::Profile => "/settings",
            Self::Appearance => "/settings/appearance",
            Self::Keys => "/settings/keys",
            Self::Data => "/settings/data",
            Self::People => "/settings/people",
            Self::Models => "/settings/models",
            Self::Box => "/settings/box",
        }
    }

    pub fn name(self, words: &Words) -> String {
        match self {
            Self::Profile => words.say("settings-profile"),
            Self::Appearance => words.say("settings-appearance"),
            Self::Keys => words.say("settings-keys"),
            Self::Data => words.say("settings-data"),
            Self::People => words.say("settings-people"),
            Self::Models => words.say("settings-models"),
            Self::Box => words.say("settings-box"),
        }
    }

    pub fn is_owners(self) -> bool {
        matches!(self, Self::People | Self::Models | Self::Box)
    }
}

pub struct Place {
    pub href: &'static str,
    pub name: String,
    pub here: bool,
}

pub struct Shell {
    pub places: Vec<Place>,
    /// What was just done, in a sentence.
    pub done: Option<String>,
    pub problem: Option<String>,
}

impl Shell {
    #[must_use]
    pub fn with_done(self, done: Option<String>) -> Self {
        Self { done, ..self }
    }

    #[must_use]
    pub fn with_problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }
}

/// Something to ask about once more before it is done.
pub struct Deed {
    /// The names of its words in the catalogue.
    pub title: &'static str,
    pub button: &'static str,
    /// What it means.
    pub sentence: String,
    /// Where the form goes.
    pub action: String,
    /// Whether something is lost by it.
    pub danger: bool,
}

#[derive(Template)]
#[template(path = "settings_confirm.html")]
pub struct ConfirmPage {
    pub frame: Frame,
    pub shell: Shell,
    pub sentence: String,
    pub action: String,
    pub button: String,
    pub danger: bool,
    pub back: &'static str,
}

/// What a form of one button sends.
#[derive(Deserialize)]
pub struct Nothing {}

/// Which deed led here.
#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    pub done: String,
}

/// What a form says about a refusal; what no form can mend is a page of its own.
pub fn told(error: ClientError) -> Result<String, PageError> {
    match error {
        ClientError::Refused(problem)
            if matches!(
                problem.code,
                ErrorCode::Invalid | ErrorCode::Taken | ErrorCode::TooManyRequests | ErrorCode::ModelFailed
            ) =>
        {
            Ok(sentence(&problem.detail))
        }
        other => Err(other.into()),
    }
}

/// The engine's words as a sentence of their own, without the name of the field, which the page shows.
fn sentence(detail: &str) -> String {
    let field = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let said = detail.split_once(": ").filter(|(name, _)| field(name)).map_or(detail, |(_, rest)| rest);
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if said.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The page as an answer that changed nothing.
pub fn refused(page: &impl Template) -> Response {
    let mut response = html(page);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn what_the_engine_says_becomes_a_sentence() {
        assert_eq!(sentence("name: a name has 1 to 64 characters"), "A name has 1 to 64 characters.");
        assert_eq!(sentence("this name is taken"), "This name is taken.");
        assert_eq!(sentence("The server said: no."), "The server said: no.");
        assert_eq!(sentence("élan"), "Élan.");
        assert_eq!(sentence(""), ".");
    }
}
