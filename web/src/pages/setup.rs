//! The first visit: the token from the terminal, the owner, and a model or none yet.
//!
//! Nobody sees a password field before the token was right. Each step leaves a whole box behind: whoever
//! stops after the owner is made signs in and chats; a model can come at any time.

use super::error::PageError;
use super::form::Sealed;
use super::frame::{Frame, html};
use super::session;
use super::sign_in;
use super::visit::{Guest, Member};
use crate::public::router::Face;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::connections::{ConnectionTest, ConnectionView, NewConnection};
use engine_client::wire::setup::{SetupDone, SetupRequest, SetupState};
use http::{StatusCode, header};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "setup_token.html")]
struct TokenPage {
    frame: Frame,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "setup_owner.html")]
struct OwnerPage {
    frame: Frame,
    token: String,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "setup_recovery.html")]
struct RecoveryPage {
    frame: Frame,
    code: String,
}

#[derive(Template)]
#[template(path = "setup_model.html")]
struct ModelPage {
    frame: Frame,
    url: String,
    model: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct Token {
    token: String,
}

#[derive(Deserialize)]
pub struct Owner {
    token: String,
    name: String,
    password: String,
    again: String,
}

#[derive(Deserialize)]
pub struct Model {
    url: String,
    model: String,
    #[serde(default)]
    key: String,
}

pub async fn get(State(face): State<Face>, guest: Guest) -> Result<Response, PageError> {
    if has_owner(&guest).await? {
        return Ok(Redirect::to("/").into_response());
    }
    Ok(guest.answer(html(&TokenPage { frame: frame(&face, &guest.seal), problem: None })))
}

pub async fn token(
    State(face): State<Face>,
    guest: Guest,
    Sealed(asked): Sealed<Token>,
) -> Result<Response, PageError> {
    if has_owner(&guest).await? {
        return Ok(Redirect::to("/").into_response());
    }
    let token = asked.token.trim().to_owned();
    if !face.appliance.setup_token_opens(&token) {
        let problem = Some(face.words.say("setup-token-wrong"));
        return Ok(refused(html(&TokenPage { frame: frame(&face, &guest.seal), problem })));
    }
    let frame = frame(&face, &guest.seal);
    Ok(html(&OwnerPage { frame, token, name: String::new(), problem: None }))
}

pub async fn owner(
    State(face): State<Face>,
    guest: Guest,
    Sealed(asked): Sealed<Owner>,
) -> Result<Response, PageError> {
    if !face.appliance.setup_token_opens(&asked.token) {
        return Err(PageError::Forbidden);
    }
    let again = |problem: String| {
        let frame = frame(&face, &guest.seal);
        let (token, name) = (asked.token.clone(), asked.name.clone());
        Ok(refused(html(&OwnerPage { frame, token, name, problem: Some(problem) })))
    };
    if asked.password != asked.again {
        return again(face.words.say("setup-passwords-differ"));
    }
    let (owner, password) = (asked.name.clone(), asked.password.clone());
    let request = SetupRequest { owner, password, connection: None, guided: false };
    let done = guest.client(Principal::Operator).post::<SetupDone>("/api/v1/setup", &request).await;
    let done = match done {
        Ok(done) => done,
        Err(ClientError::Refused(Problem { code: ErrorCode::Invalid, detail, .. })) => return again(detail),
        Err(error) => return Err(error.into()),
    };
    let begun = sign_in::begin(&guest, &asked.name, &asked.password).await?;
    let page = RecoveryPage { frame: frame(&face, ""), code: done.recovery_code };
    Ok(([(header::SET_COOKIE, session::sign_in(&begun.token, guest.secure))], html(&page)).into_response())
}

pub async fn model(State(face): State<Face>, member: Member) -> Response {
    let frame = frame(&face, &member.seal);
    html(&ModelPage { frame, url: String::new(), model: String::new(), problem: None })
}

/// Connects the model only if its server answers and knows it.
pub async fn connect(
    State(face): State<Face>,
    member: Member,
    Sealed(asked): Sealed<Model>,
) -> Result<Response, PageError> {
    let again = |problem: String| {
        let frame = frame(&face, &member.seal);
        let (url, model) = (asked.url.clone(), asked.model.clone());
        Ok(refused(html(&ModelPage { frame, url, model, problem: Some(problem) })))
    };
    let key = Some(asked.key.trim().to_owned()).filter(|key| !key.is_empty());
    let wanted = NewConnection {
        name: None,
        url: asked.url.trim().to_owned(),
        model: asked.model.trim().to_owned(),
        key,
        context_tokens: None,
        continues_text: false,
    };
    let added = member.client.post::<ConnectionView>("/api/v1/connections", &wanted).await;
    let connection = match added {
        Ok(connection) => connection,
        Err(ClientError::Refused(Problem {
            code: ErrorCode::Invalid | ErrorCode::Taken, detail, ..
        })) => {
            return again(detail);
        }
        Err(error) => return Err(error.into()),
    };
    let path = format!("/api/v1/connections/{}", connection.id);
    let test = member.client.post::<ConnectionTest>(&format!("{path}/test"), &()).await;
    let problem = match test {
        Ok(found) if found.knows_model => return Ok(Redirect::to("/").into_response()),
        Ok(found) => face.words.say_with("setup-model-unknown", "models", &found.models.join(", ")),
        Err(ClientError::Refused(problem)) => problem.detail,
        Err(error) => return Err(error.into()),
    };
    member.client.delete(&path).await?;
    again(problem)
}

async fn has_owner(guest: &Guest) -> Result<bool, PageError> {
    Ok(guest.client(Principal::Anonymous).get::<SetupState>("/api/v1/setup").await?.has_owner)
}

fn frame(face: &Face, seal: &str) -> Frame {
    Frame::new(face.words.clone(), &face.words.say("setup-title"), seal)
}

fn refused(mut page: Response) -> Response {
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}
