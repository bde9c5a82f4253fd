//! A conversation in view.

use super::address::address;
use super::line::Line;
use super::say::Said;
use super::sidebar::Sidebar;
use crate::markdown::render::CleanHtml;
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::Member;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::attachments::AttachmentView;
use engine_client::wire::conversations::{
    AuthorView, ConversationPage, ConversationView, MessagePage, MessageView, NewConversation,
};
use engine_client::wire::setup::SetupState;
use engine_client::wire::turns::TurnView;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    frame: Frame,
    sidebar: Sidebar,
    companion: String,
    conversation: Uuid,
    title: String,
    pinned: bool,
    /// Made with the page: sending the same form twice is one message.
    next_turn: Uuid,
    lines: Vec<Line>,
    running: Option<Running>,
    /// What just happened, and can be undone.
    removed: Option<Uuid>,
    problem: Option<String>,
    /// The turn that has failed, to be tried again.
    failed: Option<Uuid>,
    composer: Composer,
    earlier: Option<Uuid>,
    /// Whether nothing newer follows what is in view.
    at_the_end: bool,
    without_model: Option<WithoutModel>,
    /// Whether the box can read aloud at all.
    can_speak: bool,
}

/// No model is connected, so replies come from memory alone.
struct WithoutModel {
    sentence: String,
    /// Whether they may connect one.
    is_owner: bool,
}

struct Running {
    turn: Uuid,
    blocks: Vec<CleanHtml>,
}

/// What is in the field: nothing, words that could not be taken, or an earlier message to be worded anew.
#[derive(Default)]
pub struct Composer {
    pub text: String,
    pub instead_of: Option<Uuid>,
}

impl Composer {
    /// With what was in it when it was sent.
    pub fn of(said: &Said) -> Result<Self, PageError> {
        let instead_of = match said.instead_of.as_str() {
            "" => None,
            message => Some(message.parse().map_err(|_| PageError::Incomplete)?),
        };
        Ok(Self { text: said.text.clone(), instead_of })
    }
}

/// What is asked of the page beyond the conversation.
#[derive(Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    pub before: Option<Uuid>,
    /// A message that was found, however long ago and on whichever branch.
    #[serde(default)]
    pub until: Option<Uuid>,
    #[serde(default)]
    pub edit: Option<Uuid>,
    #[serde(default)]
    pub removed: Option<Uuid>,
    /// One that was just asked for: if it fails, an earlier reply is in view again and says nothing of it.
    #[serde(default)]
    pub turn: Option<Uuid>,
}

#[derive(Deserialize)]
pub struct With {
    #[serde(default)]
    companion: Option<Uuid>,
}

/// To the newest conversation, or to a first one.
pub async fn newest(member: Member, Query(asked): Query<Asked>) -> Result<Redirect, PageError> {
    let removed = asked.removed.map(|removed| format!("?removed={removed}")).unwrap_or_default();
    Ok(Redirect::to(&format!("{}{removed}", newest_of(&member).await?)))
}

pub async fn newest_of(member: &Member) -> Result<String, PageError> {
    let list: ConversationPage = member.client.get("/api/v1/conversations?limit=1").await?;
    let id = match list.conversations.first() {
        Some(newest) => newest.id,
        None => open(member, None).await?,
    };
    Ok(address(id))
}

pub async fn new(member: Member, Sealed(with): Sealed<With>) -> Result<Redirect, PageError> {
    Ok(Redirect::to(&address(open(&member, with.companion).await?)))
}

async fn open(member: &Member, companion: Option<Uuid>) -> Result<Uuid, PageError> {
    let new = NewConversation { companion };
    let opened: ConversationView = member.client.post("/api/v1/conversations", &new).await?;
    Ok(opened.id)
}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let composer = match asked.edit {
        None => Composer::default(),
        Some(message) => {
            let path = format!("/api/v1/conversations/{id}/messages/{message}");
            let message: MessageView = member.client.get(&path).await?;
            Composer { text: message.text, instead_of: Some(message.id) }
        }
    };
    show(&face, &member, id, asked, composer, None).await
}

pub async fn show(
    face: &Face,
    member: &Member,
    id: Uuid,
    asked: Asked,
    composer: Composer,
    problem: Option<String>,
) -> Result<Response, PageError> {
    let client = &member.client;
    let from = match (asked.before, asked.until) {
        (Some(before), _) => format!("?before={before}"),
        (None, Some(until)) => format!("?until={until}"),
        (None, None) => String::new(),
    };
    let at_the_end = asked.before.is_none() && asked.until.is_none();
    let here = format!("/api/v1/conversations/{id}");
    let said = format!("{here}/messages{from}");
    let (conversation, talk, sidebar) = tokio::try_join!(
        async { Ok(client.get::<ConversationView>(&here).await?) },
        async { Ok(client.get::<MessagePage>(&said).await?) },
        Sidebar::read(face, member, id),
    )
    .map_err(|error: PageError| error)?;
    let companion = sidebar.name_of(conversation.companion).unwrap_or_default().to_owned();
    let unanswered = talk
        .messages
        .last()
        .filter(|last| last.author == AuthorView::Person && talk.running.is_none() && at_the_end);
    let unanswered = unanswered.and_then(|last| last.turn);
    let failure = match asked.turn.or(unanswered) {
        Some(turn) => failure_of(client, turn).await?,
        None => None,
    };
    let failed = if failure.is_some() { asked.turn.or(unanswered) } else { unanswered };
    let files = files(member, &talk.messages).await?;
    let without_model = without_model(face, member, &companion, sidebar.is_owner).await;
    let running =
        talk.running.map(|turn| Running { turn: turn.id, blocks: face.markdown.blocks(&turn.text) });
    let page = ChatPage {
        frame: Frame::new(face.words.clone(), &companion, &member.seal),
        conversation: id,
        title: conversation.title.unwrap_or_default(),
        pinned: conversation.pinned,
        next_turn: Uuid::now_v7(),
        lines: talk.messages.iter().map(|message| Line::new(face, &companion, message, &files)).collect(),
        sidebar,
        companion,
        running,
        removed: asked.removed,
        problem: problem.or(failure),
        failed,
        composer,
        earlier: talk.next,
        at_the_end,
        without_model,
        can_speak: face.appliance.voice().is_ok(),
    };
    Ok(html(&page).into_response())
}

/// Why this turn failed, if it did.
async fn failure_of(client: &EngineClient, turn: Uuid) -> Result<Option<String>, PageError> {
    let turn: TurnView = client.get(&format!("/api/v1/turns/{turn}")).await?;
    Ok(turn.failure.map(|failure| failure.detail))
}

/// Where this cannot be found out, the conversation is shown all the same.
async fn without_model(
    face: &Face,
    member: &Member,
    companion: &str,
    is_owner: bool,
) -> Option<WithoutModel> {
    let setup: SetupState = member.client.get("/api/v1/setup").await.ok()?;
    if setup.connections > 0 {
        return None;
    }
    let sentence = face.words.say_with("chat-no-model", "companion", companion);
    Some(WithoutModel { sentence, is_owner })
}

/// What was sent with these messages. A file that was removed since is no longer shown.
async fn files(member: &Member, messages: &[MessageView]) -> Result<Vec<AttachmentView>, PageError> {
    let mut files = Vec::new();
    for id in messages.iter().flat_map(|message| &message.attachments) {
        match member.client.get(&format!("/api/v1/attachments/{id}")).await {
            Ok(file) => files.push(file),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(files)
}
