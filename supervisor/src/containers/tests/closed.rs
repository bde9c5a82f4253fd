//! Places that are closed to us, also where the tests run as root: there a thread gives its rights away.

use super::engine::{DOCKER, Mood, Sockets};
use crate::containers::endpoint::Endpoint;
use crate::containers::places::tests::around;
use crate::containers::probe::probe;
use crate::containers::state::{State, Verdict};
use rustix::process::{Gid, Uid};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NOBODY: u32 = 65534;

fn close(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// What a user who may do nothing here is told. On Linux a thread has rights of its own, and its children too.
fn asked_by_nobody(path: PathBuf) -> Verdict {
    let asking = move || {
        if rustix::process::geteuid().is_root() {
            rustix::thread::set_thread_groups(&[]).expect("root may");
            let (group, user) = (Gid::from_raw(NOBODY), Uid::from_raw(NOBODY));
            rustix::thread::set_thread_res_gid(group, group, group).expect("root may");
            rustix::thread::set_thread_res_uid(user, user, user).expect("root may");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let around = around(Path::new("/nowhere"), "linux", &[]);
        runtime.block_on(probe(&Endpoint::Socket(path), &around, Duration::from_secs(2)))
    };
    std::thread::spawn(asking).join().expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_socket_says_whose_it_is() {
    let mut sockets = Sockets::new();
    close(sockets.root(), 0o755);
    let path = sockets.open("closed.sock", Some(Mood::sound(DOCKER)));
    close(&path, 0o666);
    assert_eq!(asked_by_nobody(path.clone()).state, State::Running, "open to everybody");
    // Its own owner may still use what is closed to others: this is closed to everybody but root.
    close(&path, 0o000);
    let verdict = asked_by_nobody(path);
    assert_eq!(verdict.state, State::PermissionDenied);
    let owner = rustix::process::geteuid().as_raw();
    for word in
        [format!("socket belongs to user {owner} and group"), "(mode 0)".into(), "Add the user".into()]
    {
        assert!(verdict.detail.contains(&word), "{word} is missing in {}", verdict.detail);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_folder_is_told_from_an_empty_one() {
    let mut sockets = Sockets::new();
    close(sockets.root(), 0o755);
    let path = sockets.open("closed/below/engine.sock", Some(Mood::sound(DOCKER)));
    close(&path, 0o666);
    let folder = sockets.root().join("closed");
    close(&folder, 0o755);
    close(&folder.join("below"), 0o755);
    assert_eq!(asked_by_nobody(path.clone()).state, State::Running, "open to everybody");
    close(&folder, 0o000);
    let denied = asked_by_nobody(path);
    let absent = asked_by_nobody(folder.join("absent.sock"));
    close(&folder, 0o700);
    assert_eq!((denied.state, absent.state), (State::PermissionDenied, State::PermissionDenied));
    let said = format!("the folder {} is closed to this user", folder.display());
    assert_eq!((&denied.detail, &absent.detail), (&said, &said));
}
