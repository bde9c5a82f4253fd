//! What the rest of the box calls: which issues there are, and the repair of one.

use super::checks;
use super::gather;
use super::ground::{Ground, RepairError};
use super::issue::Issue;
use super::kind::{IssueKind, Repair};
use super::repairs::{
    begin_empty, close_directory, go_without, look_again, remove_leftovers, reset_images, trust_image,
    try_again,
};
use super::snapshot::{EngineSeen, Snapshot};
use crate::appliance::state::Appliance;
use crate::config::data_dir::DataDir;
use crate::config::load::Config;
use crate::containers::detect::Detection;
use crate::services::fault::Trouble;
use crate::services::name::ServiceName;
use crate::state::choices::Home;
use crate::state::open::{State, StateError};
use std::sync::Arc;
use std::time::Duration;

/// A page waits for nobody longer.
const PAGE: Duration = Duration::from_millis(250);
/// Whoever pressed a button waits longer for what it is about.
const BUTTON: Duration = Duration::from_secs(2);
const LONGEST_REPAIR: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(2);

/// The worst first. Answers within a moment, whatever hangs.
pub async fn found(appliance: &Appliance) -> Vec<Issue> {
    checks::run(&gather::here(appliance, PAGE).await)
}

/// Does what the issue of that id offers, and says in a sentence what was done. What is settled already stays so.
pub async fn repair(appliance: &Appliance, id: &str) -> Result<String, RepairError> {
    let snapshot = gather::here(appliance, BUTTON).await;
    settle(appliance, &snapshot, id).await
}

/// The same where no box runs: only what needs none.
pub async fn repair_alone(config: &Config, id: &str) -> Result<String, RepairError> {
    let engine = Err(EngineSeen::Down("it is not up".to_owned()));
    let snapshot = gather::alone(config, engine, BUTTON).await;
    match offered(&snapshot, id)? {
        None => Ok(SETTLED.to_owned()),
        Some((_, Repair::CloseDirectory)) => close_directory::repair(&config.data_dir).await,
        Some(_) => Err(RepairError::NotRunning),
    }
}

const SETTLED: &str = "there is nothing to repair any more";

pub(super) async fn settle(
    ground: &impl Ground,
    snapshot: &Snapshot,
    id: &str,
) -> Result<String, RepairError> {
    let Some((kind, repair)) = offered(snapshot, id)? else { return Ok(SETTLED.to_owned()) };
    let repaired = tokio::time::timeout(LONGEST_REPAIR, carry_out(ground, kind, repair)).await;
    let done = repaired.map_err(|_| RepairError::TookTooLong)??;
    tracing::info!("repaired on the owner's word: {id}: {done}");
    Ok(done)
}

/// `None`: there is no such issue any more.
fn offered(snapshot: &Snapshot, id: &str) -> Result<Option<(IssueKind, Repair)>, RepairError> {
    let kind = IssueKind::parse(id).ok_or_else(|| RepairError::Unknown(id.to_owned()))?;
    match checks::run(snapshot).into_iter().find(|issue| issue.id == id) {
        Some(Issue { repair: Some(repair), .. }) => Ok(Some((kind, repair))),
        Some(Issue { id, next, .. }) => Err(RepairError::ByHand { id, next }),
        None => match snapshot.silent.first() {
            Some(silence) => Err(RepairError::Unsure(silence.who)),
            None => Ok(None),
        },
    }
}

async fn carry_out(ground: &impl Ground, kind: IssueKind, repair: Repair) -> Result<String, RepairError> {
    match (repair, kind.service()) {
        (Repair::TryAgain, Some(service)) => Ok(try_again::repair(ground, service).await),
        (Repair::TrustImage, Some(service)) => trust_image::repair(ground, service).await,
        (Repair::ResetImages, Some(service)) => reset_images::repair(ground, service).await,
        (Repair::BeginEmpty, Some(service)) => begin_empty::repair(ground, service).await,
        (Repair::GoWithout, Some(service)) => go_without::repair(ground, service).await,
        (Repair::LookAgain, _) => Ok(look_again::repair(ground).await),
        (Repair::CloseDirectory, _) => close_directory::repair(ground.directory()).await,
        (Repair::RemoveLeftovers, _) => remove_leftovers::repair(ground).await,
        (
            Repair::TryAgain
            | Repair::TrustImage
            | Repair::ResetImages
            | Repair::BeginEmpty
            | Repair::GoWithout,
            None,
        ) => Err(RepairError::ByHand { id: kind.id(), next: kind.next().to_owned() }),
    }
}

impl Ground for Appliance {
    fn state(&self) -> &State {
        &self.services().state
    }

    fn directory(&self) -> &DataDir {
        &self.config().data_dir
    }

    async fn image_of(&self, service: ServiceName) -> Option<String> {
        self.services().image_of(service).await
    }

    async fn retry(&self, service: ServiceName) {
        self.services().retry(service).await;
    }

    async fn choose(&self, service: ServiceName, home: Home) -> Result<(), StateError> {
        self.services().choose(service, home).await
    }

    async fn look_again(&self) -> Arc<Detection> {
        self.containers().look_again(LOOK).await
    }

    async fn tidy(&self) -> Option<Result<(), Trouble>> {
        self.services().tidy().await
    }
}
