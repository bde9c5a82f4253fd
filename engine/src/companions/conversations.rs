//! How conversations begin, change and are found again.

use crate::conversation::window_cache::WindowCache;
use crate::domain::conversation::Conversation;
use crate::domain::ids::{CompanionId, ConversationId, MessageId};
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::person::Person;
use crate::ports::clock::Clock;
use crate::ports::companions::Companions;
use crate::ports::conversations::{ConversationEdit, Conversations, Messages, Removals};
use crate::ports::error::{StoreError, Stored};
use std::sync::Arc;
use std::time::Duration;

/// For so long a removed conversation can be brought back.
const UNDO_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Deleted in one go, before anything else is looked after.
const MOST_DELETED: i64 = 100;

#[derive(Clone)]
pub struct ConversationDesk {
    pub companions: Arc<dyn Companions>,
    pub conversations: Arc<dyn Conversations>,
    pub removals: Arc<dyn Removals>,
    pub messages: Arc<dyn Messages>,
    pub windows: WindowCache,
    pub clock: Arc<dyn Clock>,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub pinned: Option<bool>,
    pub view: Option<View>,
}

/// Which branch comes into view.
#[derive(Clone, Copy, Debug)]
pub enum View {
    /// The one that ends at this message.
    To(MessageId),
    /// The one through this message, to its newest end.
    Through(MessageId),
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

    /// `None` where there is no such conversation; `Conflict` where what is to come into view is not in it.
    pub async fn change(
        &self,
        person: &Person,
        id: ConversationId,
        change: Change,
    ) -> Stored<Option<Conversation>> {
        if let Some(View::To(message) | View::Through(message)) = change.view
            && self.conversations.find(person.tenant, person.id, id).await?.is_some()
            && self.messages.find(person.tenant, id, message).await?.is_none()
        {
            return Err(StoreError::Conflict { what: "head" });
        }
        let title = change.title.map(|title| Some(title).filter(|title| !title.trim().is_empty()));
        let edits: Vec<_> = [
            title.map(ConversationEdit::Title),
            change.pinned.map(ConversationEdit::Pinned),
            change.view.map(|view| match view {
                View::To(message) => ConversationEdit::Head(message),
                View::Through(message) => ConversationEdit::Through(message),
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.conversations.edit(person.tenant, person.id, id, &edits).await? {
            return Ok(None);
        }
        self.conversations.find(person.tenant, person.id, id).await
    }

    /// Hides it and everything said in it for a while; `false` where there is no such conversation.
    pub async fn remove(&self, person: &Person, id: ConversationId) -> Stored<bool> {
        let removed = self.removals.remove(person.tenant, person.id, id, self.clock.now()).await?;
        if removed {
            self.leave_nothing_near(id).await;
        }
        Ok(removed)
    }

    /// Back as it was; one that was never removed stays as it is. `None` where there is none.
    pub async fn restore(&self, person: &Person, id: ConversationId) -> Stored<Option<Conversation>> {
        self.removals.restore(person.tenant, person.id, id).await?;
        self.conversations.find(person.tenant, person.id, id).await
    }

    /// For good, with everything said in it, from the Store and from what is kept near.
    pub async fn delete(&self, person: &Person, id: ConversationId) -> Stored<bool> {
        let deleted = self.removals.delete(person.tenant, person.id, id).await?;
        if deleted {
            self.leave_nothing_near(id).await;
        }
        Ok(deleted)
    }

    /// Deletes what nobody brought back in time; how many.
    pub async fn delete_removed(&self) -> Stored<usize> {
        let due = self.clock.now().minus(UNDO_FOR);
        let deleted = self.removals.delete_removed(due, MOST_DELETED).await?;
        for &id in &deleted {
            self.leave_nothing_near(id).await;
        }
        Ok(deleted.len())
    }

    async fn leave_nothing_near(&self, id: ConversationId) {
        if let Err(error) = self.windows.forget(id).await {
            tracing::warn!(conversation.id = %id, error = %error, "the cache may keep a removed conversation for a day");
        }
    }
}
