//! The journal's side of each change to a container engine: written down before the call is made, and what came of it
//! after.

use super::fault::Trouble;
use super::hands::unwritten;
use crate::state::journal::Step;
use crate::state::open::State;
use engine::ports::clock::Clock;

pub struct Intents<'a> {
    pub state: &'a State,
    pub clock: &'a dyn Clock,
    pub unwritten: Unwritten,
}

/// What becomes of a change that cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// A box that lives on has to know what it was at.
    IsNotMade,
    /// Only for what can be begun again by looking, whatever became of it.
    IsMade,
}

impl Intents<'_> {
    pub async fn intend<T>(
        &self,
        step: Step,
        subject: &str,
        call: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let intent = match self.state.begin(step, subject, self.clock.now()).await {
            Ok(intent) => Some(intent),
            Err(error) if self.unwritten == Unwritten::IsNotMade => return Err(unwritten(&error)),
            Err(_) => None,
        };
        let done = call.await;
        let outcome = done.as_ref().map_or_else(|trouble| trouble.fault.as_str(), |_| "done");
        if let Some(intent) = intent
            && let Err(error) = self.state.end(intent, outcome, self.clock.now()).await
            && self.unwritten == Unwritten::IsNotMade
        {
            return Err(unwritten(&error));
        }
        done
    }
}
