//! Signing in and out.

use super::chat::page::{Asked, Composer, show};
use super::chat::say::{self, Said};
use super::error::PageError;
use super::form::{Nothing, Sealed};
use super::frame::{Frame, html};
use super::session::{self, Cookies};
use super::visit::{Guest, Member};
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
use uuid::Uuid;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    name: String,
    next: String,
    /// What was being said when the session ended; it is said as soon as they are back.
    unsaid: Option<Unsaid>,
    problem: Option<String>,
    certificate: bool,
}

struct Unsaid {
    conversation: Uuid,
    said: Said,
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
    #[serde(default)]
    conversation: Option<Uuid>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    turn: String,
    #[serde(default)]
    instead_of: String,
    #[serde(default)]
    with_pictures: String,
}

impl Answers {
    fn unsaid(&self) -> Option<Unsaid> {
        let said = Said {
            text: self.text.clone(),
            turn: self.turn.clone(),
            instead_of: self.instead_of.clone(),
            with_pictures: !self.with_pictures.is_empty(),
        };
        self.conversation.map(|conversation| Unsaid { conversation, said })
    }
}

pub async fn get(
    State(face): State<Face>,
    guest: Guest,
    Query(back): Query<Back>,
) -> Result<Response, PageError> {
    let state: SetupState = guest.client(Principal::Anonymous).get("/api/v1/setup").await?;
    if !state.has_owner {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(guest.answer(page(&face, &guest, String::new(), back.next, None, None)))
}

pub async fn post(
    State(face): State<Face>,
    guest: Guest,
    Sealed(answers): Sealed<Answers>,
) -> Result<Response, PageError> {
    match begin(&guest, &answers.name, &answers.password).await {
        Ok(begun) => {
            let mut answer = match answers.unsaid() {
                None => Redirect::to(inside(&answers.next)).into_response(),
                Some(unsaid) => say(&face, &guest, &begun, unsaid).await.into_response(),
            };
            let cookie = session::sign_in(&begun.token, guest.secure);
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Err(ClientError::Refused(problem))
            if matches!(
                problem.code,
                ErrorCode::Unauthenticated | ErrorCode::Forbidden | ErrorCode::TooManyRequests
            ) =>
        {
            let unsaid = answers.unsaid();
            let mut again = page(&face, &guest, answers.name, answers.next, unsaid, Some(problem.detail));
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

/// The door, holding on to what was being said.
pub fn again_with(face: &Face, guest: &Guest, conversation: Uuid, said: Said) -> Response {
    let unsaid = Unsaid { conversation, said };
    let problem = face.words.say("sign-in-ended");
    let mut answer = page(face, guest, String::new(), String::new(), Some(unsaid), Some(problem));
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    guest.answer(answer)
}

/// Says it as whoever has just come in.
async fn say(
    face: &Face,
    guest: &Guest,
    begun: &SessionBegun,
    unsaid: Unsaid,
) -> Result<Response, PageError> {
    let member = Member::with_session(guest, &begun.token).await?;
    let Unsaid { conversation, said } = unsaid;
    if said.with_pictures {
        let (composer, why) = (Composer::of(&said)?, face.words.say("chat-pictures-again"));
        return show(face, &member, conversation, Asked::default(), composer, Some(why)).await;
    }
    say::say(face, &member, conversation, said, Vec::new()).await
}

/// Only a path of ours: what a stranger put into a link must not lead elsewhere.
fn inside(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if ours { next } else { "/" }
}

fn page(
    face: &Face,
    guest: &Guest,
    name: String,
    next: String,
    unsaid: Option<Unsaid>,
    problem: Option<String>,
) -> Response {
    let frame = Frame::new(face.words.clone(), &face.words.say("sign-in-title"), &guest.seal);
    let certificate = face.authority.is_some();
    html(&SignInPage { frame, name, next, unsaid, problem, certificate })
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
