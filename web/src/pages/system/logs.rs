//! What the box wrote down and what its services said: the newest lines, those with certain words, those that came
//! since. `follow` hands on lines as they come.

use super::page::Place;
use super::service::kind;
use super::told::{Mark, shortened};
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::settings::resident::Owner;
use crate::pages::visit::url_encoded;
use crate::ports::Appliance;
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
    /// Where lines come as they are written.
    live: String,
}

/// Lines on their own, as the page has them.
#[derive(Template)]
#[template(path = "system_log_lines.html")]
pub struct Lines {
    pub lines: Vec<LineTold>,
}

/// One of a few to choose from.
struct Offered {
    value: String,
    name: String,
    is_chosen: bool,
}

pub struct LineTold {
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
    log: String,
    /// A service, instead of a log.
    #[serde(default)]
    part: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    level: AskedLevel,
    #[serde(default)]
    after: String,
}

/// Whose lines.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    Log(Log),
    Service(String),
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

const LOGS: [(Log, &str, &str); 3] = [
    (Log::App, "app", "system-log-app"),
    (Log::Errors, "errors", "system-log-errors"),
    (Log::Performance, "performance", "system-log-performance"),
];

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
    fn source(&self) -> Source {
        let name = if self.part.is_empty() { &self.log } else { &self.part };
        let log = LOGS.iter().find(|(_, value, _)| value == name || name.is_empty());
        log.map_or_else(|| Source::Service(name.clone()), |(log, ..)| Source::Log(*log))
    }

    /// As addresses have it.
    fn value(&self) -> String {
        match self.source() {
            Source::Service(name) => name,
            Source::Log(log) => {
                let found = LOGS.iter().find(|(known, ..)| *known == log);
                found.map_or("app", |(_, value, _)| value).to_owned()
            }
        }
    }

    fn wish(&self, most: usize) -> LogWish {
        LogWish {
            words: self.q.trim().to_owned(),
            // What services say has no weight that we know.
            level: self.level.level().filter(|_| matches!(self.source(), Source::Log(_))),
            after: Some(self.after.clone()).filter(|after| !after.is_empty()),
            most,
        }
    }

    pub async fn read(&self, appliance: &dyn Appliance, most: usize) -> Result<LogPiece, Refused> {
        match self.source() {
            Source::Log(log) => appliance.logs().read(log, self.wish(most)).await,
            Source::Service(name) => appliance.logs().said(&name, self.wish(most)).await,
        }
    }

    /// The same question of the lines behind a place.
    #[must_use]
    pub fn from(self, after: String) -> Self {
        Self { after, ..self }
    }

    /// The same question of another page, or from another place on.
    fn at(&self, path: &str, after: &str) -> String {
        let query = match self.source() {
            Source::Log(_) => format!("log={}&level={}", self.value(), self.level.value()),
            Source::Service(name) => format!("part={}", url_encoded(&name)),
        };
        let words = if self.q.is_empty() { String::new() } else { format!("&q={}", url_encoded(&self.q)) };
        let after = if after.is_empty() { String::new() } else { format!("&after={}", url_encoded(after)) };
        format!("{path}?{query}{words}{after}")
    }
}

pub async fn get(
    State(face): State<Face>,
    Owner(owner): Owner,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let words = &face.words;
    let (piece, problem) = match asked.read(&*face.appliance, MOST).await {
        Ok(piece) => (piece, None),
        Err(Refused::Unknown) => return Err(PageError::NotFound),
        Err(why) => (LogPiece::default(), Some(words.say_with("system-log-unread", "why", &why.to_string()))),
    };
    let chosen = asked.value();
    let offered = |value: String, name| Offered { is_chosen: value == chosen, value, name };
    let logs = LOGS.iter().map(|(_, value, name)| offered((*value).to_owned(), words.say(name)));
    let services = face.appliance.logs().speakers().into_iter().map(|name| {
        let told = words.say_with("system-log-service", "name", &kind(words, &name));
        offered(name, told)
    });
    let levels = AskedLevel::ALL.iter().map(|(level, value, name)| Offered {
        value: (*value).to_owned(),
        name: words.say(name),
        is_chosen: *level == asked.level,
    });
    Ok(html(&LogsPage {
        frame: owner.frame(&face, &words.say("system-logs-title")),
        place: Place::Logs,
        logs: logs.chain(services).collect(),
        levels: levels.collect(),
        words: asked.q.clone(),
        note: note(words, &asked, &piece),
        newer: piece.place.as_ref().map(|place| asked.at("/system/logs", place)),
        newest: asked.at("/system/logs", ""),
        download: asked.at("/system/logs/download", ""),
        live: asked.at("/system/logs/live", piece.place.as_deref().unwrap_or_default()),
        lines: piece.lines.iter().map(line).collect(),
        problem,
    }))
}

/// The lines as text, for whoever wants to keep them or pass them on.
pub async fn download(
    State(face): State<Face>,
    Owner(_): Owner,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let piece = asked.read(&*face.appliance, MOST_IN_FILE).await;
    let piece = piece.map_err(|refused| match refused {
        Refused::Unknown => PageError::NotFound,
        Refused::Failed(why) => {
            tracing::warn!(error = why, "a log could not be read");
            PageError::Internal
        }
    })?;
    let text: String = piece.lines.iter().map(as_text).collect();
    let name = format!("attachment; filename=\"{}.txt\"", asked.value());
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|_| PageError::Internal)?),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, text).into_response())
}

fn note(words: &Words, asked: &Asked, piece: &LogPiece) -> String {
    if piece.is_kept {
        let name = if piece.lines.is_empty() { "system-log-none-kept" } else { "system-log-kept" };
        return words.say(name);
    }
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

pub fn line(line: &LogLine) -> LineTold {
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
