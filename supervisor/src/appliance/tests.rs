//! What the system pages see of a box and do with it, without a container engine.

use super::services::Services;
use super::state::Appliance;
use crate::config::load::{self, SettingsFile, Surroundings};
use crate::config::values::Flags;
use crate::containers::watch::Watch;
use crate::jobs::board::Ended;
use crate::machine::hardware::Assumed;
use crate::machine::source::Machine;
use crate::secrets::credentials;
use engine::adapters::system::SystemClock;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio_util::task::TaskTracker;
use web::ports::system::{
    Choice, Home, Load, Log, LogWish, Logs as _, Outcome, Part, Refused, Repair, Service, Stage, System as _,
};

/// With nobody who looks for a container engine.
pub async fn appliance(root: &Path, runtime: &str) -> anyhow::Result<Appliance> {
    let set = |name: &str, value: &str| (format!("WHISPERENGINE_{name}"), value.to_owned());
    let environment = [set("DATA_DIR", &root.display().to_string()), set("RUNTIME", runtime)].into();
    let around = Surroundings { environment, machine: Machine::this() };
    let config = load::load(&around, &Flags::default(), Assumed::default(), SettingsFile::Read)?;
    config.data_dir.create()?;
    let (clock, tasks) = (Arc::new(SystemClock::default()), TaskTracker::new());
    let watch = Watch::disabled("nobody looks in this test");
    let credentials = credentials::open_or_make(&config.data_dir, None, &*clock)?;
    let seen = watch.subscribe();
    let services = Services::start(&config, &credentials, clock.clone(), seen, &tasks).await?;
    Ok(Appliance::new(config, "127.0.0.1:8080".parse()?, clock, watch, services))
}

/// Figures come when somebody looks, and a page waits for none.
async fn until_told(appliance: &Appliance, is_told: impl Fn(&Load) -> bool) -> Load {
    loop {
        let load = appliance.load().await;
        if is_told(&load) {
            return load;
        }
    }
}

async fn part(appliance: &Appliance, part: Part) -> Service {
    let health = appliance.health().await;
    health.services.into_iter().find(|service| service.part == part).expect("every part is told")
}

#[tokio::test]
async fn an_engine_that_is_not_up_is_told_and_nothing_is_made_up_about_the_rest() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "auto").await?;
    let health = appliance.health().await;
    assert!(health.is_complete && health.issues.iter().any(|issue| issue.id == "engine_unreachable"));
    assert!(matches!(part(&appliance, Part::Engine).await.stage, Stage::Silent(_)));
    for unheard in [Part::Store, Part::Cache, Part::Vectors] {
        assert_eq!(part(&appliance, unheard).await.stage, Stage::Unheard);
    }
    let store = part(&appliance, Part::Store).await;
    assert_eq!((store.kind.as_str(), store.home), ("sqlite", Home::Native));
    assert!(matches!(store.choice, Choice::Moves(_)), "{:?}", store.choice);
    let load = until_told(&appliance, |load| load.memory_own.is_some() && load.kept.is_some()).await;
    assert!(load.disk_free <= load.disk_total && load.memory_own < load.memory_total, "{load:?}");
    assert!(load.disk_free.is_some() && load.memory_own.is_some());
    Ok(())
}

#[tokio::test]
async fn a_cache_is_wanted_in_a_container_and_back_by_its_owners_word() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "auto").await?;
    let cache = part(&appliance, Part::Cache).await;
    assert_eq!((cache.name.as_str(), cache.kind.as_str(), cache.home), ("redis", "memory", Home::Native));
    assert!(matches!(cache.choice, Choice::Free { .. }), "{:?}", cache.choice);

    appliance.choose("redis", Home::Container).await?;
    let mut views = appliance.services().told.views.clone();
    views.wait_for(|views| !views.is_empty()).await?;
    let cache = part(&appliance, Part::Cache).await;
    assert_eq!((cache.kind.as_str(), cache.home, cache.stage), ("redis", Home::Container, Stage::Waiting));
    assert!(cache.container.is_some_and(|container| container.most_memory_bytes > Some(0)));
    // It waits, so there is nothing to try again.
    assert_eq!(appliance.retry("redis").await, Err(Refused::Unknown));

    appliance.choose("redis", Home::Native).await?;
    assert_eq!(part(&appliance, Part::Cache).await.home, Home::Native);
    for (name, home) in [("engine", Home::Container), ("moon", Home::Native), ("redis", Home::Elsewhere)] {
        assert_eq!(appliance.choose(name, home).await, Err(Refused::Unknown), "{name}");
    }
    for (home, why) in [(Home::Native, "there already"), (Home::Container, "no container engine is ready")] {
        let refused = appliance.choose("store", home).await;
        assert!(matches!(&refused, Err(Refused::Failed(said)) if said.contains(why)), "{refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_box_that_was_started_native_offers_no_container() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "native").await?;
    assert_eq!(part(&appliance, Part::Cache).await.choice, Choice::NativeOnly);
    assert_eq!(appliance.choose("redis", Home::Container).await, Err(Refused::Unknown));
    Ok(())
}

#[tokio::test]
async fn a_directory_that_is_open_to_others_is_closed_with_a_button() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "auto").await?;
    std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755))?;
    let repair = async || {
        let issues = appliance.health().await.issues;
        issues.into_iter().find(|issue| issue.id == "data_dir_open").map(|issue| issue.repair)
    };
    assert_eq!(repair().await, Some(Some(Repair::CloseDirectory)));
    appliance.repair("data_dir_open").await?;
    assert_eq!(std::fs::metadata(temp.path())?.permissions().mode() & 0o777, 0o700);
    assert_eq!(repair().await, None);
    assert_eq!(appliance.repair("data_dir_open").await, Ok(()), "what is settled stays so");
    assert_eq!(appliance.repair("nonsense").await, Err(Refused::Unknown));
    Ok(())
}

#[tokio::test]
async fn work_is_told_while_it_goes_on_and_how_it_ended_and_can_be_cancelled() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "auto").await?;
    let job = appliance.services().board.begin("image", "redis", "looking").await?;
    job.says("downloading", 7, Some(9));
    let told = appliance.jobs().await.pop().expect("a job");
    assert_eq!((told.stage.as_str(), told.done, told.total, &told.end), ("downloading", 7, Some(9), &None));
    appliance.cancel_job(&told.id)?;
    assert!(job.cancel().is_cancelled());
    job.end(Ended::Cancelled("on the owner's word".to_owned())).await?;
    let end = appliance.jobs().await.pop().and_then(|job| job.end).expect("it ended");
    assert_eq!(end.outcome, Outcome::Cancelled);
    assert_eq!(appliance.cancel_job(&told.id), Err(Refused::Unknown));
    Ok(())
}

#[tokio::test]
async fn the_log_is_read_from_the_boxes_own_folder() -> anyhow::Result<()> {
    let temp = tempfile::tempdir()?;
    let appliance = appliance(temp.path(), "auto").await?;
    std::fs::write(temp.path().join("logs/errors.log"), "odd\n")?;
    let piece = appliance.read(Log::Errors, LogWish { most: 5, ..LogWish::default() }).await?;
    assert_eq!(piece.lines.len(), 1);
    Ok(())
}
