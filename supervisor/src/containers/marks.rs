//! Whether a place where engines listen has come, gone or changed, for a few calls of the kernel.

use super::endpoint::Endpoint;
use super::named;
use super::places::Around;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The same number as long as nothing there is another file.
pub async fn marks(around: &Around) -> u64 {
    let around = around.clone();
    // A disk that is gone holds up nobody but whoever asks.
    let marks = tokio::task::spawn_blocking(move || {
        let mut all = DefaultHasher::new();
        for path in places(&around) {
            mark(&path).hash(&mut all);
            path.hash(&mut all);
        }
        all.finish()
    });
    marks.await.unwrap_or_default()
}

fn places(around: &Around) -> Vec<PathBuf> {
    let candidates = named::named(around).into_iter().chain(around.usual());
    let sockets = candidates.filter_map(|candidate| match candidate.endpoint {
        Endpoint::Socket(path) => Some(path),
        _ => None,
    });
    sockets.collect()
}

/// Another socket, another mode or owner, another moment.
fn mark(path: &Path) -> Option<[i64; 6]> {
    let about = path.metadata().ok()?;
    let numbers = [about.ino(), about.dev(), u64::from(about.mode()), u64::from(about.gid())];
    let [inode, device, mode, group] = numbers.map(u64::cast_signed);
    Some([inode, device, mode, group, about.ctime(), about.ctime_nsec()])
}
