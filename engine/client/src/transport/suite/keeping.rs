//! What a long body leaves behind: nothing on the disk, nothing open, little in memory. Each test has a process of its own,
//! since these belong to the whole process.

use super::child::{NAME, Socket, place};
use super::service::{HOLDS, LISTENS, Manner, TRANSCRIBE};
use super::world::{BOUND, STANDBY, World, halting, recording, soon, told};
use http_body_util::BodyExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

const ALONE: &str = "WHISPERENGINE_TEST_ALONE";
const LONG: usize = 25;
/// What a call may add to a process that passes 25 MiB on: the mebibyte in memory, and what is on its way.
const ROOM_KIB: u64 = 10 * 1024;

/// Runs a test in a new process whose folder for temporary files is this one.
async fn alone(name: &str, temp: &Path, test: impl Future<Output = ()>) {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == *name) {
        return test.await;
    }
    let ran = Command::new(std::env::current_exe().expect("a test is a program"))
        .args([&format!("{}::{name}", place(module_path!())), "--exact", "--nocapture"])
        .envs([(ALONE, name.as_ref()), ("TMPDIR", temp.as_os_str())])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(BOUND * 3, ran).await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// Files that are open and have no name any more.
fn nameless() -> usize {
    open().iter().filter(|file| file.to_string_lossy().ends_with(" (deleted)")).count()
}

fn open() -> Vec<PathBuf> {
    let all = std::fs::read_dir("/proc/self/fd").expect("a list").flatten();
    all.filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect()
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("it is there").count()
}

/// The most this process ever held in memory.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is ours");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_long_body_that_is_sent_twice_leaves_nothing() {
    let temp = tempfile::tempdir().expect("a folder");
    alone("a_long_body_that_is_sent_twice_leaves_nothing", temp.path(), async {
        let temp = std::env::temp_dir();
        let mut world = World::start(Socket::Tcp, Manner::Answers).await;
        let (open_before, files_before, peak_before) = (open().len(), files(&temp), peak_kib());
        let (body, digest, gate) = halting(LONG, LONG - 1);
        let asking = world.send(TRANSCRIBE, body);
        let killing = async {
            for _ in 0..LONG - 1 {
                world.child.until(LISTENS).await;
            }
            assert_eq!((nameless(), files(&temp)), (1, files_before), "kept without a name");
            world.child.kill().await;
            gate.open();
        };
        let (answer, ()) = tokio::join!(told(asking), killing);
        assert_eq!(answer, (format!("{STANDBY} {} {digest}", LONG << 20), Ok(())));
        let grown = peak_kib() - peak_before;
        assert!(grown < ROOM_KIB, "it took {grown} KiB");
        assert_eq!((nameless(), files(&temp)), (0, files_before));
        assert!(open().len() <= open_before, "{:?}", open());
    })
    .await;
}

#[tokio::test]
async fn once_the_answer_begins_nothing_is_kept_any_more() {
    let temp = tempfile::tempdir().expect("a folder");
    alone("once_the_answer_begins_nothing_is_kept_any_more", temp.path(), async {
        // It does not wait for the end of the recording, which is far away.
        let world = World::start(Socket::Tcp, Manner::AnswersAtOnce).await;
        let (body, _digest, gate) = halting(LONG, 3);
        let answer = soon(world.send(TRANSCRIBE, body)).await.expect("it answers");
        assert_eq!(nameless(), 0);
        let said = soon(answer.collect()).await.expect("a whole answer").to_bytes();
        assert!(said.starts_with(NAME.as_bytes()));
        assert_eq!(Arc::strong_count(&gate), 1, "nobody waits for the rest of it");
        assert_eq!((nameless(), world.stood_in()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn where_nothing_can_be_kept_a_body_passes_once() {
    let nowhere = Path::new("/proc/nowhere");
    alone("where_nothing_can_be_kept_a_body_passes_once", nowhere, async {
        let world = World::start(Socket::Tcp, Manner::Answers).await;
        let (body, digest) = recording(3);
        let answer = told(world.send(TRANSCRIBE, body)).await;
        assert_eq!(answer, (format!("{NAME} {} {digest}", 3 << 20), Ok(())));

        let mut world = World::start(Socket::Tcp, Manner::StaysSilent).await;
        let (body, _digest) = recording(3);
        let asking = world.send(TRANSCRIBE, body);
        let killing = async {
            world.child.until(HOLDS).await;
            world.child.kill().await;
        };
        let ((said, end), ()) = tokio::join!(told(asking), killing);
        assert!(said.is_empty() && end.is_err(), "{said}");
        assert_eq!(world.stood_in(), 0, "the rest of it is not the whole");
    })
    .await;
}
