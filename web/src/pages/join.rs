//! Where somebody spends a code, from an invitation or after a lost password, on a password of their own.
//!
//! A wrong name and a wrong code look the same, and the engine makes whoever guesses wait.

use super::error::PageError;
use super::form::Sealed;
use super::frame::{Frame, html};
use super::session;
use super::sign_in;
use super::visit::Guest;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::setup::Recover;
use http::{StatusCode, header};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    frame: Frame,
    name: String,
    code: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct Whom {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub struct Answers {
    name: String,
    code: String,
    password: String,
    again: String,
}

pub async fn get(State(face): State<Face>, guest: Guest, Query(whom): Query<Whom>) -> Response {
    guest.answer(html(&page(&face, &guest, whom.name, String::new(), None)))
}

pub async fn post(
    State(face): State<Face>,
    guest: Guest,
    Sealed(answers): Sealed<Answers>,
) -> Result<Response, PageError> {
    let Answers { name, code, password, again } = answers;
    let (status, problem) = if password == again {
        match spend(&guest, &name, &code, &password).await {
            Ok(()) => return enter(&guest, &name, &password).await,
            Err(ClientError::Refused(problem)) => refusal(&face, problem)?,
            Err(error) => return Err(error.into()),
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, face.words.say("setup-passwords-differ"))
    };
    let mut answer = html(&page(&face, &guest, name, code, Some(problem)));
    *answer.status_mut() = status;
    Ok(guest.answer(answer))
}

async fn spend(guest: &Guest, name: &str, code: &str, password: &str) -> Result<(), ClientError> {
    let asked =
        Recover { owner: name.to_owned(), recovery_code: code.to_owned(), password: password.to_owned() };
    guest.client(Principal::Anonymous).post("/api/v1/owner/recover", &asked).await
}

async fn enter(guest: &Guest, name: &str, password: &str) -> Result<Response, PageError> {
    let begun = sign_in::begin(guest, name, password).await?;
    let cookie = session::sign_in(&begun.token, guest.secure);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

/// What the form can say about it.
fn refusal(face: &Face, problem: Problem) -> Result<(StatusCode, String), PageError> {
    let said = match problem.code {
        ErrorCode::Forbidden => face.words.say("join-wrong"),
        ErrorCode::Invalid => face.words.say("join-password"),
        ErrorCode::TooManyRequests => face.words.say_with("error-told", "detail", &problem.detail),
        _ => return Err(problem.into()),
    };
    Ok((StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), said))
}

fn page(face: &Face, guest: &Guest, name: String, code: String, problem: Option<String>) -> JoinPage {
    let frame = Frame::new(face.words.clone(), &face.words.say("join-title"), &guest.seal);
    JoinPage { frame, name, code, problem }
}
