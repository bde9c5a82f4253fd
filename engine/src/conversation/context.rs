//! Everything a reply is made from, read side by side: who speaks to whom, the end of the branch, what
//! came before it in short, and what was said elsewhere that may matter.

use super::pictures::{self, ByMessage, Pictures};
use super::recall::{Question, Recall, Recalled};
use super::window_cache::WindowCache;
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
use std::time::Duration;
use tokio::time::Instant;

/// More than the summary job ever leaves unsummarised, so that its end is always in sight.
const LONGEST_WINDOW: i64 = 160;
const MOST_RECALLED: i64 = 6;

#[derive(Clone, Debug)]
pub struct Context {
    pub companion: Companion,
    pub person: Person,
    /// Oldest first, ending right before the person's new message.
    pub window: Vec<Message>,
    /// How many messages at the beginning of the window the summary tells in short.
    pub summarised: usize,
    pub summary: Option<Summary>,
    pub recalled: Vec<Recalled>,
    /// Pictures and other files, of the messages that the model is shown.
    pub brought: ByMessage,
    /// How long the search took.
    pub recall: Duration,
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

impl Context {
    /// The part of the window that no summary covers, oldest first.
    pub fn fresh(&self) -> &[Message] {
        &self.window[self.summarised..]
    }

    /// The branch as the next turn will find it, newest first.
    pub fn branch_with(&self, reply: Option<&Message>) -> Vec<Message> {
        let newest = reply.into_iter().chain([&self.message]);
        newest.chain(self.window.iter().rev()).take(LONGEST_WINDOW as usize).cloned().collect()
    }
}

#[derive(Clone)]
pub struct ContextReader {
    pub people: Arc<dyn People>,
    pub companions: Arc<dyn Companions>,
    pub conversations: Arc<dyn Conversations>,
    pub messages: Arc<dyn Messages>,
    pub windows: WindowCache,
    pub recall: Recall,
    pub pictures: Pictures,
}

impl ContextReader {
    /// For a message that may not be stored yet.
    pub async fn read(&self, turn: &Turn, message: &Message, seen: Seen) -> Stored<Context> {
        // What was said is read first: the search waits for it, and everything waits for the search.
        let (said, companion, person) = futures::try_join!(
            self.said(turn, message, seen),
            self.companions.find(turn.tenant, turn.companion),
            self.people.find(turn.tenant, turn.person),
        )?;
        Ok(Context {
            companion: companion.ok_or_else(|| gone("companion"))?,
            person: person.ok_or_else(|| gone("person"))?,
            window: said.window,
            summarised: said.summarised,
            summary: said.summary,
            recalled: said.recalled,
            brought: said.brought,
            recall: said.recall,
            message: message.clone(),
        })
    }

    async fn said(&self, turn: &Turn, message: &Message, seen: Seen) -> Stored<Said> {
        let summary = self.conversations.summary(turn.tenant, turn.conversation);
        let (summary, branch) = futures::try_join!(summary, self.branch(message))?;
        let (window, summarised, summary) = oldest_first(branch, summary);
        let oldest = window.get(summarised).filter(|_| seen == Seen::Window).unwrap_or(message);
        let in_view = (turn.conversation, oldest.created_at);
        let owner = Owner { tenant: turn.tenant, person: turn.person, companion: turn.companion };
        let question = Question { owner, text: &message.text, in_view, limit: MOST_RECALLED };
        let begun = Instant::now();
        let search = async {
            let recalled = self.recall.search(&question).await;
            Ok((recalled, begun.elapsed()))
        };
        let ((recalled, recall), brought) =
            futures::try_join!(search, self.brought(turn, message, &window[summarised..], seen))?;
        Ok(Said { window, summarised, summary, recalled, recall, brought })
    }

    /// Memory alone looks at nothing.
    async fn brought(
        &self,
        turn: &Turn,
        message: &Message,
        fresh: &[Message],
        seen: Seen,
    ) -> Stored<ByMessage> {
        if seen == Seen::MessageOnly {
            return Ok(ByMessage::new());
        }
        let newest_first = [message].into_iter().chain(fresh.iter().rev());
        pictures::or_none(self.pictures.of(turn.tenant, turn.person, newest_first).await)
    }

    async fn branch(&self, message: &Message) -> Stored<Vec<Message>> {
        match message.parent {
            None => Ok(Vec::new()),
            Some(parent) => match self.windows.get(message.conversation, parent).await {
                Some(branch) => Ok(branch),
                None => {
                    self.messages.branch(message.tenant, message.conversation, parent, LONGEST_WINDOW).await
                }
            },
        }
    }
}

/// The part of the context that others said.
struct Said {
    window: Vec<Message>,
    summarised: usize,
    summary: Option<Summary>,
    recalled: Vec<Recalled>,
    recall: Duration,
    brought: ByMessage,
}

/// Newest first in, oldest first out, and how many of them the summary covers. A summary of another
/// branch is none of this one.
fn oldest_first(
    mut branch: Vec<Message>,
    summary: Option<Summary>,
) -> (Vec<Message>, usize, Option<Summary>) {
    branch.reverse();
    let covered = summary.as_ref().and_then(|summary| branch.iter().position(|m| m.id == summary.up_to));
    (branch, covered.map_or(0, |last| last + 1), summary.filter(|_| covered.is_some()))
}

fn gone(what: &str) -> StoreError {
    StoreError::Corrupt { reason: format!("a turn names a {what} that is not there") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::tests::world::{context, message, said};
    use crate::domain::message::Author;

    #[test]
    fn what_is_fresh_begins_where_the_summary_ends() {
        let newest_first: Vec<_> = (0..6).rev().map(|n| message(n, Author::Person, "x")).collect();
        let summary = Summary { text: "before".into(), up_to: message(2, Author::Person, "x").id };
        let (window, summarised, kept) = oldest_first(newest_first.clone(), Some(summary.clone()));
        assert_eq!((said(&window), summarised), (vec![0, 1, 2, 3, 4, 5], 3));
        assert_eq!(kept, Some(summary));

        let elsewhere = Summary { text: "another branch".into(), up_to: message(99, Author::Person, "x").id };
        assert_eq!(oldest_first(newest_first, Some(elsewhere)).1, 0);
    }

    #[test]
    fn the_next_turn_finds_this_one_at_the_end_of_its_branch() {
        let mut context = context();
        context.window = (0..200).map(|n| message(n, Author::Person, "x")).collect();
        let reply = message(1001, Author::Companion, "y");
        let branch = context.branch_with(Some(&reply));
        assert_eq!(branch.len(), LONGEST_WINDOW as usize);
        assert_eq!(said(&branch[..4]), [1001, 1000, 199, 198]);
        assert_eq!(said(&context.branch_with(None)[..2]), [1000, 199]);
    }
}
