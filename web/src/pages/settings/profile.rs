//! Oneself: the name, the password, and where one is signed in.

use super::resident::Resident;
use super::shell::{After, Nothing, Section, Shell, refused, told};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::session;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::problem::ErrorCode;
use engine_client::wire::people::{ChangePassword, PersonView, ProfileChange};
use engine_client::wire::sessions::SessionBegun;
use http::header;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "settings_profile.html")]
struct ProfilePage {
    frame: Frame,
    shell: Shell,
    /// As it stands in the field.
    name: String,
}

#[derive(Deserialize)]
pub struct Name {
    name: String,
}

#[derive(Deserialize)]
pub struct Passwords {
    current: String,
    password: String,
    again: String,
}

pub async fn get(State(face): State<Face>, resident: Resident, Query(after): Query<After>) -> Response {
    let name = resident.me.name.clone();
    let done = done(&face.words, &after.done);
    html(&page(&face, &resident, name, |shell| shell.with_done(done)))
}

pub async fn rename(
    State(face): State<Face>,
    resident: Resident,
    Sealed(asked): Sealed<Name>,
) -> Result<Response, PageError> {
    let change = ProfileChange { name: asked.name.clone() };
    let problem = match resident.client.patch::<PersonView>("/api/v1/me", &change).await {
        Ok(_) => return Ok(Redirect::to("/settings?done=renamed").into_response()),
        Err(error) if error.code() == Some(ErrorCode::Taken) => face.words.say("settings-name-taken"),
        Err(error) => told(error)?,
    };
    Ok(refused(&page(&face, &resident, asked.name, |shell| shell.with_problem(Some(problem)))))
}

/// The browser that asked gets the one session that is left.
pub async fn change_password(
    State(face): State<Face>,
    resident: Resident,
    Sealed(asked): Sealed<Passwords>,
) -> Result<Response, PageError> {
    let problem = if asked.password == asked.again {
        match begun(&resident, asked).await {
            Ok(begun) => {
                let cookie = session::sign_in(&begun.token, resident.secure);
                let to = Redirect::to("/settings?done=password");
                return Ok(([(header::SET_COOKIE, cookie)], to).into_response());
            }
            Err(error) => told(error)?,
        }
    } else {
        face.words.say("setup-passwords-differ")
    };
    let name = resident.me.name.clone();
    Ok(refused(&page(&face, &resident, name, |shell| shell.with_problem(Some(problem)))))
}

async fn begun(resident: &Resident, asked: Passwords) -> Result<SessionBegun, ClientError> {
    let change = ChangePassword { current: asked.current, password: asked.password };
    resident.client.post("/api/v1/me/password", &change).await
}

pub async fn end_sessions(
    resident: Resident,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    resident.client.post::<()>("/api/v1/me/sessions/end", &()).await?;
    let cookie = session::sign_out(resident.secure);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

fn page(face: &Face, resident: &Resident, name: String, shown: impl FnOnce(Shell) -> Shell) -> ProfilePage {
    let frame = resident.frame(face, &Section::Profile.name(&face.words));
    ProfilePage { frame, shell: shown(resident.shell(face, Section::Profile)), name }
}

fn done(words: &Words, what: &str) -> Option<String> {
    match what {
        "renamed" => Some(words.say("settings-renamed")),
        "password" => Some(words.say("settings-password-changed")),
        _ => None,
    }
}
