//! The table: from where a service stands and what happened to where it stands next and what is to be done.
//!
//! Pure. Time and chance come in, acts go out. An event that means nothing in a stage (an answer that comes too
//! late) changes nothing, on purpose: acts are superseded, not waited for.

use super::fault::{Fault, Remedy, Trouble};
use super::upkeep::{
    Act, Event, FIRST_REST, MOST_FAILURES, MOST_MISSES, NEXT_LOOK, PARKED, SETTLED, STARTUP, Sight, Stage,
    Upkeep, WINDOW,
};
use engine::domain::time::Timestamp;

/// `chance` lies in 0..1 and keeps services that failed together from coming back together.
pub fn step(upkeep: &Upkeep, event: &Event, now: Timestamp, chance: f64) -> (Upkeep, Vec<Act>) {
    let mut next = upkeep.clone();
    let acts = next.take(event, now, chance);
    (next, acts)
}

impl Upkeep {
    #[expect(clippy::match_same_arms, reason = "a row for each meaning: it is read as a table")]
    fn take(&mut self, event: &Event, now: Timestamp, chance: f64) -> Vec<Act> {
        match (&self.stage, event) {
            // The owner's wish comes before everything else.
            (Stage::Off, Event::Wanted) => self.go(Stage::Waiting, &[]),
            (Stage::Off | Stage::Leaving, Event::Unwanted) => Vec::new(),
            (_, Event::Unwanted) => {
                self.forget();
                self.go(Stage::Leaving, &[Act::Withdraw, Act::Remove])
            }
            (Stage::Waiting, Event::Wanted) => Vec::new(),
            (_, Event::Wanted) | (Stage::Resting | Stage::Parked, Event::Retry) => {
                self.forget();
                self.look()
            }

            (Stage::Waiting, Event::Clear) => self.look(),
            // It may have been changed while nobody watched.
            (Stage::Unwatched { .. }, Event::Clear) => self.look(),
            (Stage::Serving { .. }, Event::Blocked) => self.go(Stage::Unwatched { misses: 0 }, &[Act::Probe]),
            (
                Stage::Looking
                | Stage::Fetching
                | Stage::Making
                | Stage::Starting
                | Stage::Halting
                | Stage::Resting,
                Event::Blocked,
            ) => self.go(Stage::Waiting, &[Act::Withdraw]),

            (Stage::Looking, Event::Found(Sight::Absent | Sight::Outdated)) => {
                self.go(Stage::Fetching, &[Act::Fetch])
            }
            (Stage::Looking, Event::Found(Sight::Idle)) => {
                self.go(Stage::Making, &[Act::Withdraw, Act::Start])
            }
            (Stage::Looking, Event::Found(Sight::Runs)) => self.start(now),
            (Stage::Fetching, Event::ImageReady) => self.go(Stage::Making, &[Act::Withdraw, Act::Make]),
            (Stage::Making, Event::Running) => {
                self.starts += 1;
                self.start(now)
            }

            // It goes on until the other one is made.
            (Stage::Serving { .. }, Event::Anew) => self.go(Stage::Fetching, &[Act::Fetch]),
            (Stage::Starting, Event::Answered) => {
                self.go(Stage::Serving { since: now, misses: 0 }, &[Act::Announce, Act::Probe])
            }
            (Stage::Starting, Event::Silent) => vec![Act::Probe],
            (Stage::Starting, Event::Due) => {
                let trouble = Trouble::new(Fault::NeverReady, "no answer within two minutes");
                self.trouble = Some(trouble);
                self.go(Stage::Halting, &[Act::Withdraw, Act::KeepLog, Act::Stop])
            }
            (Stage::Serving { since, .. }, Event::Answered) => {
                let since = *since;
                if now.since(since) >= SETTLED {
                    self.forget();
                }
                self.go(Stage::Serving { since, misses: 0 }, &[Act::Probe])
            }
            (Stage::Serving { misses, .. }, Event::Silent) if misses + 1 >= MOST_MISSES => {
                self.trouble = Some(Trouble::new(Fault::Hung, "it was asked several times"));
                self.go(Stage::Halting, &[Act::Withdraw, Act::KeepLog, Act::Stop])
            }
            (Stage::Serving { since, misses }, Event::Silent) => {
                let stage = Stage::Serving { since: *since, misses: misses + 1 };
                self.go(stage, &[Act::Probe])
            }
            (Stage::Unwatched { .. }, Event::Answered) => {
                self.go(Stage::Unwatched { misses: 0 }, &[Act::Probe])
            }
            (Stage::Unwatched { misses }, Event::Silent) if misses + 1 >= MOST_MISSES => {
                self.go(Stage::Waiting, &[Act::Withdraw])
            }
            (Stage::Unwatched { misses }, Event::Silent) => {
                let stage = Stage::Unwatched { misses: misses + 1 };
                self.go(stage, &[Act::Probe])
            }

            (Stage::Starting | Stage::Serving { .. }, Event::Ended(trouble)) => {
                self.fail(trouble.clone(), now, chance)
            }
            (Stage::Starting | Stage::Serving { .. }, Event::Gone) => {
                self.fail(Trouble::new(Fault::Removed, "it is no more"), now, chance)
            }
            // Whoever hung was told why before it was ended; its end is no news.
            (Stage::Halting, Event::Stopped | Event::Ended(_) | Event::Gone | Event::Failed(_)) => {
                let trouble = self.trouble.clone();
                self.fail(trouble.unwrap_or_else(|| Trouble::new(Fault::Hung, "")), now, chance)
            }
            (Stage::Looking | Stage::Fetching | Stage::Making, Event::Failed(trouble)) => {
                self.fail(trouble.clone(), now, chance)
            }

            (Stage::Resting | Stage::Parked, Event::Due) => self.look(),
            // It could not be removed: what is left of it goes when the box looks around next.
            (Stage::Leaving, Event::Removed | Event::Gone | Event::Failed(_)) => self.go(Stage::Off, &[]),
            _ => Vec::new(),
        }
    }

    fn go(&mut self, stage: Stage, acts: &[Act]) -> Vec<Act> {
        self.stage = stage;
        self.due = None;
        acts.to_vec()
    }

    fn look(&mut self) -> Vec<Act> {
        self.go(Stage::Looking, &[Act::Look])
    }

    fn start(&mut self, now: Timestamp) -> Vec<Act> {
        let acts = self.go(Stage::Starting, &[Act::Probe]);
        self.due = Some(now.plus(STARTUP));
        acts
    }

    fn forget(&mut self) {
        self.failures.clear();
        self.trouble = None;
        self.on_probation = false;
    }

    fn fail(&mut self, trouble: Trouble, now: Timestamp, chance: f64) -> Vec<Act> {
        self.failures.retain(|at| now.since(*at) < WINDOW);
        if trouble.fault.remedy() == Remedy::Wait {
            self.trouble = Some(trouble);
            self.stage = Stage::Resting;
            self.due = Some(now.plus(NEXT_LOOK));
            return vec![Act::Withdraw];
        }
        self.failures.push(now);
        let count = self.failures.len();
        let parks = trouble.fault.remedy() == Remedy::Rest || self.on_probation || count >= MOST_FAILURES;
        self.trouble = Some(trouble);
        let pause = if parks {
            self.on_probation = true;
            self.stage = Stage::Parked;
            PARKED
        } else {
            self.stage = Stage::Resting;
            FIRST_REST * 2_u32.pow(count.saturating_sub(1) as u32)
        };
        self.due = Some(now.plus(pause.mul_f64(0.75 + chance / 2.0)));
        vec![Act::Withdraw, Act::KeepLog]
    }
}
