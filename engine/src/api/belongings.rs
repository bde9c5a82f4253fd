//! What is one's own, as a whole: counted, taken along as one file, and taken away.

use super::extract::Document;
use super::guard::Resident;
use super::me::proven;
use super::problem::ApiError;
use super::state::Api;
use super::views;
use crate::domain::memory::{Memory, Scope};
use crate::domain::usage::{Purpose, UsageEntry};
use crate::people::erasure::Extent;
use crate::people::export::Thing;
use crate::ports::error::Stored;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use engine_client::wire::belongings::{Erase, ErasureView, HoldingsView};
use engine_client::wire::export::{
    ExportLine, ExportedConversation, ExportedMemory, ExportedMessage, ExportedUsage, FORMAT,
};
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// As it is read: nothing is held whole. Where reading fails, it breaks off and `end` is not there.
pub async fn export(State(api): State<Api>, Resident(person): Resident) -> Result<Response, ApiError> {
    api.accounts.note(person.tenant, Some(person.id), "person.exported", &person.id.to_string()).await?;
    let made_by = format!("WhisperEngine {}", env!("CARGO_PKG_VERSION"));
    let begin = ExportLine::Export { format: FORMAT, made_at: api.clock.now().0, made_by };
    let me = views::person(&person);
    let profile = ExportLine::Profile { id: me.id, name: me.name, role: me.role, created_at: me.created_at };
    let things = api.export.of(&person).map(|thing| thing.map(line));
    let lines = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&lines);
    let counted = stream::iter([Ok(begin), Ok(profile)]).chain(things).inspect(move |_| {
        told.fetch_add(1, Ordering::Relaxed);
    });
    let end = stream::once(async move { Ok(ExportLine::End { lines: lines.load(Ordering::Relaxed) }) });
    // After a failure nothing may look like a good end.
    let all = counted.chain(end).scan(false, |failed, line: Stored<ExportLine>| {
        let before = std::mem::replace(failed, *failed || line.is_err());
        std::future::ready((!before).then_some(line))
    });
    let bytes = all.map(|line| {
        line.map(|line| text(&line)).inspect_err(|error| {
            tracing::warn!(error = %error, "an export broke off");
        })
    });
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

pub async fn count(
    State(api): State<Api>,
    Resident(person): Resident,
) -> Result<Json<HoldingsView>, ApiError> {
    let held = api.store.belongings.count(person.tenant, person.id).await?;
    Ok(Json(HoldingsView {
        conversations: held.conversations,
        messages: held.messages,
        attachments: held.attachments,
        attachment_bytes: held.attachment_bytes,
        memories: held.memories,
        may_leave: api.accounts.may_leave(&person).await?,
    }))
}

/// It is sure to happen once this is answered; it is done a moment later.
pub async fn erase(
    State(api): State<Api>,
    Resident(person): Resident,
    Document(asked): Document<Erase>,
) -> Result<StatusCode, ApiError> {
    let person = proven(&api, &person, &asked.current).await?;
    let extent = match asked.what {
        ErasureView::Things => Extent::Things,
        ErasureView::Account => Extent::Account,
    };
    api.wishes.take(&person, extent).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn text(line: &ExportLine) -> Bytes {
    let mut text = serde_json::to_vec(line).expect("a line is plain data");
    text.push(b'\n');
    text.into()
}

fn line(thing: Thing) -> ExportLine {
    match thing {
        Thing::Identity(identity) => ExportLine::Identity {
            platform: identity.platform,
            external_id: identity.external_id,
            created_at: identity.created_at.0,
        },
        Thing::Key(key) => ExportLine::Key {
            name: key.name,
            created_at: key.created_at.0,
            revoked_at: key.revoked_at.map(|at| at.0),
        },
        Thing::Companion(companion) => ExportLine::Companion { id: companion.id.0, name: companion.name },
        Thing::Conversation(held) => {
            let (summary, removed_at) = (held.summary, held.removed_at.map(|at| at.0));
            let view = views::conversation(&held.conversation);
            ExportLine::Conversation(ExportedConversation {
                id: view.id,
                companion: view.companion,
                title: view.title,
                pinned: view.pinned,
                head: view.head,
                summary,
                created_at: view.created_at,
                updated_at: view.updated_at,
                removed_at,
            })
        }
        Thing::Message(message) => {
            let conversation = message.conversation.0;
            let view = views::message(message);
            ExportLine::Message(ExportedMessage {
                id: view.id,
                conversation,
                parent: view.parent,
                author: view.author,
                text: view.text,
                state: view.state,
                model: view.model,
                attachments: view.attachments,
                created_at: view.created_at,
            })
        }
        Thing::Attachment(attachment) => {
            let view = views::attachment(&attachment);
            ExportLine::Attachment {
                id: view.id,
                name: view.name,
                media_type: view.media_type,
                size: view.size,
                sha256: view.sha256,
                created_at: view.created_at,
            }
        }
        Thing::Part(id, bytes) => {
            ExportLine::AttachmentPart { attachment: id.0, base64: STANDARD.encode(bytes) }
        }
        Thing::Damaged(id) => ExportLine::AttachmentDamaged { attachment: id.0 },
        Thing::Memory(memory) => ExportLine::Memory(remembered(memory)),
        Thing::Usage(entry) => ExportLine::Usage(usage(entry)),
    }
}

fn remembered(memory: Memory) -> ExportedMemory {
    ExportedMemory {
        id: memory.id.0,
        companion: memory.owner.companion.0,
        channel: match memory.scope {
            Scope::Private => None,
            Scope::Channel(id) => Some(id),
        },
        source: memory.source.map(|source| source.0),
        text: memory.text,
        confidence_permille: memory.confidence_permille,
        created_at: memory.created_at.0,
        last_used_at: memory.last_used_at.map(|at| at.0),
    }
}

fn usage(entry: UsageEntry) -> ExportedUsage {
    let purpose = match entry.purpose {
        Purpose::Reply => "reply",
        Purpose::Title => "title",
        Purpose::Summary => "summary",
        Purpose::Embedding => "embedding",
        Purpose::Direct => "direct",
    };
    let settled = entry.settlement;
    ExportedUsage {
        id: entry.id.0,
        companion: entry.companion.map(|companion| companion.0),
        purpose: purpose.to_owned(),
        started_at: entry.started_at.0,
        finished_at: settled.as_ref().map(|settled| settled.finished_at.0),
        prompt_tokens: settled.as_ref().map(|settled| settled.tokens.prompt),
        completion_tokens: settled.as_ref().map(|settled| settled.tokens.completion),
        cost_micros: settled.as_ref().and_then(|settled| settled.cost_micros),
        model: settled.and_then(|settled| settled.model).or(entry.model),
    }
}
