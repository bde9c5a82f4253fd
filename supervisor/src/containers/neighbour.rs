//! Whether an engine runs where the box does, in the same container: only then does each mean the same by a path as the other.
//!
//! That the kernel tells the number of its process is not enough. Of processes in another space it tells none, but a
//! container may have been given the machine's own space, and sees the machine's engine in it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

/// `root` is where this process's own file system begins.
pub async fn is_neighbour(socket: &Path, root: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket).await else { return false };
    let peer = stream.peer_cred();
    // A call that asks for nothing would be odd; what is answered does not matter here.
    let _ = stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    let pid = peer.ok().and_then(|peer| peer.pid()).filter(|pid| *pid > 0);
    pid.is_some_and(|pid| is_among_us(root, &pid.to_string()))
}

fn is_among_us(root: &Path, pid: &str) -> bool {
    let of = |who: &str, what: &str| root.join("proc").join(who).join(what);
    let place = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino()));
    match place(&of(pid, "root")) {
        // An engine without root has mounts of its own over the same files, so that the number of its space of mounts says
        // less than where its files begin.
        Ok(theirs) => place(root).is_ok_and(|ours| ours == theirs),
        // Another user's are closed to us; the control groups are not, and each container has its own.
        Err(_) => {
            let groups = |who| std::fs::read_to_string(of(who, "cgroup")).unwrap_or_default();
            let ours = groups("self");
            !ours.is_empty() && ours == groups(pid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tokio::net::UnixListener;

    /// Whoever listens there is this process, of which these files tell.
    async fn is_met(tell: impl FnOnce(&Path, &Path)) -> bool {
        let temp = tempfile::tempdir().expect("a directory");
        let (socket, root) = (temp.path().join("engine.sock"), temp.path().join("ours"));
        let process = root.join("proc").join(std::process::id().to_string());
        for folder in [&process, &root.join("proc/self"), &temp.path().join("theirs")] {
            std::fs::create_dir_all(folder).expect("made");
        }
        let _listening = UnixListener::bind(&socket).expect("a socket");
        tell(&root, &process);
        is_neighbour(&socket, &root).await
    }

    fn groups(root: &Path, process: &Path, ours: &str, theirs: &str) {
        std::fs::write(root.join("proc/self/cgroup"), ours).expect("written");
        std::fs::write(process.join("cgroup"), theirs).expect("written");
    }

    #[tokio::test]
    async fn a_process_that_is_seen_is_a_neighbour_only_if_its_files_begin_where_ours_do() {
        assert!(is_met(|root, process| symlink(root, process.join("root")).expect("a link")).await);
        // As with `--pid=host`: the machine's engine is seen, and has the machine's files.
        let machines = |root: &Path, process: &Path| {
            symlink(root.with_file_name("theirs"), process.join("root")).expect("a link");
            groups(root, process, "0::/\n", "0::/\n");
        };
        assert!(!is_met(machines).await);
        assert!(!is_met(|_, _| ()).await, "nothing is told of it");
    }

    #[tokio::test]
    async fn where_its_files_are_closed_to_us_its_control_groups_must_be_ours() {
        let met = async |ours: &str, theirs: &str| {
            is_met(|root, process| groups(root, process, ours, theirs)).await
        };
        assert!(met("0::/\n", "0::/\n").await);
        assert!(!met("0::/\n", "0::/../../system.slice/docker.service\n").await);
        assert!(!met("4:memory:/docker/4f5e\n", "4:memory:/system.slice/docker.service\n").await);
        assert!(!met("", "").await, "nothing is no sign");
    }
}
