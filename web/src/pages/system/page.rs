//! The page, and its living part: what a script asks for again and again, answered only where it has changed.

use super::now::{Now, look};
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::living;
use crate::pages::settings::resident::{Owner, Resident};
use crate::pages::settings::shell::After;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    place: Place,
    now: Now,
    /// Of the living part, as it is now.
    mark: String,
    done: Option<String>,
    problem: Option<String>,
}

/// The living part on its own.
#[derive(Template)]
#[template(path = "system_now.html")]
struct Living<'a> {
    frame: &'a Frame,
    now: &'a Now,
}

/// Which of the system pages this is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    System,
    Logs,
}

impl Place {
    pub fn is_system(self) -> bool {
        self == Self::System
    }

    pub fn is_logs(self) -> bool {
        self == Self::Logs
    }
}

pub async fn get(
    State(face): State<Face>,
    Owner(owner): Owner,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let done = done(&face.words, &after.done);
    Ok(html(&page(&face, &owner, done, None).await?))
}

/// Answers `304` to whoever has this already.
pub async fn now(
    State(face): State<Face>,
    Owner(owner): Owner,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let frame = owner.frame(&face, "");
    let now = look(&face.words, &*face.appliance).await;
    living::answer(&headers, &Living { frame: &frame, now: &now })
}

/// The page, and why something was not done.
pub async fn with_problem(face: &Face, owner: &Resident, problem: String) -> Result<Response, PageError> {
    let mut response = html(&page(face, owner, None, Some(problem)).await?);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn page(
    face: &Face,
    owner: &Resident,
    done: Option<String>,
    problem: Option<String>,
) -> Result<SystemPage, PageError> {
    let frame = owner.frame(face, &face.words.say("system-title"));
    let now = look(&face.words, &*face.appliance).await;
    let mark = living::mark(&Living { frame: &frame, now: &now })?;
    Ok(SystemPage { frame, place: Place::System, now, mark, done, problem })
}

fn done(words: &Words, done: &str) -> Option<String> {
    let name = match done {
        "looked" => "system-done-looked",
        "retried" => "system-done-retried",
        "chosen" => "system-done-chosen",
        "repaired" => "system-done-repaired",
        "cancelled" => "system-done-cancelled",
        _ => return None,
    };
    Some(words.say(name))
}
