//! The buttons of the system page. Where something is lost or fetched, a page of its own asks first.

use super::page::{Place, with_problem};
use super::service::kind;
use super::told::size;
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::frame::{Frame, html};
use crate::pages::settings::resident::{Owner, Resident};
use crate::ports::ContainerState;
use crate::ports::system::{Choice, Home, Refused};
use crate::public::router::Face;
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
    let Choice::Free { image, most_memory_bytes, needs_bytes } = &service.choice else {
        return Err(PageError::NotFound);
    };
    let called = kind(words, &service.name);
    let (title, mut sentences, home) = match home {
        Wished::Container => {
            let memory = size(words, *most_memory_bytes);
            let told = [("name", called.as_str()), ("image", image), ("memory", &memory)];
            let sentence = words.say_all("system-choose-container-what", &told);
            let needs = match needs_bytes {
                Some(bytes) => {
                    let free = face.appliance.system().load().await.disk_free;
                    let free = free.map_or_else(|| words.say("system-not-told"), |free| size(words, free));
                    words.say_all("system-choose-needs", &[("needs", &size(words, *bytes)), ("free", &free)])
                }
                None => words.say("system-choose-needs-unknown"),
            };
            ("system-choose-container", vec![sentence, needs], "container")
        }
        Wished::Native => {
            let sentence = words.say_with("system-choose-native-what", "name", &called);
            ("system-choose-native", vec![sentence], "native")
        }
    };
    sentences.push(words.say("system-choose-lost"));
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
