//! Everything that is one person's, as JSON Lines: one of these per line, in UTF-8. `docs/EXPORT.md` tells
//! people about it.
//!
//! `export` comes first and `end` last: a file without `end` was cut short. What somebody else has, a
//! password, a key's secret and what the box uses to reach models are in no line.

use super::conversations::{AuthorView, MessageStateView};
use super::people::RoleView;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Grows when a line changes its meaning or loses a field; new fields and new kinds may come at any time.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExportLine {
    Export {
        format: u32,
        made_at: i64,
        made_by: String,
    },
    Profile {
        id: Uuid,
        name: String,
        role: RoleView,
        created_at: i64,
    },
    /// How a chat platform knows them.
    Identity {
        platform: String,
        external_id: String,
        created_at: i64,
    },
    /// A key's name; its secret is kept nowhere.
    Key {
        name: String,
        created_at: i64,
        revoked_at: Option<i64>,
    },
    Companion {
        id: Uuid,
        name: String,
    },
    Conversation(ExportedConversation),
    /// One thing said, on any branch: its parent is what it answers.
    Message(ExportedMessage),
    Attachment {
        id: Uuid,
        name: String,
        media_type: String,
        size: i64,
        sha256: String,
        created_at: i64,
    },
    /// A piece of the attachment before it, in order. Each is base64 of its own.
    AttachmentPart {
        attachment: Uuid,
        base64: String,
    },
    /// The attachment before it cannot be read to its end.
    AttachmentDamaged {
        attachment: Uuid,
    },
    Memory(ExportedMemory),
    Usage(ExportedUsage),
    /// How many lines came before this one.
    End {
        lines: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedConversation {
    pub id: Uuid,
    pub companion: Uuid,
    pub title: Option<String>,
    pub pinned: bool,
    /// The newest message of the branch in view.
    pub head: Option<Uuid>,
    pub summary: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub removed_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedMessage {
    pub id: Uuid,
    pub conversation: Uuid,
    pub parent: Option<Uuid>,
    pub author: AuthorView,
    pub text: String,
    pub state: MessageStateView,
    pub model: Option<String>,
    pub attachments: Vec<Uuid>,
    pub created_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedMemory {
    pub id: Uuid,
    pub companion: Uuid,
    /// The shared channel it was heard in; `None` where they were alone.
    pub channel: Option<String>,
    /// The message it was taken from.
    pub source: Option<Uuid>,
    pub text: String,
    pub confidence_permille: i64,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedUsage {
    pub id: Uuid,
    pub companion: Option<Uuid>,
    /// `reply`, `title`, `summary`, `embedding` or `direct`.
    pub purpose: String,
    pub model: Option<String>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    /// `None` while it runs.
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub cost_micros: Option<i64>,
}
