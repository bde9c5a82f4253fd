//! How long somebody who guesses must wait: a few tries are free, then each costs twice the wait before.
//!
//! Pure: time comes in with each question. It forgets whoever has been quiet for a while, so it stays
//! small whatever is guessed.

use super::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// Failures that cost nothing: people mistype.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Short enough that nobody can be kept out of their own account for long.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);
const MOST_KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub struct Throttle {
    failures: HashMap<String, Failures>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Throttle {
    /// How long this key must still wait; zero where it may try.
    pub fn wait(&self, key: &str, now: Timestamp) -> Duration {
        let Some(failures) = self.failures.get(key) else { return Duration::ZERO };
        let Some(over) = failures.count.checked_sub(FREE) else { return Duration::ZERO };
        let wait = FIRST_WAIT.saturating_mul(1 << over.min(16)).min(LONGEST_WAIT);
        // A clock that was set back must not stretch the wait.
        wait.saturating_sub(now.since(failures.last)).min(wait)
    }

    pub fn failed(&mut self, key: &str, now: Timestamp) {
        if self.failures.len() >= MOST_KEPT && !self.failures.contains_key(key) {
            self.failures.retain(|_, failures| now.since(failures.last) < FORGOTTEN_AFTER);
        }
        if self.failures.len() >= MOST_KEPT && !self.failures.contains_key(key) {
            // Somebody tries names by the thousand: then the newest of them are not counted one by one.
            return;
        }
        let failures = self.failures.entry(key.to_owned()).or_insert(Failures { count: 0, last: now });
        if now.since(failures.last) >= FORGOTTEN_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub fn succeeded(&mut self, key: &str) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(1_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn failed(times: u32) -> Throttle {
        let mut throttle = Throttle::default();
        (0..times).for_each(|_| throttle.failed("ada", at(0)));
        throttle
    }

    #[test]
    fn each_failure_after_the_free_ones_doubles_the_wait_up_to_the_longest() {
        let waits = [4, 5, 6, 7, 11, 40].map(|times| failed(times).wait("ada", at(0)).as_secs());
        assert_eq!(waits, [0, 1, 2, 4, 60, 60]);
        assert_eq!(failed(6).wait("ada", at(1)), Duration::from_secs(1));
        assert_eq!(failed(6).wait("ada", at(2)), Duration::ZERO);
        assert_eq!(failed(40).wait("bob", at(0)), Duration::ZERO);
    }

    #[test]
    fn success_and_quiet_clear_the_slate() {
        let mut throttle = failed(9);
        throttle.succeeded("ada");
        assert_eq!(throttle.wait("ada", at(0)), Duration::ZERO);
        let mut throttle = failed(9);
        throttle.failed("ada", at(900));
        assert_eq!(throttle.wait("ada", at(900)), Duration::ZERO);
    }

    #[test]
    fn a_flood_of_names_takes_no_more_room_than_that() {
        let mut throttle = failed(9);
        (0..2 * MOST_KEPT).for_each(|n| throttle.failed(&format!("n{n}"), at(1)));
        assert_eq!(throttle.failures.len(), MOST_KEPT);
        assert!(throttle.wait("ada", at(1)) > Duration::ZERO);
    }
}
