//! Words go in: said, said again in other words, answered once more, carried on, stopped.

use super::address::address;
use super::composed::{Composed, Refused};
use super::page::{Asked, Composer, show};
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::sign_in;
use crate::pages::visit::{Guest, Member};
use crate::public::router::Face;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::turns::{NewReply, NewTurn, TurnView};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

/// Words on their way in, each as the form had it.
#[derive(Default)]
pub struct Said {
    pub text: String,
    pub turn: String,
    pub instead_of: String,
    /// Whether pictures came along, which nothing keeps while nobody is signed in.
    pub with_pictures: bool,
}

#[derive(Deserialize)]
pub struct Once {
    turn: String,
}

/// Whoever was signed out while they wrote signs in and has said it.
pub async fn post(
    State(face): State<Face>,
    guest: Guest,
    member: Option<Member>,
    Path(id): Path<Uuid>,
    sent: Composed,
) -> Result<Response, PageError> {
    let Some(member) = member else { return Ok(sign_in::again_with(&face, &guest, id, sent.said)) };
    if let Some(refused) = sent.refused {
        let problem = face.words.say(match refused {
            Refused::NotAPicture => "chat-not-yet",
            Refused::TooLarge => "chat-picture-large",
            Refused::TooMany => "chat-picture-many",
        });
        let composer = Composer::of(&sent.said)?;
        let mut page = show(&face, &member, id, Asked::default(), composer, Some(problem)).await?;
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page);
    }
    let attachments = sent.keep(&member).await?;
    say(&face, &member, id, sent.said, attachments).await
}

/// Says it, and leads to where it is seen. Words that cannot be taken are back in the field, with the reason.
pub async fn say(
    face: &Face,
    member: &Member,
    id: Uuid,
    said: Said,
    attachments: Vec<Uuid>,
) -> Result<Response, PageError> {
    let composer = Composer::of(&said)?;
    let new = NewTurn {
        id: said.turn.parse().map_err(|_| PageError::Incomplete)?,
        text: said.text,
        parent: None,
        instead_of: composer.instead_of,
        attachments,
        history: None,
        max_tokens: None,
    };
    let taken = member.client.post::<TurnView>(&format!("/api/v1/conversations/{id}/turns"), &new).await;
    answer(face, member, id, taken, composer).await
}

/// Another reply to the same message; the earlier one stays beside it.
pub async fn again(
    State(face): State<Face>,
    member: Member,
    Path((id, turn)): Path<(Uuid, Uuid)>,
    Sealed(once): Sealed<Once>,
) -> Result<Response, PageError> {
    reply(&face, &member, (id, turn), &once, false).await
}

/// The same reply, carried on where it ends.
pub async fn go_on(
    State(face): State<Face>,
    member: Member,
    Path((id, turn)): Path<(Uuid, Uuid)>,
    Sealed(once): Sealed<Once>,
) -> Result<Response, PageError> {
    reply(&face, &member, (id, turn), &once, true).await
}

pub async fn stop(
    member: Member,
    Path((id, turn)): Path<(Uuid, Uuid)>,
    _: Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    member.client.delete(&format!("/api/v1/turns/{turn}")).await?;
    Ok(Redirect::to(&address(id)))
}

async fn reply(
    face: &Face,
    member: &Member,
    (id, turn): (Uuid, Uuid),
    once: &Once,
    go_on: bool,
) -> Result<Response, PageError> {
    let new = NewReply { id: once.turn.parse().map_err(|_| PageError::Incomplete)?, go_on };
    let taken = member.client.post::<TurnView>(&format!("/api/v1/turns/{turn}/again"), &new).await;
    if let Ok(begun) = &taken {
        return Ok(Redirect::to(&format!("{}?turn={}", address(id), begun.id)).into_response());
    }
    answer(face, member, id, taken, Composer::default()).await
}

async fn answer(
    face: &Face,
    member: &Member,
    id: Uuid,
    taken: Result<TurnView, ClientError>,
    composer: Composer,
) -> Result<Response, PageError> {
    let problem = match taken {
        Ok(_) => return Ok(Redirect::to(&address(id)).into_response()),
        Err(ClientError::Refused(Problem { code: ErrorCode::TurnInProgress, .. })) => {
            face.words.say("chat-wait")
        }
        Err(ClientError::Refused(Problem { code: ErrorCode::TurnDiffers, .. })) => {
            face.words.say("chat-sent")
        }
        Err(ClientError::Refused(Problem { code: ErrorCode::Invalid, detail, .. })) => detail,
        Err(error) => return Err(error.into()),
    };
    let mut page = show(face, member, id, Asked::default(), composer, Some(problem)).await?;
    *page.status_mut() = StatusCode::CONFLICT;
    Ok(page)
}
