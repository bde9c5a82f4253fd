//! Signing in and out.

use super::error::PageError;
use super::form::Sealed;
use super::frame::{Frame, html};
use super::session::{self, Cookies};
use super::visit::Guest;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::sessions::{EndSession, NewSession, SessionBegun};
use engine_client::wire::setup::SetupState;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    name: String,
    next: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Answers {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn get(
    State(face): State<Face>,
    guest: Guest,
    Query(back): Query<Back>,
) -> Result<Response, PageError> {
    let state: SetupState = guest.client(Principal::Anonymous).get("/api/v1/setup").await?;
    if !state.has_owner {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(guest.answer(page(&face, &guest, String::new(), back.next, None)))
}

pub async fn post(
    State(face): State<Face>,
    guest: Guest,
    Sealed(answers): Sealed<Answers>,
) -> Result<Response, PageError> {
    match begin(&guest, &answers.name, &answers.password).await {
        Ok(begun) => Ok(signed_in(&guest, &begun, inside(&answers.next))),
        Err(ClientError::Refused(problem))
            if matches!(
                problem.code,
                ErrorCode::Unauthenticated | ErrorCode::Forbidden | ErrorCode::TooManyRequests
            ) =>
        {
            let mut again = page(&face, &guest, answers.name, answers.next, Some(problem.detail));
            *again.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
            Ok(guest.answer(again))
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn leave(
    guest: Guest,
    headers: HeaderMap,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    if let Some(token) = Cookies::read(&headers).session {
        guest.client(Principal::Anonymous).post::<()>("/api/v1/sessions/end", &EndSession { token }).await?;
    }
    Ok(([(header::SET_COOKIE, session::sign_out(guest.secure))], Redirect::to("/sign-in")).into_response())
}

/// A session for this name and password.
pub async fn begin(guest: &Guest, name: &str, password: &str) -> Result<SessionBegun, ClientError> {
    let asked = NewSession { name: name.to_owned(), password: password.to_owned() };
    guest.client(Principal::Anonymous).post("/api/v1/sessions", &asked).await
}

fn signed_in(guest: &Guest, begun: &SessionBegun, to: &str) -> Response {
    ([(header::SET_COOKIE, session::sign_in(&begun.token, guest.secure))], Redirect::to(to)).into_response()
}

/// Only a path of ours: what a stranger put into a link must not lead elsewhere.
fn inside(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if ours { next } else { "/" }
}

fn page(face: &Face, guest: &Guest, name: String, next: String, problem: Option<String>) -> Response {
    let frame = Frame::new(face.words.clone(), &face.words.say("sign-in-title"), &guest.seal);
    html(&SignInPage { frame, name, next, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_inside() {
        assert_eq!(inside("/chat/1"), "/chat/1");
        for outside in ["", "//evil", "https://evil", "/\\evil", "/\t/evil", "javascript:alert(1)"] {
            assert_eq!(inside(outside), "/", "{outside}");
        }
    }
}
