//! Removes what was found. What comes first is what would be lost track of: things in the container engine, then the
//! service, and the directory with the box's records last, so that whatever cuts this off, it can be begun again.

use super::found::Found;
use crate::config::data_dir::DataDir;
use crate::daemon::belongings::Belonging;
use crate::daemon::labels::Labels;
use crate::service::manager::Manager;
use crate::services::fault::{Fault, Trouble};
use crate::services::intents::{Intents, Unwritten};
use crate::state::journal::Step;
use anyhow::Context as _;
use engine::ports::clock::Clock;
use std::io;
use std::path::Path;
use std::time::Duration;

/// From the polite word to the hard one.
const GRACE: Duration = Duration::from_secs(10);

pub struct Removal<'a> {
    pub found: &'a Found,
    pub manager: Option<&'a Manager<'a>>,
    pub clock: &'a dyn Clock,
    pub keep_data: bool,
}

impl Removal<'_> {
    /// All but the directory. Returns what is left for people to know.
    pub async fn carry_out(&self) -> anyhow::Result<Vec<String>> {
        if let (Some(state), Some((daemon, there))) = (&self.found.records, &self.found.engine) {
            // Removing needs no room: an intent that a full disk does not take is done without. It would only say where
            // a removal was cut off, and the next one finds that by looking, as this one did.
            let intents = Intents { state, clock: self.clock, unwritten: Unwritten::IsMade };
            for one in &there.containers {
                let stopping = async { gone(daemon.stop(&one.id, GRACE).await) };
                named(one, intents.intend(Step::Stop, &one.name, stopping).await)?;
                let removing = async { gone(daemon.remove(&one.id).await) };
                named(one, intents.intend(Step::Remove, &one.name, removing).await)?;
            }
            for one in &there.networks {
                let removing = async { gone(daemon.remove_network(&one.id).await) };
                named(one, intents.intend(Step::RemoveNetwork, &one.name, removing).await)?;
            }
            for one in there.volumes.iter().filter(|_| !self.keep_data) {
                let removing = async { gone(daemon.remove_volume(&one.id).await) };
                named(one, intents.intend(Step::RemoveVolume, &one.name, removing).await)?;
            }
            if !self.keep_data || there.volumes.is_empty() {
                // Whoever removes what was kept needs no engine that has nothing more to tell.
                let left = std::future::ready(Ok(()));
                intents.intend(Step::Leave, &Labels::new(state.box_id()).network(), left).await?;
            }
        }
        match (self.manager, &self.found.unit) {
            (Some(manager), Some(unit)) => {
                let done = manager.remove(&self.found.root).await;
                Ok(done.with_context(|| format!("{} cannot be removed", unit.display()))?.notes)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// Somebody else may have removed it meanwhile.
fn gone(done: Result<(), Trouble>) -> Result<(), Trouble> {
    match done {
        Err(trouble) if trouble.fault == Fault::Removed => Ok(()),
        other => other,
    }
}

fn named(one: &Belonging, done: Result<(), Trouble>) -> anyhow::Result<()> {
    done.with_context(|| format!("{} cannot be removed", one.name))
}

/// What the box made in its directory, and the directory where nothing else is in it. Returns what is somebody else's and
/// stays.
pub fn remove_directory(dir: &DataDir) -> io::Result<Vec<String>> {
    for own in dir.own() {
        remove(&own)?;
    }
    let root = dir.root();
    let left = match std::fs::read_dir(root) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if left.is_empty() {
        std::fs::remove_dir(root)?;
    }
    Ok(left.into_iter().map(|entry| entry.path().display().to_string()).collect())
}

/// Never through a link.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_box_made_goes_and_nothing_behind_a_link() -> anyhow::Result<()> {
        let (temp, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let dir = DataDir::at(&temp.path().join("box"))?;
        dir.create()?;
        std::fs::write(dir.database_file(), "")?;
        std::fs::write(dir.appliance_database(), "")?;
        std::fs::write(dir.root().join("appliance.db-wal"), "")?;
        std::fs::write(elsewhere.path().join("theirs"), "")?;
        std::fs::write(dir.root().join("holiday.jpg"), "")?;
        std::fs::remove_dir_all(dir.backups())?;
        std::os::unix::fs::symlink(elsewhere.path(), dir.backups())?;
        let left = remove_directory(&dir)?;
        assert_eq!(left, [dir.root().join("holiday.jpg").display().to_string()]);
        assert!(elsewhere.path().join("theirs").exists());
        assert_eq!(std::fs::read_dir(dir.root())?.count(), 1);
        std::fs::remove_file(dir.root().join("holiday.jpg"))?;
        assert!(remove_directory(&dir)?.is_empty() && !dir.root().exists());
        assert!(remove_directory(&dir)?.is_empty(), "once more changes nothing");
        Ok(())
    }
}
