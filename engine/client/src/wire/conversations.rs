//! Conversations and the messages in them.

use super::turns::TurnView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    /// The default companion where it is left out.
    #[serde(default)]
    pub companion: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationView {
    pub id: Uuid,
    pub companion: Uuid,
    pub title: Option<String>,
    pub pinned: bool,
    pub head: Option<Uuid>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What to change; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationChange {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub pinned: Option<bool>,
    /// Brings the branch that ends at this message into view.
    #[serde(default)]
    pub head: Option<Uuid>,
    /// Brings the branch through this message into view, to its newest end.
    #[serde(default)]
    pub through: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationPage {
    pub conversations: Vec<ConversationView>,
    /// Give it back as `before` for what is older; `None` at the end.
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorView {
    Person,
    Companion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageStateView {
    Complete,
    Stopped,
    Cut,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageView {
    pub id: Uuid,
    pub parent: Option<Uuid>,
    pub author: AuthorView,
    pub text: String,
    pub state: MessageStateView,
    pub model: Option<String>,
    pub turn: Option<Uuid>,
    pub attachments: Vec<Uuid>,
    /// In a page of messages: all wordings of this place, oldest first, itself among them. Empty where it
    /// is the only one.
    #[serde(default)]
    pub variants: Vec<Uuid>,
    pub created_at: i64,
}

/// A piece of the branch in view, oldest first, and the turn under way at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagePage {
    pub messages: Vec<MessageView>,
    pub running: Option<TurnView>,
    /// Give it back as `before` for what was said earlier; `None` at the beginning.
    pub next: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundMessage {
    pub conversation: Uuid,
    pub message: MessageView,
}
