//! Whose rights a machine-wide service gets.

use super::stage::{Stage, no, yes};
use crate::service::account;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const STRANGER: u32 = 54321;

#[tokio::test]
async fn the_owner_of_the_data_directory_is_who_it_runs_as() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(0)?;
    let dir = stage.data_dir()?;
    dir.create()?;
    // Only root can give it away; anybody else owns it already.
    let mut owner = rustix::process::geteuid().as_raw();
    if owner == 0 {
        owner = STRANGER;
        std::os::unix::fs::chown(dir.root(), Some(owner), Some(owner))?;
    }
    let chosen = account::choose(&stage.ground(), None, &dir).await?.map(|account| account.name);
    assert_eq!(chosen, Some(owner.to_string()), "a number where the name is not known");
    std::fs::create_dir_all(stage.path("root/etc"))?;
    std::fs::write(
        stage.path("root/etc/passwd"),
        format!("root:x:0:0::/root:/bin/sh\nada:x:{owner}:1:::\n"),
    )?;
    let chosen = account::choose(&stage.ground(), None, &dir).await?.map(|account| account.name);
    assert_eq!(chosen.as_deref(), Some("ada"));

    stage.expect(&[("id -u eve", yes("99\n")), ("id -g eve", yes("99\n"))]);
    let refused = account::choose(&stage.ground(), Some("eve"), &dir).await.expect_err("it is Ada's");
    assert!(refused.to_string().contains("belongs to ada"), "{refused}");
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn a_name_is_looked_up_before_it_is_written_anywhere() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(0)?;
    let dir = stage.data_dir()?;
    stage.expect(&[("id -u nobody-here", no("no such user"))]);
    let refused = account::choose(&stage.ground(), Some("nobody-here"), &dir).await.expect_err("unknown");
    assert!(refused.to_string().contains("no account nobody-here"), "{refused}");
    for name in ["", "-u", "a b", "ada\nExecStart=/bin/sh", "%h"] {
        let refused = account::choose(&stage.ground(), Some(name), &dir).await.expect_err("no name");
        assert!(refused.to_string().contains("no name of an account"), "{refused}");
    }
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn without_root_nobody_else_can_be_named_and_nobody_has_to() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    let dir = stage.data_dir()?;
    assert_eq!(account::choose(&stage.ground(), None, &dir).await?, None);
    let refused = account::choose(&stage.ground(), Some("ada"), &dir).await.expect_err("not root");
    assert!(refused.to_string().contains("for root"), "{refused}");
    Ok(())
}

#[test]
fn a_new_place_is_closed_and_an_old_one_keeps_its_rights() -> anyhow::Result<()> {
    let stage = Stage::with_systemd(1000)?;
    let dir = stage.data_dir()?;
    account::make_place(&dir, None)?;
    assert_eq!(std::fs::metadata(dir.root())?.mode() & 0o777, 0o700);
    std::fs::set_permissions(dir.root(), std::fs::Permissions::from_mode(0o750))?;
    account::make_place(&dir, None)?;
    assert_eq!(std::fs::metadata(dir.root())?.mode() & 0o777, 0o750);
    Ok(())
}
