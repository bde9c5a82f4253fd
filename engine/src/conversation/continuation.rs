//! From a client's own history to the place in a conversation where its new words belong.
//!
//! The conversation that an earlier call began is found by that call's turn; otherwise a new one is
//! opened, in which the companion knows what it remembers and not what was said to others. Nothing of
//! the turn is stored here: whoever asked sends it the one way there is.

use super::history::{self, Told};
use super::incoming::{Refusal, check_words};
use crate::companions::conversations::ConversationDesk;
use crate::domain::ids::{CompanionId, ConversationId, MessageId};
use crate::domain::memory::Owner;
use crate::domain::person::Person;
use crate::ports::turns::Histories;
use std::sync::Arc;

#[derive(Clone)]
pub struct Continuation {
    pub histories: Arc<dyn Histories>,
    pub conversations: ConversationDesk,
}

/// Where the new words belong.
#[derive(Debug)]
pub struct Place {
    pub conversation: ConversationId,
    pub parent: Option<MessageId>,
    pub text: String,
    /// To be kept with the turn.
    pub history: String,
}

impl Continuation {
    pub async fn find(
        &self,
        person: &Person,
        companion: CompanionId,
        told: &[Told],
    ) -> Result<Place, Refusal> {
        let Some(reading) = history::read(told) else {
            let reason = "the last message is not the person's, so there is nothing to answer".to_owned();
            return Err(Refusal::Invalid { field: "messages", reason });
        };
        check_words(&reading.text)?;
        let (text, history) = (reading.text, reading.fingerprint);
        if let Some(before) = reading.before {
            let owner = Owner { tenant: person.tenant, person: person.id, companion };
            let asked_alike = self.histories.asked_as(&owner, &before.fingerprint).await?;
            let found = history::gave(&before.reply, asked_alike.iter().map(|turn| turn.text.as_str()));
            if let Some(turn) = found.and_then(|at| asked_alike.into_iter().nth(at)) {
                let conversation = turn.conversation;
                return Ok(Place { conversation, parent: Some(turn.reply), text, history });
            }
        }
        let opened = self.conversations.open(person, Some(companion)).await?;
        let opened = opened.ok_or(Refusal::Missing { what: "companion" })?;
        Ok(Place { conversation: opened.id, parent: opened.head, text, history })
    }
}
