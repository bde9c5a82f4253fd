//! Conversations and what was said in them. A page of messages costs the same in a long conversation
//! as in a short one.

use super::extract::{Asked, Document, Id};
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::companions::conversations::{Change, View};
use crate::conversation::words::worth_searching;
use crate::domain::conversation::Conversation;
use crate::domain::ids::{CompanionId, ConversationId, MessageId};
use crate::domain::memory::Owner;
use crate::domain::message::{Author, Message};
use crate::domain::person::Person;
use crate::domain::time::Timestamp;
use crate::domain::turn::Turn;
use crate::ports::conversations::{Before, ListFilter, MessageSearch};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine_client::wire::conversations::{
    ConversationChange, ConversationPage, ConversationView, FoundMessage, MessagePage, MessageView,
    NewConversation,
};
use engine_client::wire::queries::{ConversationsQuery, MessagesQuery, RemoveQuery, SearchQuery};
use uuid::Uuid;

const MOST_AT_ONCE: i64 = 200;
const LONGEST_TITLE: usize = 200;

pub async fn list(
    State(api): State<Api>,
    Resident(person): Resident,
    Asked(asked): Asked<ConversationsQuery>,
) -> Result<Json<ConversationPage>, ApiError> {
    let limit = limit(asked.limit)?;
    let before = asked.before.as_deref().map(cursor).transpose()?;
    let filter = ListFilter { pinned: asked.pinned, removed: asked.removed };
    let found = api.store.conversations.list(person.tenant, person.id, filter, before, limit + 1).await?;
    let more = found.len() as i64 > limit;
    let shown: Vec<_> = found.into_iter().take(limit as usize).collect();
    let next = shown.last().filter(|_| more).map(|last| format!("{}-{}", last.updated_at.0, last.id));
    Ok(Json(ConversationPage { conversations: shown.iter().map(views::conversation).collect(), next }))
}

pub async fn open(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<NewConversation>,
) -> Result<(StatusCode, Json<ConversationView>), ApiError> {
    let conversation = api.conversations.open(&person, asked.companion.map(CompanionId)).await?;
    let conversation = conversation.ok_or_else(|| ApiError::missing("companion"))?;
    Ok((StatusCode::CREATED, Json(views::conversation(&conversation))))
}

pub async fn get(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Json<ConversationView>, ApiError> {
    Ok(Json(views::conversation(&find(&api, &person, id).await?)))
}

pub async fn change(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
    Document(asked): Document<ConversationChange>,
) -> Result<Json<ConversationView>, ApiError> {
    if asked.title.as_ref().is_some_and(|title| title.chars().count() > LONGEST_TITLE || title.contains('\0'))
    {
        return Err(ApiError::invalid("title: at most 200 characters"));
    }
    let view = match (asked.head, asked.through) {
        (None, None) => None,
        (Some(head), None) => Some(View::To(MessageId(head))),
        (None, Some(through)) => Some(View::Through(MessageId(through))),
        (Some(_), Some(_)) => return Err(ApiError::invalid("give either `head` or `through`")),
    };
    if let Some(View::To(message) | View::Through(message)) = view
        && api.store.messages.find(person.tenant, ConversationId(id), message).await?.is_none()
    {
        return Err(ApiError::missing("message in this conversation"));
    }
    let change = Change { title: asked.title, pinned: asked.pinned, view };
    let changed = api.conversations.change(&person, ConversationId(id), change).await?;
    Ok(Json(views::conversation(&changed.ok_or_else(|| ApiError::missing("conversation"))?)))
}

/// It is nowhere to be found from now on, and can be brought back for a week.
pub async fn remove(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
    Asked(asked): Asked<RemoveQuery>,
) -> Result<StatusCode, ApiError> {
    let id = ConversationId(id);
    let mut gone = api.conversations.remove(&person, id).await?;
    if gone {
        api.receiver.stop_in(person.tenant, person.id, id).await?;
    }
    if asked.forever {
        gone = api.conversations.delete(&person, id).await?;
    }
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing("conversation")) }
}

pub async fn restore(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
) -> Result<Json<ConversationView>, ApiError> {
    let restored = api.conversations.restore(&person, ConversationId(id)).await?;
    Ok(Json(views::conversation(&restored.ok_or_else(|| ApiError::missing("conversation"))?)))
}

/// A piece of the branch in view, oldest first.
pub async fn messages(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
    Asked(asked): Asked<MessagesQuery>,
) -> Result<Json<MessagePage>, ApiError> {
    let limit = limit(asked.limit)?;
    // Asked before the head is: a turn that ends in between shows as its reply, never as nothing.
    let newest = asked.before.is_none() && asked.until.is_none();
    let running =
        if newest { api.store.turns.running(person.tenant, ConversationId(id)).await? } else { None };
    let conversation = find(&api, &person, id).await?;
    let leaf = match asked.before.or(asked.until) {
        None => conversation.head,
        Some(_) if asked.before.is_some() && asked.until.is_some() => {
            return Err(ApiError::invalid("until: not together with `before`"));
        }
        Some(named) => {
            let named = api.store.messages.find(person.tenant, conversation.id, MessageId(named)).await?;
            let named = named.ok_or_else(|| ApiError::missing("message in this conversation"))?;
            if asked.until.is_some() { Some(named.id) } else { named.parent }
        }
    };
    let mut branch = match leaf {
        None => Vec::new(),
        Some(leaf) => api.store.messages.branch(person.tenant, conversation.id, leaf, limit).await?,
    };
    branch.reverse();
    let is_reply_to =
        |message: &Message, turn: &Turn| message.author == Author::Companion && message.turn == Some(turn.id);
    let running = running.filter(|turn| !branch.iter().any(|message| is_reply_to(message, turn)));
    let mut variants = api.store.messages.variants(person.tenant, conversation.id, &branch).await?;
    let next = branch.first().filter(|oldest| oldest.parent.is_some()).map(|oldest| oldest.id.0);
    Ok(Json(MessagePage {
        messages: branch
            .into_iter()
            .map(|message| {
                let variants = variants.remove(&message.id).unwrap_or_default();
                MessageView {
                    variants: variants.into_iter().map(|id| id.0).collect(),
                    ..views::message(message)
                }
            })
            .collect(),
        running: running.map(|turn| views::turn(turn, &[])),
        next,
    }))
}

pub async fn search(
    State(api): State<Api>,
    Resident(person): Resident,
    Asked(asked): Asked<SearchQuery>,
) -> Result<Json<Vec<FoundMessage>>, ApiError> {
    let limit = limit(asked.limit)?;
    let companions = match asked.companion {
        Some(id) => vec![CompanionId(id)],
        None => {
            api.store.companions.list(person.tenant).await?.iter().map(|companion| companion.id).collect()
        }
    };
    let words = worth_searching(&asked.q);
    let mut found = Vec::new();
    for companion in companions {
        let owner = Owner { tenant: person.tenant, person: person.id, companion };
        let search = MessageSearch { owner, words: words.clone(), except: None, first_hand: false, limit };
        found.extend(api.store.messages.search(&search).await?);
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let found = found.into_iter().take(limit as usize);
    Ok(Json(
        found
            .map(|hit| FoundMessage {
                conversation: hit.message.conversation.0,
                message: views::message(hit.message),
            })
            .collect(),
    ))
}

pub async fn find(api: &Api, person: &Person, id: Uuid) -> Result<Conversation, ApiError> {
    let conversation = api.store.conversations.find(person.tenant, person.id, ConversationId(id)).await?;
    conversation.ok_or_else(|| ApiError::missing("conversation"))
}

fn limit(asked: Option<i64>) -> Result<i64, ApiError> {
    match asked.unwrap_or(50) {
        limit @ 1..=MOST_AT_ONCE => Ok(limit),
        _ => Err(ApiError::invalid("limit: from 1 to 200")),
    }
}

fn cursor(text: &str) -> Result<Before, ApiError> {
    let parts = text.split_once('-').and_then(|(at, id)| Some((at.parse().ok()?, Uuid::parse_str(id).ok()?)));
    let (at, id) = parts.ok_or_else(|| ApiError::invalid("before: give back `next` of the last page"))?;
    Ok(Before { updated_at: Timestamp(at), id: ConversationId(id) })
}
