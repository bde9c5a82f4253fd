//! Removing from systemd, and asking it.

use super::on_systemd::{FAILED, LINGERS, RELOAD, RESET, RUNS, SHOW, UNIT, with_unit};
use super::stage::{Answer, Stage, no, yes};
use crate::service::outcome::{Scope, ServiceError};
use crate::service::systemd::control::Systemd;
use crate::service::systemd::unit;

const DISABLE: &str = "systemctl --user disable --now whisperengine.service";

#[tokio::test]
async fn it_is_stopped_and_forgotten_and_the_data_stays() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    let dir = stage.data_dir()?;
    dir.create()?;
    std::fs::write(dir.database_file(), "all that was said")?;
    stage.expect(&[
        (DISABLE, yes("")),
        (RELOAD, yes("")),
        (RESET, no("not loaded")),
        (LINGERS, yes("Linger=yes\n")),
    ]);
    let done = Systemd::new(&stage.ground()).remove().await?;
    stage.assert_played();
    assert!(done.changed && done.notes[0].contains("disable-linger"), "{done:?}");
    assert!(!stage.path(UNIT).exists());
    assert_eq!(std::fs::read_to_string(dir.database_file())?, "all that was said");
    Ok(())
}

#[tokio::test]
async fn a_box_that_cannot_be_stopped_keeps_its_unit() -> anyhow::Result<()> {
    for answer in [no("Access denied"), Answer::Hang] {
        let stage = Stage::with_systemd(1000)?;
        let text = with_unit(&stage)?;
        stage.expect(&[(DISABLE, answer)]);
        Systemd::new(&stage.ground()).remove().await.expect_err("it still runs");
        assert_eq!(std::fs::read_to_string(stage.path(UNIT))?, text);
    }
    Ok(())
}

#[tokio::test]
async fn nothing_to_remove_is_no_failure_and_asks_nobody() -> anyhow::Result<()> {
    let stage = Stage::new("linux", 1000)?;
    let done = Systemd::new(&stage.ground()).remove().await?;
    assert!(!done.changed && done.said.contains("no service"), "{done:?}");
    Ok(())
}

#[tokio::test]
async fn a_unit_of_somebody_else_is_never_stopped() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    std::fs::create_dir_all(stage.path("home/.config/systemd/user"))?;
    std::fs::write(stage.path(UNIT), "[Service]\nExecStart=/bin/true\n")?;
    let refused = Systemd::new(&stage.ground()).remove().await.expect_err("not ours");
    assert!(matches!(refused, ServiceError::Foreign(_)), "{refused}");
    assert!(stage.path(UNIT).exists());
    Ok(())
}

#[tokio::test]
async fn the_status_of_a_box_that_runs_and_of_one_that_failed() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    stage.expect(&[(SHOW, yes(RUNS)), (LINGERS, yes("Linger=yes\n"))]);
    let standing = Systemd::new(&stage.ground()).status().await?;
    assert!(standing.installed && standing.enabled && standing.running, "{standing:?}");
    assert_eq!((standing.pid, standing.starts_without_login), (Some(4321), Some(true)));
    assert!(standing.notes.is_empty());

    stage.expect(&[(SHOW, yes(FAILED)), (LINGERS, yes("Linger=no\n"))]);
    let standing = Systemd::new(&stage.ground()).status().await?;
    assert!(standing.installed && standing.enabled && !standing.running, "{standing:?}");
    assert!(standing.notes[0].contains("journalctl") && standing.notes[1].contains("enable-linger"));
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn a_crash_that_waits_for_its_restart_is_not_running() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    let waits = RUNS.replace("ActiveState=active", "ActiveState=activating");
    stage.expect(&[(SHOW, yes(&waits)), (LINGERS, yes("Linger=yes\n"))]);
    assert!(!Systemd::new(&stage.ground()).status().await?.running);
    Ok(())
}

#[tokio::test]
async fn the_status_without_systemd_or_without_a_unit_is_an_answer() -> anyhow::Result<()> {
    let stage = Stage::new("linux", 1000)?;
    let standing = Systemd::new(&stage.ground()).status().await?;
    assert!(!standing.installed && standing.notes[0].contains("no systemd"), "{standing:?}");
    let stage = Stage::with_systemd(1000)?;
    let standing = Systemd::new(&stage.ground()).status().await?;
    assert!(!standing.installed && standing.notes.is_empty(), "{standing:?}");
    Ok(())
}

#[tokio::test]
async fn a_user_is_told_of_the_machines_service() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    std::fs::create_dir_all(stage.path("root/etc/systemd/system"))?;
    let path = stage.path("root/etc/systemd/system/whisperengine.service");
    std::fs::write(&path, unit::render(&stage.launch(&[])?, Scope::System))?;
    let show = SHOW.replace(" --user", "");
    stage.expect(&[(&show, yes(RUNS))]);
    let standing = Systemd::new(&stage.ground()).status().await?;
    assert_eq!((standing.scope, standing.running, standing.unit), (Scope::System, true, path));
    let refused = Systemd::new(&stage.ground()).remove().await.expect_err("only root may");
    assert!(matches!(refused, ServiceError::OnMachine(_)), "{refused}");
    Ok(())
}
