//! What the box wrote down: the newest lines of a log, those with certain words, those that came since.

use super::page::Place;
use super::told::{Mark, shortened};
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::settings::resident::Owner;
use crate::pages::visit::url_encoded;
use crate::ports::system::{Level, Log, LogLine, LogPiece, LogWish, Refused};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

/// More would be no page but a file: that can be had, too.
const MOST: usize = 100;
const MOST_IN_FILE: usize = 20_000;
const LONGEST: usize = 400;

#[derive(Template)]
#[template(path = "system_logs.html")]
struct LogsPage {
    frame: Frame,
    place: Place,
    logs: Vec<Offered>,
    levels: Vec<Offered>,
    words: String,
    lines: Vec<LineTold>,
    problem: Option<String>,
    /// What is to be said about these lines as a whole.
    note: String,
    /// Where the lines after these are.
    newer: Option<String>,
    newest: String,
    download: String,
}

/// One of a few to choose from.
struct Offered {
    value: &'static str,
    name: String,
    is_chosen: bool,
}

struct LineTold {
    /// To the second; empty for what is no line of ours.
    at: String,
    exact: String,
    level: &'static str,
    mark: Option<Mark>,
    message: String,
    fields: String,
}

#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    log: AskedLog,
    #[serde(default)]
    q: String,
    #[serde(default)]
    level: AskedLevel,
    #[serde(default)]
    after: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskedLog {
    #[default]
    App,
    Errors,
    Performance,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskedLevel {
    #[default]
    All,
    Info,
    Warn,
    Error,
}

impl AskedLog {
    const ALL: [(Self, &str, &str); 3] = [
        (Self::App, "app", "system-log-app"),
        (Self::Errors, "errors", "system-log-errors"),
        (Self::Performance, "performance", "system-log-performance"),
    ];

    fn log(self) -> Log {
        match self {
            Self::App => Log::App,
            Self::Errors => Log::Errors,
            Self::Performance => Log::Performance,
        }
    }

    fn value(self) -> &'static str {
        Self::ALL.iter().find(|(log, ..)| *log == self).map_or("app", |(_, value, _)| value)
    }
}

impl AskedLevel {
    const ALL: [(Self, &str, &str); 4] = [
        (Self::All, "all", "system-level-all"),
        (Self::Info, "info", "system-level-info"),
        (Self::Warn, "warn", "system-level-warn"),
        (Self::Error, "error", "system-level-error"),
    ];

    fn level(self) -> Option<Level> {
        match self {
            Self::All => None,
            Self::Info => Some(Level::Info),
            Self::Warn => Some(Level::Warn),
            Self::Error => Some(Level::Error),
        }
    }

    fn value(self) -> &'static str {
        Self::ALL.iter().find(|(level, ..)| *level == self).map_or("all", |(_, value, _)| value)
    }
}

impl Asked {
    fn wish(&self, most: usize) -> LogWish {
        LogWish {
            words: self.q.trim().to_owned(),
            level: self.level.level(),
            after: Some(self.after.clone()).filter(|after| !after.is_empty()),
            most,
        }
    }

    /// The same question of another page, or from another place on.
    fn at(&self, path: &str, after: &str) -> String {
        let query = format!("log={}&level={}", self.log.value(), self.level.value());
        let words = if self.q.is_empty() { String::new() } else { format!("&q={}", url_encoded(&self.q)) };
        let after = if after.is_empty() { String::new() } else { format!("&after={}", url_encoded(after)) };
        format!("{path}?{query}{words}{after}")
    }
}

pub async fn get(State(face): State<Face>, Owner(owner): Owner, Query(asked): Query<Asked>) -> Response {
    let words = &face.words;
    let (piece, problem) = match face.appliance.logs().read(asked.log.log(), asked.wish(MOST)).await {
        Ok(piece) => (piece, None),
        Err(why) => (LogPiece::default(), Some(words.say_with("system-log-unread", "why", &why.to_string()))),
    };
    let logs = AskedLog::ALL.iter().map(|(log, value, name)| Offered {
        value,
        name: words.say(name),
        is_chosen: *log == asked.log,
    });
    let levels = AskedLevel::ALL.iter().map(|(level, value, name)| Offered {
        value,
        name: words.say(name),
        is_chosen: *level == asked.level,
    });
    html(&LogsPage {
        frame: owner.frame(&face, &words.say("system-logs-title")),
        place: Place::Logs,
        logs: logs.collect(),
        levels: levels.collect(),
        words: asked.q.clone(),
        note: note(words, &asked, &piece),
        newer: piece.place.as_ref().map(|place| asked.at("/system/logs", place)),
        newest: asked.at("/system/logs", ""),
        download: asked.at("/system/logs/download", ""),
        lines: piece.lines.iter().map(line).collect(),
        problem,
    })
}

/// The lines as text, for whoever wants to keep them or pass them on.
pub async fn download(
    State(face): State<Face>,
    Owner(_): Owner,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let piece = face.appliance.logs().read(asked.log.log(), asked.wish(MOST_IN_FILE)).await;
    let piece = piece.map_err(|refused| match refused {
        Refused::Unknown => PageError::NotFound,
        Refused::Failed(why) => {
            tracing::warn!(error = why, "a log could not be read");
            PageError::Internal
        }
    })?;
    let text: String = piece.lines.iter().map(as_text).collect();
    let name = format!("attachment; filename=\"{}.txt\"", asked.log.value());
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|_| PageError::Internal)?),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, text).into_response())
}

fn note(words: &Words, asked: &Asked, piece: &LogPiece) -> String {
    let is_filtered = !asked.q.trim().is_empty() || asked.level != AskedLevel::All;
    match (piece.lines.is_empty(), asked.after.is_empty()) {
        (true, false) => words.say("system-log-none-newer"),
        (true, true) if is_filtered => words.say("system-log-none-fit"),
        (true, true) => words.say("system-log-none"),
        (false, _) => {
            let count = [("count", piece.lines.len() as f64)];
            let name = match (piece.has_more, asked.after.is_empty()) {
                (_, false) => "system-log-newer-count",
                (true, true) => "system-log-newest-count",
                (false, true) => "system-log-all-count",
            };
            words.say_counting(name, &count)
        }
    }
}

fn line(line: &LogLine) -> LineTold {
    let at: String =
        line.at.chars().take(19).map(|letter| if letter == 'T' { ' ' } else { letter }).collect();
    let (level, mark) = match line.level {
        Some(Level::Error) => ("ERROR", Some(Mark::Bad)),
        Some(Level::Warn) => ("WARN", Some(Mark::Warn)),
        Some(Level::Info) => ("INFO", None),
        Some(Level::Debug) => ("DEBUG", None),
        Some(Level::Trace) => ("TRACE", None),
        None => ("", None),
    };
    LineTold {
        at,
        exact: line.at.clone(),
        level,
        mark,
        message: shortened(&line.message, LONGEST),
        fields: shortened(&line.fields, LONGEST),
    }
}

fn as_text(line: &LogLine) -> String {
    let told = self::line(line);
    let parts = [line.at.as_str(), told.level, &line.message, &line.fields];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ") + "\n"
}
