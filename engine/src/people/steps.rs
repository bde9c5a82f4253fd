//! The way through the set-up once there is an owner, kept so that it can be left and taken up again.

use crate::domain::ids::TenantId;
use crate::ports::access::Settings;
use crate::ports::clock::Clock;
use crate::ports::error::Stored;
use std::sync::Arc;

const KEY: &str = "setup_step";

/// In the order they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Keeping the recovery code.
    Recovery,
    /// Seeing what the box found.
    Machine,
    /// Connecting a language model, or not yet.
    Model,
    Done,
}

#[derive(Clone)]
pub struct Steps {
    pub settings: Arc<dyn Settings>,
    pub clock: Arc<dyn Clock>,
}

impl Steps {
    /// The first that is open. None is where nobody was guided through them.
    pub async fn next(&self, tenant: TenantId) -> Stored<Step> {
        Ok(match self.settings.get(tenant, KEY).await?.as_deref() {
            Some("recovery") => Step::Recovery,
            Some("machine") => Step::Machine,
            Some("model") => Step::Model,
            Some(_) | None => Step::Done,
        })
    }

    pub async fn begin_with(&self, tenant: TenantId, step: Step) -> Stored<()> {
        let name = match step {
            Step::Recovery => "recovery",
            Step::Machine => "machine",
            Step::Model => "model",
            Step::Done => "done",
        };
        self.settings.set(tenant, KEY, name, self.clock.now()).await
    }

    /// On to what comes after `step`, and never back to what was left behind.
    pub async fn done(&self, tenant: TenantId, step: Step) -> Stored<()> {
        let after = match step {
            Step::Recovery => Step::Machine,
            Step::Machine => Step::Model,
            Step::Model | Step::Done => Step::Done,
        };
        if self.next(tenant).await? < after { self.begin_with(tenant, after).await } else { Ok(()) }
    }
}
