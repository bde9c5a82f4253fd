//! Each row of the register has a case here: a kind without one does not compile, and one that its snapshot does
//! not raise fails.

use super::super::checks;
use super::super::kind::{IssueKind, Repair, Severity};
use super::super::snapshot::{Directory, EngineSeen, Memory, Silence, Snapshot};
use super::bench::{NOW, engine, failed, view, well};
use crate::containers::state::State;
use crate::services::fault::Fault;
use crate::services::name::ServiceName;
use crate::services::upkeep::{Stage, Upkeep};
use crate::services::view::{NoCard, ServiceView};
use crate::state::jobs::JobRow;
use crate::state::open::State as Records;
use engine::domain::time::Timestamp;
use engine_client::wire::setup::{SetupState, SetupStep};
use engine_client::wire::status::PartStatus;
use std::collections::BTreeSet;

/// The least that has to be wrong for this issue.
pub async fn case(kind: IssueKind) -> Snapshot {
    let mut snapshot = well();
    match kind {
        IssueKind::Configuration => snapshot.warnings.push("odd".to_owned()),
        IssueKind::EngineDoesNotStart => snapshot.engine = EngineSeen::DoesNotStart("no".to_owned()),
        IssueKind::EngineUnreachable => snapshot.engine = EngineSeen::Down("no".to_owned()),
        IssueKind::Unanswered => {
            snapshot.silent.push(Silence { who: "the disk", why: "no answer".to_owned() });
        }
        IssueKind::StoreUnreachable => parts(&mut snapshot, "store"),
        IssueKind::CacheUnreachable => parts(&mut snapshot, "cache"),
        IssueKind::PartUnreachable => parts(&mut snapshot, "vectors"),
        IssueKind::NoOwner => {
            snapshot.setup = Some(SetupState { has_owner: false, connections: 0, next: SetupStep::Owner });
        }
        IssueKind::NoModel => {
            snapshot.setup = Some(SetupState { has_owner: true, connections: 0, next: SetupStep::Model });
        }
        IssueKind::DiskLow => snapshot.disk_free_bytes = Some((1 << 30) - 1),
        IssueKind::MemoryLow => {
            snapshot.memory = Some(Memory { available_bytes: 200 << 20, total_bytes: 8 << 30 });
        }
        IssueKind::DataDirOpen => snapshot.directory = Some(Directory::Open),
        IssueKind::DataDirUnreadable => snapshot.directory = Some(Directory::Unreadable("no".to_owned())),
        IssueKind::ContainersNotInstalled => snapshot.containers = engine(State::NotInstalled),
        IssueKind::ContainersStopped => snapshot.containers = engine(State::Stopped),
        IssueKind::ContainersStarting => snapshot.containers = engine(State::Starting),
        IssueKind::ContainersPermissionDenied => snapshot.containers = engine(State::PermissionDenied),
        IssueKind::ContainersApiTooOld => snapshot.containers = engine(State::ApiTooOld),
        IssueKind::ContainersClientTooOld => snapshot.containers = engine(State::ClientTooOld),
        IssueKind::ContainersNotDocker => snapshot.containers = engine(State::NotDocker),
        IssueKind::ContainersDegraded => snapshot.containers = engine(State::Degraded),
        IssueKind::ContainersLost => snapshot.containers = engine(State::Lost),
        IssueKind::ContainersDisabled => snapshot.containers = engine(State::Disabled),
        IssueKind::Service(name, fault) => snapshot.services.push(view(name, &failed(fault))),
        IssueKind::Waits(name) => {
            let needs =
                name.needs().iter().map(|need| view(*need, &at(Stage::Serving { since: NOW, misses: 0 })));
            snapshot.services.extend(needs);
            snapshot.services.push(view(name, &at(Stage::Waiting)));
        }
        IssueKind::JobFailed => snapshot.jobs.push(job("failed")),
        IssueKind::Leftovers => snapshot.left_open = cut_off().await,
    }
    snapshot
}

pub fn at(stage: Stage) -> Upkeep {
    Upkeep { stage, ..Upkeep::default() }
}

fn parts(snapshot: &mut Snapshot, name: &str) {
    let EngineSeen::Up(status) = &mut snapshot.engine else { return };
    let (name, detail) = (name.to_owned(), "no answer".to_owned());
    status.parts.push(PartStatus { name, ok: false, needed: false, detail });
}

fn job(outcome: &str) -> JobRow {
    JobRow {
        id: "1".to_owned(),
        kind: "backup".to_owned(),
        subject: "everything".to_owned(),
        stage: "writing".to_owned(),
        done: 0,
        total: None,
        begun_at: NOW.0 - 3,
        moved_at: NOW.0 - 2,
        ended_at: Some(NOW.0 - 2),
        outcome: Some(outcome.to_owned()),
        detail: None,
    }
}

/// What an earlier start of the box left open.
async fn cut_off() -> Vec<crate::state::journal::Open> {
    let temp = tempfile::tempdir().expect("a directory");
    let records = Records::open(&temp.path().join("appliance.db")).await.expect("opened");
    let begun = records.begin(crate::state::journal::Step::Create, "redis", Timestamp(1)).await;
    let _open = begun.expect("written");
    records.open_intents().await.expect("read")
}

/// All kinds, one after the other: a new one has to be put into this chain, and so into the register.
fn after(kind: IssueKind) -> Option<IssueKind> {
    use IssueKind as K;
    Some(match kind {
        K::Configuration => K::EngineDoesNotStart,
        K::EngineDoesNotStart => K::EngineUnreachable,
        K::EngineUnreachable => K::Unanswered,
        K::Unanswered => K::StoreUnreachable,
        K::StoreUnreachable => K::CacheUnreachable,
        K::CacheUnreachable => K::PartUnreachable,
        K::PartUnreachable => K::NoOwner,
        K::NoOwner => K::NoModel,
        K::NoModel => K::DiskLow,
        K::DiskLow => K::MemoryLow,
        K::MemoryLow => K::DataDirOpen,
        K::DataDirOpen => K::DataDirUnreadable,
        K::DataDirUnreadable => K::ContainersNotInstalled,
        K::ContainersNotInstalled => K::ContainersStopped,
        K::ContainersStopped => K::ContainersStarting,
        K::ContainersStarting => K::ContainersPermissionDenied,
        K::ContainersPermissionDenied => K::ContainersApiTooOld,
        K::ContainersApiTooOld => K::ContainersClientTooOld,
        K::ContainersClientTooOld => K::ContainersNotDocker,
        K::ContainersNotDocker => K::ContainersDegraded,
        K::ContainersDegraded => K::ContainersLost,
        K::ContainersLost => K::ContainersDisabled,
        K::ContainersDisabled => K::JobFailed,
        K::JobFailed => K::Leftovers,
        K::Leftovers => K::Waits(ServiceName::Postgres),
        K::Waits(ServiceName::Postgres) => K::Waits(ServiceName::Redis),
        K::Waits(ServiceName::Redis) => K::Waits(ServiceName::Engine),
        K::Waits(ServiceName::Engine) => K::Waits(ServiceName::Voice),
        K::Waits(ServiceName::Voice) => K::Service(ServiceName::ALL[0], Fault::ALL[0]),
        K::Service(name, fault) => {
            let mut rest = ServiceName::ALL
                .into_iter()
                .flat_map(|name| Fault::ALL.into_iter().map(move |fault| (name, fault)))
                .skip_while(|one| *one != (name, fault))
                .skip(1);
            let (name, fault) = rest.next()?;
            K::Service(name, fault)
        }
    })
}

#[test]
fn the_register_has_every_kind_once_under_a_name_of_its_own() {
    let all: Vec<_> = IssueKind::all().collect();
    let chain: Vec<_> = std::iter::successors(Some(IssueKind::Configuration), |kind| after(*kind)).collect();
    assert_eq!(all, chain);
    let names: BTreeSet<_> = all.iter().map(|kind| kind.id()).collect();
    assert_eq!(names.len(), all.len());
    for kind in all {
        let id = kind.id();
        assert_eq!(IssueKind::parse(&id), Some(kind));
        assert!(id.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{id}");
        let next = kind.next();
        assert!(!next.is_empty() && !next.ends_with('.'), "{id}: {next}");
    }
    assert_eq!(IssueKind::parse("redis"), None);
    assert_eq!(IssueKind::Service(ServiceName::Redis, Fault::NameTaken).id(), "redis_name_taken");
}

#[tokio::test]
async fn a_box_that_is_well_has_no_issue_and_each_case_raises_its_own_and_no_other() {
    assert_eq!(checks::run(&well()), []);
    for kind in IssueKind::all() {
        let found = checks::run(&case(kind).await);
        let ids: Vec<_> = found.iter().map(|issue| issue.id.as_str()).collect();
        assert_eq!(ids, [kind.id()]);
        assert_eq!((found[0].severity, found[0].repair), (kind.severity(), kind.repair()));
        assert!(!found[0].what.is_empty() && !found[0].what.ends_with('.'), "{}", found[0].what);
    }
}

#[test]
fn the_state_of_the_container_engine_matters_only_where_containers_are_wanted() {
    for state in State::BY_WORTH {
        let wanted = Snapshot { containers: engine(state), ..well() };
        assert_eq!(checks::run(&wanted).len(), usize::from(state != State::Running), "{state:?}");
        let unwanted = Snapshot { containers_wanted: false, ..wanted };
        assert_eq!(checks::run(&unwanted), [], "{state:?}");
    }
}

#[test]
fn a_service_that_serves_again_is_no_issue_though_its_trouble_is_remembered() {
    let mut snapshot = well();
    let stage = Stage::Serving { since: NOW, misses: 0 };
    snapshot.services.push(view(ServiceName::Redis, &Upkeep { stage, ..failed(Fault::Crashed) }));
    assert!(snapshot.services[0].trouble.is_some());
    assert_eq!(checks::run(&snapshot), []);
}

#[test]
fn a_service_that_serves_without_the_graphics_card_it_could_have_says_so_and_can_be_tried_again() {
    let serving = Upkeep { stage: Stage::Serving { since: NOW, misses: 0 }, ..Upkeep::default() };
    for (lacks, words) in [
        (NoCard::Refused("no driver".to_owned()), "would not hand it over (no driver)"),
        (NoCard::CameLater, "was made when"),
    ] {
        let mut snapshot = well();
        snapshot.services.push(ServiceView { lacks_card: Some(lacks), ..view(ServiceName::Voice, &serving) });
        let found = checks::run(&snapshot);
        assert_eq!((found.len(), found[0].id.as_str()), (1, "voice_graphics_refused"));
        assert_eq!((found[0].severity, found[0].repair), (Severity::Note, Some(Repair::TryAgain)));
        assert!(found[0].what.contains(words), "{}", found[0].what);
    }
}

#[test]
fn what_a_reference_pins_cannot_be_trusted_away() {
    let mut snapshot = well();
    let mut pinned = view(ServiceName::Redis, &failed(Fault::WrongDigest));
    assert_eq!(IssueKind::Service(ServiceName::Redis, Fault::WrongDigest).repair(), Some(Repair::TrustImage));
    pinned.image = "redis@sha256:0".to_owned();
    snapshot.services.push(pinned);
    assert_eq!(checks::run(&snapshot)[0].repair, None);
}

#[test]
fn only_the_last_job_of_its_kind_counts_and_only_for_a_day() {
    let ids = |jobs: Vec<JobRow>| checks::run(&Snapshot { jobs, ..well() }).len();
    assert_eq!(ids(vec![job("done"), job("failed")]), 0);
    assert_eq!(ids(vec![job("failed"), job("done")]), 1);
    assert_eq!(ids(vec![job("interrupted")]), 0);
    let old = JobRow { ended_at: Some(NOW.0 - 25 * 3_600_000_000), ..job("failed") };
    assert_eq!(ids(vec![old]), 0);
    let for_nobody = JobRow { kind: "image".to_owned(), subject: "redis".to_owned(), ..job("failed") };
    assert_eq!(ids(vec![for_nobody]), 0, "nobody wants that service any more");
}

#[tokio::test]
async fn a_step_of_this_start_of_the_box_is_under_way_and_not_left_over() {
    let mut snapshot = case(IssueKind::Leftovers).await;
    snapshot.started_at = Some(Timestamp(0));
    assert_eq!(checks::run(&snapshot), []);
}

#[tokio::test]
async fn a_service_that_waits_for_what_is_told_elsewhere_or_has_only_begun_is_no_issue() {
    let waits = || case(IssueKind::Waits(ServiceName::Engine));
    let just_started = Snapshot { started_at: Some(Timestamp(NOW.0 - 1_000)), ..waits().await };
    assert_eq!(checks::run(&just_started), []);
    let mut needy = waits().await;
    needy.services[0] = view(ServiceName::Postgres, &at(Stage::Starting));
    assert_eq!(checks::run(&needy), []);
}

#[test]
fn a_box_that_has_only_begun_to_look_says_nothing_of_container_engines() {
    let mut snapshot = well();
    snapshot.containers = crate::containers::detect::Detection::bare(State::Starting, "still looking");
    assert_eq!(checks::run(&snapshot), []);
}

#[test]
fn the_worst_comes_first() {
    let snapshot = Snapshot {
        warnings: vec!["odd".to_owned()],
        engine: EngineSeen::Down("no".to_owned()),
        silent: vec![Silence { who: "the disk", why: "no answer".to_owned() }],
        ..well()
    };
    let found = checks::run(&snapshot);
    let ids: Vec<_> = found.iter().map(|issue| issue.id.as_str()).collect();
    assert_eq!(ids, ["engine_unreachable", "configuration", "unanswered"]);
}
