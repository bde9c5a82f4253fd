//! The chat page: what was said, the reply being written, and a place to answer.
//!
//! Everything here works without script: sending is a form, and a page with a running reply asks for
//! itself again. With script, `live` brings the words as they come.

use super::error::PageError;
use super::form::Sealed;
use super::frame::{Frame, html};
use super::moment;
use super::visit::Member;
use crate::markdown::render::CleanHtml;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::companions::CompanionView;
use engine_client::wire::conversations::{
    AuthorView, ConversationPage, ConversationView, MessagePage, MessageStateView, MessageView,
    NewConversation,
};
use engine_client::wire::turns::{NewTurn, TurnView};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    frame: Frame,
    companion: String,
    conversation: Uuid,
    title: String,
    /// Made with the page: sending the same form twice is one message.
    next_turn: Uuid,
    others: Vec<Entry>,
    lines: Vec<Line>,
    running: Option<Running>,
    problem: Option<String>,
    draft: String,
    earlier: Option<Uuid>,
}

struct Entry {
    id: Uuid,
    title: String,
    here: bool,
}

struct Line {
    id: Uuid,
    from_person: bool,
    author: String,
    at: String,
    at_short: String,
    /// What must be said about it: that it was stopped or cut.
    note: Option<String>,
    html: CleanHtml,
}

struct Running {
    turn: Uuid,
    blocks: Vec<CleanHtml>,
}

#[derive(Deserialize)]
pub struct Said {
    text: String,
    turn: String,
}

#[derive(Deserialize)]
pub struct Nothing {}

#[derive(Deserialize)]
pub struct From {
    before: Option<Uuid>,
}

/// To the newest conversation, or to a first one.
pub async fn newest(member: Member) -> Result<Redirect, PageError> {
    let list: ConversationPage = member.client.get("/api/v1/conversations?limit=1").await?;
    match list.conversations.first() {
        Some(newest) => Ok(Redirect::to(&address(newest.id))),
        None => open(&member).await,
    }
}

pub async fn new(member: Member, Sealed(Nothing {}): Sealed<Nothing>) -> Result<Redirect, PageError> {
    open(&member).await
}

async fn open(member: &Member) -> Result<Redirect, PageError> {
    let new = NewConversation { companion: None };
    let opened: ConversationView = member.client.post("/api/v1/conversations", &new).await?;
    Ok(Redirect::to(&address(opened.id)))
}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Path(id): Path<Uuid>,
    axum::extract::Query(from): axum::extract::Query<From>,
) -> Result<Response, PageError> {
    page(&face, &member, id, from.before, String::new(), None).await
}

pub async fn say(
    State(face): State<Face>,
    member: Member,
    Path(id): Path<Uuid>,
    Sealed(said): Sealed<Said>,
) -> Result<Response, PageError> {
    let turn = said.turn.parse().map_err(|_| PageError::Incomplete)?;
    let new = NewTurn {
        id: turn,
        text: said.text.clone(),
        parent: None,
        instead_of: None,
        attachments: Vec::new(),
        history: None,
        max_tokens: None,
    };
    let taken = member.client.post::<TurnView>(&format!("/api/v1/conversations/{id}/turns"), &new).await;
    let problem = match taken {
        Ok(_) => return Ok(Redirect::to(&address(id)).into_response()),
        Err(ClientError::Refused(Problem { code: ErrorCode::TurnInProgress, .. })) => {
            face.words.say("chat-wait")
        }
        Err(ClientError::Refused(Problem { code: ErrorCode::Invalid, detail, .. })) => detail,
        Err(error) => return Err(error.into()),
    };
    let mut answer = page(&face, &member, id, None, said.text, Some(problem)).await?;
    *answer.status_mut() = StatusCode::CONFLICT;
    Ok(answer)
}

pub async fn stop(
    member: Member,
    Path((id, turn)): Path<(Uuid, Uuid)>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    member.client.delete(&format!("/api/v1/turns/{turn}")).await?;
    Ok(Redirect::to(&address(id)))
}

async fn page(
    face: &Face,
    member: &Member,
    id: Uuid,
    before: Option<Uuid>,
    draft: String,
    problem: Option<String>,
) -> Result<Response, PageError> {
    let client = &member.client;
    let from = before.map(|before| format!("?before={before}")).unwrap_or_default();
    let here = format!("/api/v1/conversations/{id}");
    let said = format!("{here}/messages{from}");
    let (conversation, talk, recent) = tokio::try_join!(
        client.get::<ConversationView>(&here),
        client.get::<MessagePage>(&said),
        client.get::<ConversationPage>("/api/v1/conversations?limit=50"),
    )?;
    let companion: CompanionView =
        client.get(&format!("/api/v1/companions/{}", conversation.companion)).await?;
    let failure = match talk.messages.last() {
        Some(newest) if newest.author == AuthorView::Person && talk.running.is_none() && before.is_none() => {
            failure_of(member, newest).await?
        }
        _ => None,
    };
    let untitled = face.words.say("chat-untitled");
    let others = recent.conversations.into_iter().map(|other| Entry {
        id: other.id,
        title: other.title.unwrap_or_else(|| untitled.clone()),
        here: other.id == id,
    });
    let running =
        talk.running.map(|turn| Running { turn: turn.id, blocks: face.markdown.blocks(&turn.text) });
    let page = ChatPage {
        frame: Frame::new(face.words.clone(), &companion.name, &member.seal),
        conversation: id,
        title: conversation.title.unwrap_or_default(),
        next_turn: Uuid::now_v7(),
        others: others.collect(),
        lines: talk.messages.iter().map(|message| line(face, &companion.name, message)).collect(),
        companion: companion.name,
        running,
        problem: problem.or(failure),
        draft,
        earlier: talk.next,
    };
    Ok(html(&page))
}

/// Why nothing follows on the last message.
async fn failure_of(member: &Member, last: &MessageView) -> Result<Option<String>, PageError> {
    let Some(turn) = last.turn else { return Ok(None) };
    let turn: TurnView = member.client.get(&format!("/api/v1/turns/{turn}")).await?;
    Ok(turn.failure.map(|failure| failure.detail))
}

fn line(face: &Face, companion: &str, message: &MessageView) -> Line {
    let from_person = message.author == AuthorView::Person;
    let note = match message.state {
        MessageStateView::Complete => None,
        MessageStateView::Stopped => Some(face.words.say("chat-stopped")),
        MessageStateView::Cut => Some(face.words.say("chat-cut")),
    };
    Line {
        id: message.id,
        from_person,
        author: if from_person { face.words.say("chat-you") } else { companion.to_owned() },
        at: moment::exact(message.created_at),
        at_short: moment::short(message.created_at),
        note,
        html: CleanHtml::joined(face.markdown.blocks(&message.text)),
    }
}

fn address(conversation: Uuid) -> String {
    format!("/chat/{conversation}")
}
