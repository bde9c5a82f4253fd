//! Turns: taken, looked at, stopped.

use super::extract::{Asked, Document, Id};
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::conversation::follow::Sight;
use crate::conversation::incoming::{IncomingMessage, Position, WantedReply};
use crate::domain::ids::{AttachmentId, ConversationId, MessageId, TurnId};
use crate::domain::person::Person;
use crate::domain::turn::Turn;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::events::Place;
use engine_client::problem::ErrorCode;
use engine_client::wire::queries::TurnQuery;
use engine_client::wire::turns::{NewReply, NewTurn, TurnView};

/// 202: the message is safe and a reply is being written. Sending it again changes nothing.
pub async fn take(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(conversation): Id,
    Asked(asked): Asked<TurnQuery>,
    Document(new): Document<NewTurn>,
) -> Result<(StatusCode, Json<TurnView>), ApiError> {
    stay(&api)?;
    let position = match (new.parent, new.instead_of) {
        (None, None) => Position::Newest,
        (Some(parent), None) => Position::After(MessageId(parent)),
        (None, Some(reworded)) => Position::InsteadOf(MessageId(reworded)),
        (Some(_), Some(_)) => return Err(ApiError::invalid("give either `parent` or `instead_of`")),
    };
    let incoming = IncomingMessage {
        tenant: person.tenant,
        person: person.id,
        conversation: ConversationId(conversation),
        turn: TurnId(new.id),
        text: new.text,
        position,
        attachments: new.attachments.into_iter().map(AttachmentId).collect(),
        history: new.history,
        max_tokens: new.max_tokens,
    };
    let mut turn = api.receiver.receive(incoming).await?;
    if asked.wait {
        turn = ended(&api, &person, turn).await?;
    }
    let status = if asked.wait { StatusCode::OK } else { StatusCode::ACCEPTED };
    // What a running turn costs is not known yet, and the person waits for this answer.
    let view = if turn.state.is_final() { view(&api, turn).await? } else { views::turn(turn, &[]) };
    Ok((status, Json(view)))
}

/// 202: another reply is being written to what this turn answered. Sending it again changes nothing.
pub async fn again(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(earlier): Id,
    Document(new): Document<NewReply>,
) -> Result<(StatusCode, Json<TurnView>), ApiError> {
    stay(&api)?;
    let wanted = WantedReply {
        tenant: person.tenant,
        person: person.id,
        earlier: TurnId(earlier),
        turn: TurnId(new.id),
        go_on: new.go_on,
    };
    let turn = api.receiver.reply_anew(wanted).await?;
    let view = if turn.state.is_final() { view(&api, turn).await? } else { views::turn(turn, &[]) };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// A box that is going down takes nothing new.
fn stay(api: &Api) -> Result<(), ApiError> {
    if api.leaving.is_cancelled() {
        return Err(ApiError(ErrorCode::Stopping, "the box is stopping; try again in a moment".into()));
    }
    Ok(())
}

pub async fn get(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Json<TurnView>, ApiError> {
    let turn = api.store.turns.find(person.tenant, person.id, TurnId(id)).await?;
    let turn = turn.ok_or_else(|| ApiError::missing("turn"))?;
    let recalled = api.recall.of_turn(&turn).await?;
    let view = view(&api, turn).await?;
    Ok(Json(TurnView { recalled: recalled.iter().map(views::recalled).collect(), ..view }))
}

/// Stops it where it is; what was written stays. A turn that has ended is left as it is.
pub async fn stop(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    let known = api.store.turns.find(person.tenant, person.id, TurnId(id)).await?;
    known.ok_or_else(|| ApiError::missing("turn"))?;
    api.receiver.stop(person.tenant, person.id, TurnId(id)).await?;
    Ok(StatusCode::ACCEPTED)
}

pub async fn view(api: &Api, turn: Turn) -> Result<TurnView, ApiError> {
    let entries = api.store.ledger.of_turn(turn.tenant, turn.id).await?;
    Ok(views::turn(turn, &entries))
}

async fn ended(api: &Api, person: &Person, turn: Turn) -> Result<Turn, ApiError> {
    let scope = (person.tenant, person.id, turn.id);
    let follower = api.following.start(scope, Place::default()).await?;
    let mut follower = follower.ok_or_else(|| ApiError::missing("turn"))?;
    loop {
        let sight = tokio::select! {
            sight = follower.next() => sight?,
            () = api.leaving.cancelled() => {
                return Err(ApiError(ErrorCode::Stopping, "the box is stopping; ask for the turn again in a moment".into()));
            }
        };
        match sight {
            Some(Sight::Ended(turn)) => return Ok(*turn),
            Some(_) => {}
            None => return Err(ApiError::missing("turn")),
        }
    }
}
