//! What was only needed for a while: files under `temp/` go once they have reached their age.
//!
//! Only there, and never through a link: what a link points to is not ours.

use crate::config::areas::Cleanup;
use engine::ports::clock::Clock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Sweeps at the start and then at the configured interval.
pub async fn run(folders: [PathBuf; 2], rules: Cleanup, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut due = tokio::time::interval(rules.interval);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = due.tick() => {}
        }
        let now = u64::try_from(clock.now().0).unwrap_or(0);
        let older_than =
            SystemTime::UNIX_EPOCH + Duration::from_micros(now).saturating_sub(rules.temp_file_age);
        for folder in folders.clone() {
            let swept = tokio::task::spawn_blocking(move || sweep(&folder, older_than)).await;
            match swept {
                Ok(Ok(0)) => {}
                Ok(Ok(files)) => tracing::info!("removed {files} temporary files that were old enough"),
                Ok(Err(error)) => tracing::warn!(error = %error, "temporary files could not be removed"),
                Err(error) => tracing::warn!(error = %error, "temporary files could not be looked through"),
            }
        }
    }
}

/// Removes files last written before `older_than`, and folders that have become empty; returns how many files.
fn sweep(folder: &Path, older_than: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let about = entry.metadata()?;
        if kind.is_dir() {
            removed += sweep(&path, older_than)?;
            // A folder in use is not empty, or has just been written to.
            if about.modified()? < older_than && std::fs::read_dir(&path)?.next().is_none() {
                std::fs::remove_dir(&path)?;
            }
        } else if about.modified()? < older_than {
            std::fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    fn touch(path: &Path, seconds_after_epoch: u64) {
        let file = File::create(path).expect("the folder is ours");
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds_after_epoch);
        file.set_modified(then).expect("the file is ours");
    }

    #[test]
    fn files_older_than_the_limit_vanish_and_others_stay() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("half")).expect("a fresh name");
        touch(&at("old"), 99);
        touch(&at("half/old"), 99);
        touch(&at("young"), 100);
        let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
        touch(&elsewhere.path().join("kept"), 1);
        std::os::unix::fs::symlink(elsewhere.path(), at("link")).expect("a fresh name");

        let limit = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(sweep(folder.path(), limit).expect("all ours"), 2);
        assert!(at("young").exists() && !at("old").exists() && !at("half/old").exists());
        assert!(elsewhere.path().join("kept").exists());
    }
}
