//! Everything a reply is made from, read side by side: who speaks to whom, the end of the branch, what
//! came before it in short, and what was said elsewhere that may matter.

use super::recall::{Question, Recall, Recalled};
use crate::domain::companion::Companion;
use crate::domain::conversation::Summary;
use crate::domain::memory::Owner;
use crate::domain::message::Message;
use crate::domain::person::Person;
use crate::domain::turn::Turn;
use crate::ports::companions::Companions;
use crate::ports::conversations::{Conversations, Messages};
use crate::ports::error::{StoreError, Stored};
use crate::ports::people::People;
use std::sync::Arc;

/// More than the summary job ever leaves unsummarised, so that its end is always in sight.
const LONGEST_WINDOW: i64 = 160;
const MOST_RECALLED: i64 = 6;

#[derive(Clone, Debug)]
pub struct Context {
    pub companion: Companion,
    pub person: Person,
    /// Oldest first, ending right before the person's new message.
    pub window: Vec<Message>,
    /// What came before the window, where it was told in short.
    pub summary: Option<Summary>,
    pub recalled: Vec<Recalled>,
    pub message: Message,
}

/// What whoever replies sees anyway, so that it need not be recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A model is shown the end of the branch.
    Window,
    /// Memory alone answers: only the new message is known.
    MessageOnly,
}

#[derive(Clone)]
pub struct ContextReader {
    pub people: Arc<dyn People>,
    pub companions: Arc<dyn Companions>,
    pub conversations: Arc<dyn Conversations>,
    pub messages: Arc<dyn Messages>,
    pub recall: Recall,
}

impl ContextReader {
    /// For a message that may not be stored yet.
    pub async fn read(&self, turn: &Turn, message: &Message, seen: Seen) -> Stored<Context> {
        let owner = Owner { tenant: turn.tenant, person: turn.person, companion: turn.companion };
        let (companion, person, branch, summary) = futures::try_join!(
            self.companions.find(turn.tenant, turn.companion),
            self.people.find(turn.tenant, turn.person),
            self.branch(message),
            self.conversations.summary(turn.tenant, turn.conversation),
        )?;
        let (window, summary) = cut_at_summary(branch, summary);
        let oldest = window.first().filter(|_| seen == Seen::Window).unwrap_or(message);
        let in_view = (turn.conversation, oldest.created_at);
        let question = Question { owner, text: &message.text, in_view, limit: MOST_RECALLED };
        Ok(Context {
            companion: companion.ok_or_else(|| gone("companion"))?,
            person: person.ok_or_else(|| gone("person"))?,
            window,
            summary,
            recalled: self.recall.search(&question).await,
            message: message.clone(),
        })
    }

    async fn branch(&self, message: &Message) -> Stored<Vec<Message>> {
        match message.parent {
            None => Ok(Vec::new()),
            Some(parent) => {
                self.messages.branch(message.tenant, message.conversation, parent, LONGEST_WINDOW).await
            }
        }
    }
}

/// Newest first in, oldest first out. A summary of another branch is none of this one.
fn cut_at_summary(branch: Vec<Message>, summary: Option<Summary>) -> (Vec<Message>, Option<Summary>) {
    let place = summary.as_ref().and_then(|summary| branch.iter().position(|m| m.id == summary.up_to));
    let mut window = branch;
    if let Some(place) = place {
        window.truncate(place);
    }
    window.reverse();
    (window, summary.filter(|_| place.is_some()))
}

fn gone(what: &str) -> StoreError {
    StoreError::Corrupt { reason: format!("a turn names a {what} that is not there") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::tests::{message, said};
    use crate::domain::message::Author;

    #[test]
    fn the_window_begins_where_the_summary_ends() {
        let newest_first: Vec<_> = (0..6).rev().map(|n| message(n, Author::Person, "x")).collect();
        let summary = Summary { text: "before".into(), up_to: message(2, Author::Person, "x").id };
        let (window, kept) = cut_at_summary(newest_first.clone(), Some(summary.clone()));
        assert_eq!(said(&window), [3, 4, 5]);
        assert_eq!(kept, Some(summary));

        let elsewhere = Summary { text: "another branch".into(), up_to: message(99, Author::Person, "x").id };
        let (window, kept) = cut_at_summary(newest_first, Some(elsewhere));
        assert_eq!(said(&window), [0, 1, 2, 3, 4, 5]);
        assert_eq!(kept, None);
    }
}
