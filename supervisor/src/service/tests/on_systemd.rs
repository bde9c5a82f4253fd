//! Installing with a systemd that plays its part, and with one that does not.

use super::stage::{Answer, Stage, no, yes};
use crate::instance::Instance;
use crate::service::outcome::{Scope, ServiceError};
use crate::service::systemd::control::Systemd;
use crate::service::systemd::unit;

pub const SHOW: &str = "systemctl --user show whisperengine.service \
     --property=LoadState,UnitFileState,ActiveState,MainPID,NeedDaemonReload";
pub const RELOAD: &str = "systemctl --user daemon-reload";
pub const RESET: &str = "systemctl --user reset-failed whisperengine.service";
pub const LINGERS: &str = "loginctl show-user 1000 --property=Linger";
const ENABLE: &str = "systemctl --user enable whisperengine.service";
const START: &str = "systemctl --user start whisperengine.service";
const RESTART: &str = "systemctl --user restart whisperengine.service";
const LINGER: &str = "loginctl --no-ask-password enable-linger 1000";
pub const UNIT: &str = "home/.config/systemd/user/whisperengine.service";

const NONE: &str =
    "LoadState=not-found\nUnitFileState=\nActiveState=inactive\nMainPID=0\nNeedDaemonReload=no\n";
pub const RUNS: &str =
    "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nMainPID=4321\nNeedDaemonReload=no\n";
pub const FAILED: &str =
    "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nMainPID=0\nNeedDaemonReload=no\n";

/// Installed, as by hand: the unit is on the disk.
pub fn with_unit(stage: &Stage) -> anyhow::Result<String> {
    let text = unit::render(&stage.launch(&[])?, Scope::User);
    std::fs::create_dir_all(stage.path("home/.config/systemd/user"))?;
    std::fs::write(stage.path(UNIT), &text)?;
    Ok(text)
}

#[tokio::test]
async fn the_first_time_it_is_written_enabled_started_and_lingers() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    let _box = stage.answering_box()?;
    stage.expect(&[
        (SHOW, yes(NONE)),
        (RELOAD, yes("")),
        (ENABLE, yes("")),
        (RESET, no("not loaded")),
        (START, yes("")),
        (LINGERS, no("User ID 1000 is not logged in or lingering")),
        (LINGER, yes("")),
    ]);
    let launch = stage.launch(&["--listen=127.0.0.1:9000"])?;
    let done = Systemd::new(&stage.ground()).install(&launch).await?;
    stage.assert_played();
    assert!(done.changed && done.notes.is_empty(), "{done:?}");
    assert_eq!(std::fs::read_to_string(stage.path(UNIT))?, unit::render(&launch, Scope::User));
    assert_eq!(
        std::fs::read_dir(stage.path("home/.config/systemd/user"))?.count(),
        1,
        "nothing is left over"
    );
    Ok(())
}

#[tokio::test]
async fn the_second_time_nothing_is_touched_and_it_says_so() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    let before = std::fs::metadata(stage.path(UNIT))?.modified()?;
    stage.expect(&[(SHOW, yes(RUNS)), (LINGERS, yes("Linger=yes\n"))]);
    let done = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await?;
    stage.assert_played();
    assert!(!done.changed && done.said.contains("nothing was changed"), "{done:?}");
    assert_eq!(std::fs::metadata(stage.path(UNIT))?.modified()?, before);
    Ok(())
}

#[tokio::test]
async fn other_arguments_restart_the_box_with_them() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    let _box = stage.answering_box()?;
    stage.expect(&[
        (SHOW, yes(RUNS)),
        (RELOAD, yes("")),
        (RESET, yes("")),
        (RESTART, yes("")),
        (LINGERS, yes("Linger=yes\n")),
    ]);
    let done = Systemd::new(&stage.ground()).install(&stage.launch(&["--runtime=native"])?).await?;
    stage.assert_played();
    assert!(done.changed && done.said.contains("is changed"), "{done:?}");
    assert!(std::fs::read_to_string(stage.path(UNIT))?.contains("--runtime=native\n"));
    Ok(())
}

#[tokio::test]
async fn a_linger_that_is_refused_becomes_a_note_with_the_command() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    stage.expect(&[(SHOW, yes(RUNS)), (LINGERS, yes("Linger=no\n")), (LINGER, no("Access denied"))]);
    let done = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await?;
    assert!(done.notes[0].contains("sudo loginctl enable-linger 1000"), "{done:?}");
    Ok(())
}

#[tokio::test]
async fn a_box_that_does_not_stay_up_is_a_failure_with_the_way_to_its_log() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    stage.expect(&[(SHOW, yes(FAILED)), (RESET, yes("")), (START, yes("")), (SHOW, yes(FAILED))]);
    let failed = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("it is down");
    assert!(failed.to_string().contains("journalctl --user --unit whisperengine.service"), "{failed}");
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn a_start_that_fails_is_told_in_systemds_words() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    with_unit(&stage)?;
    stage.expect(&[(SHOW, yes(FAILED)), (RESET, yes("")), (START, no("Job failed.\nSee the log."))]);
    let failed = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("no start");
    let told = failed.to_string();
    assert!(told.contains("Job failed. See the log.") && told.contains("journalctl"), "{told}");
    Ok(())
}

#[tokio::test]
async fn without_systemd_it_says_how_to_start_by_hand_and_makes_nothing() -> anyhow::Result<()> {
    let stage = Stage::new("linux", 1000)?;
    let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("no systemd");
    let told = refused.to_string();
    assert!(told.contains("/opt/whisperengine up --data-dir") && told.contains("container"), "{told}");
    assert!(!stage.path("home").exists() && !stage.data_dir()?.root().exists());
    Ok(())
}

#[tokio::test]
async fn a_users_manager_that_cannot_be_reached_is_told_before_anything_is_written() -> anyhow::Result<()> {
    for answer in [no("Failed to connect to bus: No medium found"), Answer::Hang] {
        let stage = Stage::with_systemd(1000)?;
        stage.expect(&[(SHOW, answer)]);
        let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("no bus");
        assert!(matches!(refused, ServiceError::Refused { .. } | ServiceError::Unanswered(_)), "{refused}");
        assert!(!stage.path("home").exists() && !stage.data_dir()?.root().exists());
    }
    Ok(())
}

#[tokio::test]
async fn a_unit_or_a_link_of_somebody_else_is_left_as_it_is() -> anyhow::Result<()> {
    for is_link in [false, true] {
        let stage = Stage::with_systemd(1000)?;
        std::fs::create_dir_all(stage.path("home/.config/systemd/user"))?;
        let theirs = if is_link { stage.path("theirs") } else { stage.path(UNIT) };
        std::fs::write(&theirs, "[Service]\nExecStart=/bin/true\n")?;
        if is_link {
            std::os::unix::fs::symlink(&theirs, stage.path(UNIT))?;
        }
        stage.expect(&[(SHOW, yes(NONE))]);
        let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("not ours");
        assert!(matches!(refused, ServiceError::Foreign(_)), "{refused}");
        assert_eq!(std::fs::read_to_string(&theirs)?, "[Service]\nExecStart=/bin/true\n");
    }
    Ok(())
}

#[tokio::test]
async fn a_masked_unit_is_told_with_the_way_out() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    stage.expect(&[(SHOW, yes("LoadState=masked\nUnitFileState=masked\nActiveState=inactive\n"))]);
    let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("masked");
    assert!(refused.to_string().contains("systemctl --user unmask"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_box_started_by_hand_is_named_before_anything_is_written() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    let dir = stage.data_dir()?;
    dir.create()?;
    let _by_hand = Instance::claim(&dir)?;
    stage.expect(&[(SHOW, yes(NONE))]);
    let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("in use");
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    assert!(!stage.path(UNIT).exists());
    Ok(())
}

#[tokio::test]
async fn one_service_for_the_machine_is_enough() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    std::fs::create_dir_all(stage.path("root/etc/systemd/system"))?;
    let text = unit::render(&stage.launch(&[])?, Scope::System);
    std::fs::write(stage.path("root/etc/systemd/system/whisperengine.service"), text)?;
    let refused = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("one is there");
    assert!(matches!(refused, ServiceError::OnMachine(_)), "{refused}");
    Ok(())
}

#[tokio::test]
async fn root_installs_for_the_machine_and_needs_no_linger() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(0)?;
    let _box = stage.answering_box()?;
    let show = SHOW.replace(" --user", "");
    stage.expect(&[
        (&show, yes(NONE)),
        ("systemctl daemon-reload", yes("")),
        ("systemctl enable whisperengine.service", yes("")),
        ("systemctl reset-failed whisperengine.service", yes("")),
        ("systemctl start whisperengine.service", yes("")),
    ]);
    let done = Systemd::new(&stage.ground()).install(&stage.launch(&[])?).await?;
    stage.assert_played();
    assert_eq!((done.scope, done.changed), (Scope::System, true));
    assert!(stage.path("root/etc/systemd/system/whisperengine.service").is_file());
    Ok(())
}
