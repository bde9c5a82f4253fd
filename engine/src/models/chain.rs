//! The ordered fallback over connections, as a planner: the turn asks for the next step, makes the
//! attempt itself, and comes back with what became of it.

use super::breaker::{Breaker, Permit};
use super::retry::RetryRules;
use crate::domain::connection::Connection;
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::models::{LanguageModel, ModelError};
use std::sync::Arc;
use std::time::Duration;

/// One connection, ready to be asked.
pub struct Link {
    pub connection: Connection,
    pub model: Arc<dyn LanguageModel>,
    pub breaker: Arc<Breaker>,
}

/// What the turn does next.
pub enum Step {
    /// Wait `after` (often zero), then begin an attempt.
    Try { link: Arc<Link>, after: Duration },
    /// The failure of the connection that was tried first, which is the one to tell about.
    GiveUp(ModelError),
}

pub struct Chain {
    links: Vec<Arc<Link>>,
    rules: RetryRules,
    clock: Arc<dyn Clock>,
    /// The next link that was not tried yet.
    next: usize,
    current: Option<Attempt>,
    first_failure: Option<ModelError>,
}

struct Attempt {
    link: Arc<Link>,
    /// Counts from 1 on the same link.
    number: u32,
    /// Whether others wait for how it ends.
    probe: bool,
}

impl Chain {
    /// `links` in the order they are tried.
    pub fn new(links: Vec<Arc<Link>>, rules: RetryRules, clock: Arc<dyn Clock>) -> Self {
        Self { links, rules, clock, next: 0, current: None, first_failure: None }
    }

    /// The first step with `None`, each further one with the failure of the last attempt. Once the
    /// person has seen words of it (`delivered_text`), no attempt takes its place.
    pub fn next(&mut self, failure: Option<&ModelError>, delivered_text: bool) -> Step {
        let attempt = self.current.take();
        if let Some(failure) = failure {
            let first = self.first_failure.get_or_insert_with(|| failure.clone()).clone();
            if let Some(attempt) = &attempt {
                self.report(&attempt.link.breaker, failure);
            }
            if delivered_text || stops(failure) {
                return Step::GiveUp(failure.clone());
            }
            if let Some(step) = attempt.and_then(|attempt| self.again(attempt, failure)) {
                return step;
            }
            return self.onward().unwrap_or(Step::GiveUp(first));
        }
        if let Some(attempt) = attempt {
            attempt.give_up(self.clock.now());
        }
        if self.links.is_empty() {
            return Step::GiveUp(ModelError::NoneConnected);
        }
        match self.onward() {
            Some(step) => step,
            None => Step::GiveUp(self.first_failure.clone().unwrap_or_else(|| self.resting())),
        }
    }

    /// The attempt's first words came: the connection is well.
    pub fn succeeded(&mut self) {
        if let Some(attempt) = &mut self.current {
            attempt.link.breaker.succeeded();
            attempt.probe = false;
        }
    }

    fn report(&self, breaker: &Breaker, failure: &ModelError) {
        if is_servers_fault(failure) {
            breaker.failed(self.clock.now());
        } else {
            breaker.succeeded();
        }
    }

    fn again(&mut self, attempt: Attempt, failure: &ModelError) -> Option<Step> {
        let others_left = self.next < self.links.len();
        let after = self.rules.wait(failure, attempt.number, others_left, &*self.clock)?;
        let probe = permitted(attempt.link.breaker.ask(self.clock.now()))?;
        let link = Arc::clone(&attempt.link);
        self.current = Some(Attempt { number: attempt.number + 1, probe, ..attempt });
        Some(Step::Try { link, after })
    }

    fn onward(&mut self) -> Option<Step> {
        while let Some(link) = self.links.get(self.next).cloned() {
            self.next += 1;
            let Some(probe) = permitted(link.breaker.ask(self.clock.now())) else { continue };
            self.current = Some(Attempt { link: Arc::clone(&link), number: 1, probe });
            return Some(Step::Try { link, after: Duration::ZERO });
        }
        None
    }

    /// Everything rests: until the first of them may be tried again.
    fn resting(&self) -> ModelError {
        let now = self.clock.now();
        let remaining = self.links.iter().map(|link| link.breaker.rests_for(now)).min();
        ModelError::Resting { remaining: remaining.unwrap_or_default() }
    }
}

impl Drop for Chain {
    /// A turn that was stopped leaves no probe open that others would wait for.
    fn drop(&mut self) {
        if let Some(attempt) = &self.current {
            attempt.give_up(self.clock.now());
        }
    }
}

impl Attempt {
    fn give_up(&self, now: Timestamp) {
        if self.probe {
            self.link.breaker.abandoned(now);
        }
    }
}

/// Whether the attempt is a probe; `None` where there may be none.
fn permitted(permit: Permit) -> Option<bool> {
    match permit {
        Permit::Go => Some(false),
        Permit::Probe => Some(true),
        Permit::Rest(_) => None,
    }
}

/// Failures that every other connection would share, or that are the answer.
fn stops(failure: &ModelError) -> bool {
    matches!(failure, ModelError::TooLong | ModelError::Rejected { .. } | ModelError::NoneConnected)
}

fn is_servers_fault(failure: &ModelError) -> bool {
    match failure {
        ModelError::ServerFailed { .. }
        | ModelError::Unreachable { .. }
        | ModelError::Silent { .. }
        | ModelError::Cut
        | ModelError::Nonsense { .. }
        | ModelError::TooLarge => true,
        ModelError::Unauthorized
        | ModelError::PaymentRequired
        | ModelError::UnknownModel { .. }
        | ModelError::TooLong
        | ModelError::RateLimited { .. }
        | ModelError::Rejected { .. }
        | ModelError::PicturesRejected { .. }
        | ModelError::Forbidden { .. }
        | ModelError::Resting { .. }
        | ModelError::NoneConnected => false,
    }
}
