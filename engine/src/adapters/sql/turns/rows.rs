//! How a turn is written in its row.

use crate::adapters::sql::query::Row;
use crate::domain::turn::{Failure, Reference, Turn};
use crate::ports::error::{StoreError, Stored};

/// A turn with its words, wherever they are.
pub(super) const TURN: &str = "SELECT t.id, t.tenant_id, t.person_id, t.companion_id, t.conversation_id, t.message_id, t.reply_id,
        t.state, COALESCE(m.text, t.text) AS text, t.revision, t.kept_bytes, t.attempt, t.fence, t.lease_until,
        t.stop_requested, t.failure_code, t.failure_detail, t.model, t.history, t.max_tokens, t.given_bytes, t.recalled,
        t.created_at, t.finished_at
    FROM turns t LEFT JOIN messages m ON m.id = t.reply_id AND m.conversation_id = t.conversation_id";

/// Its conversation was not removed.
pub(super) const THERE: &str =
    "EXISTS (SELECT 1 FROM conversations c WHERE c.id = t.conversation_id AND c.removed_at IS NULL)";

pub(super) fn turn(row: &Row) -> Stored<Turn> {
    let failure = match row.get::<Option<String>>("failure_code")? {
        Some(code) => {
            Some(Failure { code, detail: row.get::<Option<String>>("failure_detail")?.unwrap_or_default() })
        }
        None => None,
    };
    Ok(Turn {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        companion: row.get("companion_id")?,
        conversation: row.get("conversation_id")?,
        message: row.get("message_id")?,
        reply: row.get("reply_id")?,
        state: row.get("state")?,
        text: row.get("text")?,
        revision: row.get("revision")?,
        kept_bytes: row.get("kept_bytes")?,
        attempt: row.get("attempt")?,
        fence: row.get("fence")?,
        lease_until: row.get("lease_until")?,
        stop_requested: row.get("stop_requested")?,
        failure,
        model: row.get("model")?,
        given_bytes: row.get("given_bytes")?,
        recalled: match row.get::<Option<String>>("recalled")? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| StoreError::Corrupt { reason: format!("column recalled: {error}") })?,
            None => Vec::new(),
        },
        history: row.get("history")?,
        max_tokens: row.get("max_tokens")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}

pub(super) fn references(recalled: &[Reference]) -> Option<String> {
    let text = || serde_json::to_string(recalled).expect("references are plain data");
    (!recalled.is_empty()).then(text)
}
