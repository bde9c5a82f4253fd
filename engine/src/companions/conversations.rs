//! How conversations begin, change and are found again.

use crate::conversation::window_cache::WindowCache;
use crate::domain::conversation::Conversation;
use crate::domain::ids::{CompanionId, ConversationId, MessageId};
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::person::Person;
use crate::ports::clock::Clock;
use crate::ports::companions::Companions;
use crate::ports::conversations::{ConversationEdit, Conversations, Messages};
use crate::ports::error::{StoreError, Stored};
use std::sync::Arc;

#[derive(Clone)]
pub struct ConversationDesk {
    pub companions: Arc<dyn Companions>,
    pub conversations: Arc<dyn Conversations>,
    pub messages: Arc<dyn Messages>,
    pub windows: WindowCache,
    pub clock: Arc<dyn Clock>,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub pinned: Option<bool>,
    pub head: Option<MessageId>,
}

impl ConversationDesk {
    /// With the default companion where none is named; `None` where there is no such companion. The
    /// companion speaks first.
    pub async fn open(
        &self,
        person: &Person,
        companion: Option<CompanionId>,
    ) -> Stored<Option<Conversation>> {
        let companion = match companion {
            Some(id) => self.companions.find(person.tenant, id).await?,
            None => self.companions.list(person.tenant).await?.into_iter().next(),
        };
        let Some(companion) = companion else { return Ok(None) };
        let now = self.clock.now();
        let mut conversation = Conversation {
            id: ConversationId(self.clock.new_id()),
            tenant: person.tenant,
            person: person.id,
            companion: companion.id,
            title: None,
            pinned: false,
            head: None,
            created_at: now,
            updated_at: now,
        };
        let greeting = companion.character.greeting.replace("{person}", &person.name);
        let greeting = (!greeting.trim().is_empty()).then(|| Message {
            id: MessageId(self.clock.new_id()),
            tenant: person.tenant,
            conversation: conversation.id,
            parent: None,
            author: Author::Companion,
            text: greeting,
            state: MessageState::Complete,
            model: None,
            turn: None,
            attachments: Vec::new(),
            created_at: now,
        });
        conversation.head = greeting.as_ref().map(|greeting| greeting.id);
        self.conversations.add(&conversation, greeting.as_ref()).await?;
        Ok(Some(conversation))
    }

    /// `None` where there is no such conversation; `Conflict` where the new head is not in it.
    pub async fn change(
        &self,
        person: &Person,
        id: ConversationId,
        change: Change,
    ) -> Stored<Option<Conversation>> {
        if let Some(head) = change.head
            && self.conversations.find(person.tenant, person.id, id).await?.is_some()
            && self.messages.find(person.tenant, id, head).await?.is_none()
        {
            return Err(StoreError::Conflict { what: "head" });
        }
        let title = change.title.map(|title| Some(title).filter(|title| !title.trim().is_empty()));
        let edits: Vec<_> = [
            title.map(ConversationEdit::Title),
            change.pinned.map(ConversationEdit::Pinned),
            change.head.map(ConversationEdit::Head),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.conversations.edit(person.tenant, person.id, id, &edits).await? {
            return Ok(None);
        }
        self.conversations.find(person.tenant, person.id, id).await
    }

    /// With everything said in it, from the Store and from what is kept near.
    pub async fn remove(&self, person: &Person, id: ConversationId) -> Stored<bool> {
        let removed = self.conversations.remove(person.tenant, person.id, id).await?;
        if removed && let Err(error) = self.windows.forget(id).await {
            tracing::warn!(conversation.id = %id, error = %error, "the cache may keep a removed conversation for a day");
        }
        Ok(removed)
    }
}
