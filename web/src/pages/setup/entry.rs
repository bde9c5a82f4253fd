//! The token from the terminal, and the owner. Nobody sees a password field before the token was right.

use super::progress::{self, frame, refused};
use super::recovery;
use crate::pages::chat::page::newest_of;
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::{Guest, Member, Outside};
use crate::pages::{session, sign_in};
use crate::public::router::Face;
use askama::Template;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::setup::{SetupDone, SetupRequest};
use http::header;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "setup_token.html")]
struct TokenPage {
    frame: Frame,
    problem: Option<String>,
    certificate: bool,
}

#[derive(Template)]
#[template(path = "setup_owner.html")]
struct OwnerPage {
    frame: Frame,
    token: String,
    name: String,
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

/// The front page: the newest conversation, or what is left of the set-up.
pub async fn home(member: Member) -> Result<Redirect, PageError> {
    match progress::open_step(&member).await? {
        Some(step) => Ok(Redirect::to(step)),
        None => Ok(Redirect::to(&newest_of(&member).await?)),
    }
}

pub async fn get(
    State(face): State<Face>,
    guest: Guest,
    member: Result<Member, Outside>,
) -> Result<Response, PageError> {
    if !has_owner(&guest).await? {
        return Ok(guest.answer(token_page(&face, &guest, None)));
    }
    Ok(match member {
        Ok(member) => Redirect::to(progress::open_step(&member).await?.unwrap_or("/")).into_response(),
        Err(outside) => outside.into_response(),
    })
}

pub async fn token(
    State(face): State<Face>,
    guest: Guest,
    Sealed(asked): Sealed<Token>,
) -> Result<Response, PageError> {
    if has_owner(&guest).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let token = asked.token.trim().to_owned();
    if !face.appliance.setup_token_opens(&token) {
        return Ok(refused(token_page(&face, &guest, Some(face.words.say("setup-token-wrong")))));
    }
    let frame = frame(&face, &guest.seal);
    Ok(html(&OwnerPage { frame, token, name: String::new(), problem: None }))
}

/// Makes the owner and signs them in. Sent once more, by a reload or by going back, it leads to where they are.
pub async fn owner(
    State(face): State<Face>,
    guest: Guest,
    form: Result<Sealed<Owner>, PageError>,
) -> Result<Response, PageError> {
    // Looked at before the form: its seal is that of a guest, who has become the owner.
    if has_owner(&guest).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let Sealed(asked) = form?;
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
    let request = SetupRequest {
        owner: asked.name.clone(),
        password: asked.password.clone(),
        connection: None,
        guided: true,
    };
    let done = guest.client(Principal::Operator).post::<SetupDone>("/api/v1/setup", &request).await;
    let done = match done {
        Ok(done) => done,
        Err(ClientError::Refused(Problem { code: ErrorCode::Invalid, detail, .. })) => return again(detail),
        Err(error) if error.code() == Some(ErrorCode::AlreadySetUp) => {
            return Ok(Redirect::to("/setup").into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let begun = sign_in::begin(&guest, &asked.name, &asked.password).await?;
    let cookies = AppendHeaders([
        (header::SET_COOKIE, session::sign_in(&begun.token, guest.secure)),
        (header::SET_COOKIE, recovery::carried(&done.recovery_code, guest.secure)),
    ]);
    Ok((cookies, Redirect::to("/setup/recovery")).into_response())
}

async fn has_owner(guest: &Guest) -> Result<bool, PageError> {
    Ok(progress::state(&guest.client(Principal::Anonymous)).await?.has_owner)
}

fn token_page(face: &Face, guest: &Guest, problem: Option<String>) -> Response {
    let certificate = face.authority.is_some();
    html(&TokenPage { frame: frame(face, &guest.seal), problem, certificate })
}
