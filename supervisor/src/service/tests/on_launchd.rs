//! The flows over a launchd that plays its part.

use super::stage::{Stage, no, yes};
use crate::service::launchd::{self, Launchd};
use crate::service::outcome::{Scope, ServiceError};

const PRINT: &str = "launchctl print gui/501/local.whisperengine";
const DISABLED: &str = "launchctl print-disabled gui/501";
const BOOTOUT: &str = "launchctl bootout gui/501/local.whisperengine";
const PLIST: &str = "home/Library/LaunchAgents/local.whisperengine.plist";
const RUNS: &str = "gui/501/local.whisperengine = {\n\tactive count = 1\n\tstate = running\n\tpid = 77\n\
     \tendpoints = {\n\t\tstate = idle\n\t}\n}\n";

fn with_list(stage: &Stage) -> anyhow::Result<()> {
    std::fs::create_dir_all(stage.path("home/Library/LaunchAgents"))?;
    Ok(std::fs::write(stage.path(PLIST), launchd::render(&stage.launch(&[])?, Scope::User))?)
}

fn bootstrap(stage: &Stage) -> String {
    format!("launchctl bootstrap gui/501 {}", stage.path(PLIST).display())
}

#[tokio::test]
async fn the_first_time_it_is_written_and_loaded() -> anyhow::Result<()> {
    let stage = Stage::new("macos", 501)?;
    let _box = stage.answering_box()?;
    stage.expect(&[
        (PRINT, no("Could not find service")),
        (DISABLED, yes("")),
        (&bootstrap(&stage), yes("")),
    ]);
    let launch = stage.launch(&[])?;
    let done = Launchd::new(&stage.ground()).install(&launch).await?;
    stage.assert_played();
    assert!(done.changed && done.notes[0].contains("log in"), "{done:?}");
    assert_eq!(std::fs::read_to_string(stage.path(PLIST))?, launchd::render(&launch, Scope::User));
    Ok(())
}

#[tokio::test]
async fn the_second_time_nothing_is_touched() -> anyhow::Result<()> {
    let stage = Stage::new("macos", 501)?;
    with_list(&stage)?;
    stage.expect(&[(PRINT, yes(RUNS)), (DISABLED, yes("\t\"local.whisperengine\" => enabled\n"))]);
    let done = Launchd::new(&stage.ground()).install(&stage.launch(&[])?).await?;
    stage.assert_played();
    assert!(!done.changed, "{done:?}");
    Ok(())
}

#[tokio::test]
async fn other_arguments_wait_until_the_old_job_is_gone() -> anyhow::Result<()> {
    let stage = Stage::new("macos", 501)?;
    with_list(&stage)?;
    let _box = stage.answering_box()?;
    stage.expect(&[
        (PRINT, yes(RUNS)),
        (DISABLED, yes("")),
        (BOOTOUT, yes("")),
        (PRINT, yes(RUNS)),
        (PRINT, no("Could not find service")),
        (&bootstrap(&stage), yes("")),
    ]);
    let done = Launchd::new(&stage.ground()).install(&stage.launch(&["--listen=127.0.0.1:1"])?).await?;
    stage.assert_played();
    assert!(done.changed, "{done:?}");
    Ok(())
}

#[tokio::test]
async fn a_job_that_ends_at_once_is_a_failure() -> anyhow::Result<()> {
    let stage = Stage::new("macos", 501)?;
    let stopped = RUNS.replace("state = running", "state = spawn scheduled");
    stage.expect(&[
        (PRINT, no("")),
        (DISABLED, yes("")),
        (&bootstrap(&stage), yes("")),
        (PRINT, yes(&stopped)),
    ]);
    let failed = Launchd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("it is down");
    assert!(matches!(failed, ServiceError::DidNotStayUp { .. }), "{failed}");
    Ok(())
}

#[tokio::test]
async fn status_and_removal() -> anyhow::Result<()> {
    let stage = Stage::new("macos", 501)?;
    with_list(&stage)?;
    stage.expect(&[(PRINT, yes(RUNS)), (DISABLED, yes("\t\"local.whisperengine\" => disabled\n"))]);
    let standing = Launchd::new(&stage.ground()).status().await?;
    assert_eq!((standing.installed, standing.enabled, standing.running), (true, false, true));
    assert_eq!((standing.pid, standing.starts_without_login), (Some(77), Some(false)));

    stage.expect(&[(PRINT, yes(RUNS)), (BOOTOUT, yes("")), (PRINT, no(""))]);
    assert!(Launchd::new(&stage.ground()).remove().await?.changed);
    stage.assert_played();
    assert!(!stage.path(PLIST).exists());
    assert!(!Launchd::new(&stage.ground()).remove().await?.changed);
    std::fs::write(stage.path(PLIST), "<plist/>")?;
    let refused = Launchd::new(&stage.ground()).remove().await.expect_err("not ours");
    assert!(matches!(refused, ServiceError::Foreign(_)), "{refused}");
    Ok(())
}
