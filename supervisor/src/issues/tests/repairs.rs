//! Each repair of the register, carried out: afterwards its issue is gone, and doing it again does no harm.

use super::super::centre::settle;
use super::super::checks;
use super::super::ground::{Ground, RepairError};
use super::super::kind::IssueKind;
use super::super::repairs::go_without;
use super::super::snapshot::{Silence, Snapshot};
use super::bench::{Bench, IMAGE, failed, well};
use super::registry::{at, case};
use crate::containers::state::State;
use crate::services::fault::Fault;
use crate::services::name::ServiceName;
use crate::services::upkeep::{Stage, Upkeep};
use crate::state::choices::Home;
use crate::state::journal::Step;
use engine::domain::time::Timestamp;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// A box with exactly this issue.
async fn bench(kind: IssueKind) -> Bench {
    let (name, upkeep) = match kind {
        IssueKind::Service(name, fault) => (name, failed(fault)),
        IssueKind::Waits(name) => (name, at(Stage::Waiting)),
        _ => (ServiceName::Redis, Upkeep::default()),
    };
    let mut snapshot = case(kind).await;
    // The bench shows this one itself.
    snapshot.services.retain(|view| Some(view.name) != kind.service());
    let bench = Bench::new(snapshot, name, upkeep).await;
    match kind {
        IssueKind::DataDirOpen => {
            let open = Permissions::from_mode(0o755);
            std::fs::set_permissions(bench.directory().root(), open).expect("the directory is ours");
        }
        IssueKind::Leftovers => {
            let begun = bench.state().begin(Step::Create, "redis", Timestamp(1)).await;
            let _open = begun.expect("written");
        }
        _ => {}
    }
    bench
}

async fn ids(bench: &Bench) -> Vec<String> {
    checks::run(&bench.look().await).into_iter().map(|issue| issue.id).collect()
}

#[tokio::test]
async fn each_repair_makes_its_issue_vanish_and_may_be_done_twice() {
    for kind in IssueKind::all().filter(|kind| kind.repair().is_some()) {
        let (bench, id) = (bench(kind).await, kind.id());
        assert_eq!(ids(&bench).await, [id.as_str()]);
        let before = bench.look().await;
        let done = settle(&bench, &before, &id).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(!done.is_empty() && !done.ends_with('.'), "{id}: {done}");
        assert_eq!(ids(&bench).await, Vec::<String>::new(), "{id}: {done}");

        // Two tabs: the second one still sees the issue, and a third knows better.
        settle(&bench, &before, &id).await.unwrap_or_else(|error| panic!("{id}, again: {error}"));
        assert_eq!(ids(&bench).await, Vec::<String>::new(), "{id}, again");
        let settled = settle(&bench, &bench.look().await, &id).await.expect("it is settled");
        assert_eq!(settled, "there is nothing to repair any more");
    }
}

#[tokio::test]
async fn what_only_somebody_else_can_settle_is_said_with_the_next_step() {
    for kind in IssueKind::all().filter(|kind| kind.repair().is_none()) {
        let bench = bench(kind).await;
        let refused = settle(&bench, &case(kind).await, &kind.id()).await;
        assert!(matches!(&refused, Err(RepairError::ByHand { next, .. }) if !next.is_empty()), "{refused:?}");
    }
    let bench = Bench::new(well(), ServiceName::Redis, Upkeep::default()).await;
    let unknown = settle(&bench, &well(), "nothing_of_ours").await;
    assert!(matches!(unknown, Err(RepairError::Unknown(id)) if id == "nothing_of_ours"));
}

#[tokio::test]
async fn nothing_is_called_settled_while_somebody_is_silent() {
    let bench = Bench::new(well(), ServiceName::Redis, Upkeep::default()).await;
    let snapshot =
        Snapshot { silent: vec![Silence { who: "the disk", why: "no answer".to_owned() }], ..well() };
    let unsure = settle(&bench, &snapshot, "data_dir_open").await;
    assert!(matches!(unsure, Err(RepairError::Unsure("the disk"))), "{unsure:?}");
}

#[tokio::test]
async fn looking_again_at_an_engine_that_is_still_gone_leaves_the_issue() {
    let bench = bench(IssueKind::ContainersLost).await;
    bench.kept().engine = State::Lost;
    settle(&bench, &bench.look().await, "containers_lost").await.expect("it was looked at");
    assert_eq!(ids(&bench).await, ["containers_lost"]);
}

#[tokio::test]
async fn trusting_an_image_forgets_that_one_and_no_other() {
    let bench = bench(IssueKind::Service(ServiceName::Redis, Fault::WrongDigest)).await;
    bench.retry(ServiceName::Redis).await;
    assert_eq!(ids(&bench).await, ["redis_wrong_digest"], "trying again alone does not mend it");
    settle(&bench, &bench.look().await, "redis_wrong_digest").await.expect("repaired");
    let state = bench.state();
    assert_eq!(state.known_image(IMAGE).await.expect("read"), None);
    assert!(state.known_image("postgres:18").await.expect("read").is_some());
}

#[tokio::test]
async fn resetting_forgets_all_images() {
    let bench = bench(IssueKind::Service(ServiceName::Engine, Fault::BuildFailed)).await;
    settle(&bench, &bench.look().await, "engine_build_failed").await.expect("repaired");
    for reference in [IMAGE, "postgres:18"] {
        assert_eq!(bench.state().known_image(reference).await.expect("read"), None);
    }
}

#[tokio::test]
async fn doing_without_is_a_choice_that_is_kept_and_is_never_offered_for_the_store() {
    let bench = bench(IssueKind::Service(ServiceName::Redis, Fault::OutOfMemory)).await;
    settle(&bench, &bench.look().await, "redis_out_of_memory").await.expect("repaired");
    assert_eq!(bench.state().choices().await.expect("read"), [(ServiceName::Redis, Home::Native)].into());
    let refused = go_without::repair(&bench, ServiceName::Postgres).await;
    assert!(matches!(refused, Err(RepairError::NoStandIn(ServiceName::Postgres))));
}

#[tokio::test]
async fn closing_the_directory_closes_it() {
    let bench = bench(IssueKind::DataDirOpen).await;
    settle(&bench, &bench.look().await, "data_dir_open").await.expect("repaired");
    let mode = std::fs::metadata(bench.directory().root()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn leftovers_are_settled_in_the_journal_and_not_without_an_engine() {
    let bench = bench(IssueKind::Leftovers).await;
    let seen = bench.look().await;
    bench.kept().snapshot.containers = super::bench::engine(State::Stopped);
    let refused = settle(&bench, &seen, "leftovers").await;
    assert!(matches!(refused, Err(RepairError::NoEngine)), "{refused:?}");
    bench.kept().snapshot.containers = super::bench::engine(State::Running);
    settle(&bench, &seen, "leftovers").await.expect("repaired");
    assert!(bench.state().open_intents().await.expect("read").is_empty());
}

#[tokio::test]
async fn a_repair_that_hangs_is_left_after_a_while() {
    let bench = Hanging(bench(IssueKind::ContainersStopped).await);
    let snapshot = case(IssueKind::ContainersStopped).await;
    tokio::time::pause();
    let hung = settle(&bench, &snapshot, "containers_stopped").await;
    assert!(matches!(hung, Err(RepairError::TookTooLong)), "{hung:?}");
}

/// A box whose look at container engines never ends.
struct Hanging(Bench);

impl Ground for Hanging {
    fn state(&self) -> &crate::state::open::State {
        self.0.state()
    }

    fn directory(&self) -> &crate::config::data_dir::DataDir {
        self.0.directory()
    }

    async fn image_of(&self, service: ServiceName) -> Option<String> {
        self.0.image_of(service).await
    }

    async fn retry(&self, service: ServiceName) {
        self.0.retry(service).await;
    }

    async fn choose(&self, service: ServiceName, home: Home) -> Result<(), crate::state::open::StateError> {
        self.0.choose(service, home).await
    }

    async fn look_again(&self) -> std::sync::Arc<crate::containers::detect::Detection> {
        std::future::pending().await
    }

    async fn tidy(&self) -> Option<Result<(), crate::services::fault::Trouble>> {
        self.0.tidy().await
    }
}
