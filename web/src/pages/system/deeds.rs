//! The buttons of the system page. Where something is lost or fetched, a page of its own asks first.

use super::page::{Place, with_problem};
use super::service::kind;
use super::told::size;
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::frame::{Frame, html};
use crate::pages::settings::resident::{Owner, Resident};
use crate::ports::ContainerState;
use crate::ports::system::{Choice, Home, Made, Part, Refused};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "system_confirm.html")]
struct ConfirmPage {
    frame: Frame,
    place: Place,
    sentences: Vec<String>,
    action: String,
    home: &'static str,
    button: String,
}

#[derive(Deserialize)]
pub struct Wish {
    home: Wished,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wished {
    Native,
    Container,
}

/// Looks at the container engines anew.
pub async fn look_again(
    State(face): State<Face>,
    Owner(_): Owner,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Redirect {
    face.appliance.look_again().await;
    Redirect::to("/system?done=looked#engine")
}

pub async fn retry(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(service): Path<String>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let done = face.appliance.system().retry(&service).await;
    outcome(&face, &owner, done, "retried").await
}

/// Says what is fetched and what is lost.
pub async fn ask_home(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(name): Path<String>,
    Query(Wish { home }): Query<Wish>,
) -> Result<Response, PageError> {
    let words = &face.words;
    let health = face.appliance.system().health().await;
    let service = health.services.iter().find(|service| service.name == name).ok_or(PageError::NotFound)?;
    let (title, mut sentences) = match (&service.choice, home) {
        (Choice::Free(made), Wished::Container) => (
            "system-choose-container",
            vec![container(words, &service.name, made), fate(words, service.part)],
        ),
        (Choice::Free(_), Wished::Native) => {
            let called = kind(words, &service.kind);
            let what = words.say_with("system-choose-native-what", "name", &called);
            ("system-choose-native", vec![what, fate(words, service.part)])
        }
        (Choice::Moves(made), Wished::Container) => {
            let what = [words.say("system-move-container-what"), container(words, "postgres", made)];
            ("system-move-container", [&what[..], &carried(words)].concat())
        }
        (Choice::Moves(_), Wished::Native) => {
            let what = [words.say("system-move-native-what")];
            ("system-move-native", [&what[..], &carried(words)].concat())
        }
        _ => return Err(PageError::NotFound),
    };
    let home = match home {
        Wished::Native => "native",
        Wished::Container => "container",
    };
    if home == "container" {
        let free = face.appliance.system().load().await.disk_free;
        let free = free.map_or_else(|| words.say("system-not-told"), |free| size(words, free));
        sentences.push(words.say_with("system-choose-room", "free", &free));
    }
    if home == "container" && face.appliance.look_around().await.containers.state != ContainerState::Running {
        sentences.push(words.say("system-choose-no-engine"));
    }
    let title = words.say(title);
    Ok(html(&ConfirmPage {
        frame: owner.frame(&face, &title),
        place: Place::System,
        sentences,
        action: format!("/system/services/{}/home", service.name),
        home,
        button: title,
    }))
}

/// What it is made from, and what that takes.
pub fn container(words: &Words, name: &str, made: &Made) -> String {
    let (called, memory) = (kind(words, name), size(words, made.most_memory_bytes));
    match &made.image {
        Some(image) => {
            let told = [("name", called.as_str()), ("image", image), ("memory", &memory)];
            words.say_all("system-choose-container-what", &told)
        }
        None => words.say_with("system-choose-own-what", "memory", &memory),
    }
}

/// What becomes of what it holds.
fn fate(words: &Words, part: Part) -> String {
    words.say(match part {
        Part::Engine => "system-choose-engine-lost",
        Part::Voice => "system-choose-voice-lost",
        Part::Store | Part::Cache | Part::Vectors => "system-choose-lost",
    })
}

/// How the store gets from one place to the other.
fn carried(words: &Words) -> [String; 2] {
    [words.say("system-move-how"), words.say("system-move-kept")]
}

pub async fn choose_home(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(service): Path<String>,
    Sealed(Wish { home }): Sealed<Wish>,
) -> Result<Response, PageError> {
    let home = match home {
        Wished::Native => Home::Native,
        Wished::Container => Home::Container,
    };
    let done = face.appliance.system().choose(&service, home).await;
    outcome(&face, &owner, done, "chosen").await
}

pub async fn repair(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(issue): Path<String>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let done = face.appliance.system().repair(&issue).await;
    outcome(&face, &owner, done, "repaired").await
}

pub async fn cancel_job(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(job): Path<String>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let done = face.appliance.system().cancel_job(&job);
    outcome(&face, &owner, done, "cancelled").await
}

/// The file itself, to be kept or handed on.
pub async fn diagnostics(
    State(face): State<Face>,
    Owner(owner): Owner,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let packed = match face.appliance.system().diagnostics().await {
        Ok(packed) => packed,
        Err(why) => {
            let problem = face.words.say_with("system-not-done", "why", &why.to_string());
            return with_problem(&face, &owner, problem).await;
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"whisperengine-diagnostics.tar\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, packed).into_response())
}

async fn outcome(
    face: &Face,
    owner: &Resident,
    outcome: Result<(), Refused>,
    done: &str,
) -> Result<Response, PageError> {
    match outcome {
        Ok(()) => Ok(Redirect::to(&format!("/system?done={done}")).into_response()),
        Err(Refused::Unknown) => Err(PageError::NotFound),
        Err(Refused::Failed(why)) => {
            let problem = face.words.say_with("system-not-done", "why", &why);
            with_problem(face, owner, problem).await
        }
    }
}
