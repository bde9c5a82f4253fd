//! A turn, followed from any place in its text, on any machine.
//!
//! The Store is the truth and is at most a moment behind; the bus tells the rest at once. A follower
//! first listens, then asks the writer for what is told and not yet stored, then reads, so nothing can
//! fall between. News that is ahead of what was read waits until the Store has caught up to it; news
//! that is behind is known already. News may get lost; so somebody looks now and then, for all followers
//! of the turn at once.

use super::live::{News, Wish, topic, wish_topic};
use super::lookout::Lookout;
use crate::domain::ids::{PersonId, TenantId, TurnId};
use crate::domain::turn::Turn;
use crate::ports::cache::Bus;
use crate::ports::error::Stored;
use crate::ports::turns::Turns;
use bytes::Bytes;
use engine_client::events::{Place, Stage};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// The Store is asked this often even when the bus is silent.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And this often, by the follower itself, where news waits for the Store to catch up or the bus is away.
const CATCH_UP_EVERY: Duration = Duration::from_millis(60);
/// More waiting news than this means that something is wrong: the Store will tell.
const MOST_WAITING: usize = 4096;

/// What a follower sees.
#[derive(Debug)]
pub enum Sight {
    Stage(Stage),
    Text { at: Place, text: String },
    Reset { at: Place },
    Ended(Box<Turn>),
}

/// Whose turn, and which.
type Scope = (TenantId, PersonId, TurnId);

/// How far a turn is in the Store, as the last round saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// Nobody looked yet.
    Unseen,
    At {
        revision: i64,
        bytes: usize,
        ended: bool,
    },
    /// Gone, or the Store did not answer: each follower has to see for itself.
    Unclear,
}

/// Where turns are followed.
#[derive(Clone)]
pub struct Following {
    turns: Arc<dyn Turns>,
    bus: Arc<dyn Bus>,
    rounds: Lookout<Scope, Mark>,
}

pub struct Follower {
    from: Following,
    scope: Scope,
    at: Place,
    marks: watch::Receiver<Mark>,
    /// `None` where the bus is away, and after it broke off.
    news: Option<BoxStream<'static, Bytes>>,
    /// Text of this revision that begins behind `at`, in the order of the text.
    waiting: VecDeque<(usize, String)>,
    /// The last one shown: a writer that tells late readers tells everybody.
    stage: Option<Stage>,
    seen: VecDeque<Sight>,
    /// When the follower looks by itself, if it has to.
    look_at: Option<Instant>,
    ended: bool,
}

impl Following {
    pub fn new(turns: Arc<dyn Turns>, bus: Arc<dyn Bus>, tasks: TaskTracker) -> Self {
        Self { turns, bus, rounds: Lookout::new(LOOK_EVERY, tasks) }
    }

    /// `None` where there is no such turn for this person.
    pub async fn start(&self, scope: Scope, at: Place) -> Stored<Option<Follower>> {
        let mut follower = Follower {
            from: self.clone(),
            scope,
            at,
            marks: self.marks(scope),
            news: None,
            waiting: VecDeque::new(),
            stage: None,
            seen: VecDeque::new(),
            look_at: None,
            ended: false,
        };
        follower.listen().await;
        Ok(follower.look().await?.then_some(follower))
    }

    fn marks(&self, scope: Scope) -> watch::Receiver<Mark> {
        let turns = Arc::clone(&self.turns);
        self.rounds.watch(scope, Mark::Unseen, move || {
            let turns = Arc::clone(&turns);
            async move {
                let (tenant, person, turn) = scope;
                match turns.find(tenant, person, turn).await {
                    Ok(Some(turn)) => Mark::of(&turn),
                    Ok(None) | Err(_) => Mark::Unclear,
                }
            }
        })
    }
}

impl Mark {
    fn of(turn: &Turn) -> Self {
        Self::At { revision: turn.revision, bytes: turn.text.len(), ended: turn.state.is_final() }
    }

    /// Whether the Store has something to tell to who is there.
    fn is_ahead_of(self, at: Place) -> bool {
        match self {
            Self::Unseen => false,
            Self::At { revision, bytes, ended } => {
                ended || revision > at.revision || (revision == at.revision && bytes > at.offset)
            }
            Self::Unclear => true,
        }
    }
}

impl Follower {
    /// The next thing to show; `None` once the turn has ended and everything was shown, or it is gone.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Stored<Option<Sight>> {
        loop {
            if let Some(sight) = self.seen.pop_front() {
                return Ok(Some(sight));
            }
            if self.ended {
                return Ok(None);
            }
            let look_at = self.look_at;
            let news = async {
                match &mut self.news {
                    Some(news) => news.next().await,
                    None => std::future::pending().await,
                }
            };
            let time_to_look = async {
                match look_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let look = tokio::select! {
                biased;
                news = news => match news {
                    Some(news) => self.take(&news),
                    None => {
                        self.listen().await;
                        true
                    }
                },
                () = time_to_look => true,
                Ok(()) = self.marks.changed() => self.marks.borrow_and_update().is_ahead_of(self.at),
            };
            if look && !self.look().await? {
                // Removed under our eyes: there is no last word.
                self.ended = true;
            }
        }
    }

    async fn listen(&mut self) {
        let (_, _, turn) = self.scope;
        self.news = match self.from.bus.subscribe(&topic(turn)).await {
            Ok(news) => Some(news),
            Err(error) => {
                tracing::debug!(turn.id = %turn, error = %error, "following by the store alone");
                return self.news = None;
            }
        };
        if let Err(error) = self.from.bus.publish(&wish_topic(turn), Wish::Tell.to_bytes()).await {
            tracing::debug!(turn.id = %turn, error = %error, "what is not stored yet is seen late");
        }
    }

    /// Whether the Store must be asked now.
    fn take(&mut self, news: &[u8]) -> bool {
        match News::from_bytes(news) {
            Some(News::Stage(stage)) => {
                if self.stage.replace(stage) != Some(stage) {
                    self.seen.push_back(Sight::Stage(stage));
                }
                false
            }
            Some(News::Text { revision, start, text }) if revision == self.at.revision => {
                let place = self.waiting.partition_point(|(earlier, _)| *earlier <= start);
                self.waiting.insert(place, (start, text));
                self.splice();
                if self.waiting.len() > MOST_WAITING {
                    self.waiting.clear();
                }
                if !self.waiting.is_empty() {
                    let soon = Instant::now() + CATCH_UP_EVERY;
                    self.look_at = Some(self.look_at.map_or(soon, |at| at.min(soon)));
                }
                false
            }
            // Another revision, an ending, or a word of another version.
            Some(News::Text { .. } | News::Changed) | None => true,
        }
    }

    /// Shows what now connects to what was shown.
    fn splice(&mut self) {
        while let Some((start, text)) = self.waiting.front() {
            if *start > self.at.offset {
                return;
            }
            // What was shown already is cut off; a piece that does not fit is left to the Store.
            let fresh = text.get(self.at.offset - start..).unwrap_or_default().to_owned();
            self.waiting.pop_front();
            self.show(fresh);
        }
    }

    fn show(&mut self, text: String) {
        if !text.is_empty() {
            self.at.offset += text.len();
            self.seen.push_back(Sight::Text { at: self.at, text });
        }
    }

    /// Reads the Store and shows what is new; `false` where the turn is not there.
    async fn look(&mut self) -> Stored<bool> {
        let (tenant, person, turn) = self.scope;
        let Some(turn) = self.from.turns.find(tenant, person, turn).await? else {
            return Ok(false);
        };
        if let Some(reset) = moved(self.at, &turn) {
            self.waiting.clear();
            self.at = Place { revision: turn.revision, offset: self.at.offset };
            if reset {
                self.at.offset = 0;
                self.seen.push_back(Sight::Reset { at: self.at });
            }
        }
        let fresh = turn.text.get(self.at.offset..).unwrap_or_default().to_owned();
        self.show(fresh);
        self.splice();
        if turn.state.is_final() {
            self.ended = true;
            self.seen.push_back(Sight::Ended(Box::new(turn)));
        }
        let alone = !self.waiting.is_empty() || self.news.is_none();
        self.look_at = alone.then(|| Instant::now() + CATCH_UP_EVERY);
        Ok(true)
    }
}

/// Whether the reader's place belongs to another revision, and if so, whether the text must be shown
/// from its beginning: where the place is not part of what this revision kept, or never was one.
fn moved(at: Place, turn: &Turn) -> Option<bool> {
    if at.revision == turn.revision {
        // A running turn may have told more than is stored; a place inside a character never was one.
        let beyond = turn.state.is_final() && at.offset > turn.text.len();
        let inside = at.offset <= turn.text.len() && !turn.text.is_char_boundary(at.offset);
        return (beyond || inside).then_some(true);
    }
    let kept = at.revision + 1 == turn.revision && at.offset as i64 <= turn.kept_bytes;
    Some(!(kept && turn.text.is_char_boundary(at.offset)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::tests::world::running;
    use crate::domain::turn::TurnState;

    fn turn(revision: i64, kept_bytes: i64, text: &str) -> Turn {
        Turn { revision, kept_bytes, ..running(text) }
    }

    fn place(revision: i64, offset: usize) -> Place {
        Place { revision, offset }
    }

    #[test]
    fn a_place_in_what_was_kept_is_still_a_place() {
        assert_eq!(moved(place(0, 4), &turn(1, 5, "hello world")), Some(false));
        assert_eq!(moved(place(0, 5), &turn(1, 5, "hello world")), Some(false));
        assert_eq!(moved(place(0, 6), &turn(1, 5, "hello world")), Some(true));
        assert_eq!(moved(place(0, 1), &turn(1, 0, "other")), Some(true));
        assert_eq!(moved(place(0, 1), &turn(2, 5, "hello")), Some(true));
        assert_eq!(moved(place(3, 1), &turn(2, 5, "hello")), Some(true));
    }

    #[test]
    fn a_place_inside_a_character_starts_again() {
        assert_eq!(moved(place(0, 1), &turn(0, 0, "é")), Some(true));
        assert_eq!(moved(place(0, 2), &turn(0, 0, "é")), None);
    }

    #[test]
    fn a_mark_calls_only_who_is_behind() {
        let mark = Mark::of(&turn(1, 0, "hello"));
        assert!(mark.is_ahead_of(place(1, 4)) && mark.is_ahead_of(place(0, 9)));
        assert!(!mark.is_ahead_of(place(1, 5)) && !mark.is_ahead_of(place(1, 6)));
        let ended = Turn { state: TurnState::Done, ..turn(1, 0, "hello") };
        assert!(Mark::of(&ended).is_ahead_of(place(1, 5)));
        assert!(Mark::Unclear.is_ahead_of(place(1, 5)) && !Mark::Unseen.is_ahead_of(place(1, 0)));
    }

    #[test]
    fn a_running_turn_may_have_told_more_than_is_stored() {
        assert_eq!(moved(place(0, 9), &turn(0, 0, "hello")), None);
        let ended = Turn { state: TurnState::Done, ..turn(0, 0, "hello") };
        assert_eq!(moved(place(0, 9), &ended), Some(true));
    }
}
