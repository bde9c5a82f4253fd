//! Whether there is room for an image: what the disk lacks is said as soon as its size is told, and not when the disk is
//! full.

use crate::issues::checks::disk::LOW;
use crate::machine::source::DiskSpace;
use crate::services::fault::{Fault, Trouble};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const MEGABYTE: u64 = 1_000_000;
/// Where there is to be room.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// Where the container engine keeps its images; where that cannot be looked at, nothing is refused.
    pub root: Option<&'a Path>,
    /// What has to stay free there, for the box to go on.
    pub reserve: u64,
    pub disk: fn(&Path) -> Option<DiskSpace>,
}

impl<'a> Room<'a> {
    /// `own` is where the box keeps its data: only an image on the same disk can take the room of what is said.
    pub fn of(root: Option<&'a Path>, own: &Path, disk: fn(&Path) -> Option<DiskSpace>) -> Self {
        let device = |path: &Path| std::fs::metadata(path).map(|about| about.dev()).ok();
        let shares = root.is_some_and(|root| device(root) == device(own));
        Self { root, reserve: if shares { LOW } else { 0 }, disk }
    }

    /// Refuses what would not fit.
    pub fn check(self, needs: u64) -> Result<(), Trouble> {
        let space = self.root.and_then(self.disk).filter(|space| space.total_bytes > 0);
        let Some(DiskSpace { free_bytes, .. }) = space else { return Ok(()) };
        if free_bytes >= needs.saturating_add(self.reserve) {
            return Ok(());
        }
        let beside = match self.reserve {
            0 => String::new(),
            reserve => format!(" beside the {} MB that stay free", reserve / MEGABYTE),
        };
        let said = format!("it needs {} MB{beside}, and has {} MB", needs / MEGABYTE, free_bytes / MEGABYTE);
        Err(Trouble::new(Fault::DiskFull, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_beside_the_reserve_is_refused_with_both_numbers() {
        let somewhere = Some(Path::new("/somewhere"));
        let full = |_: &Path| Some(DiskSpace { total_bytes: 9 * LOW, free_bytes: LOW + 99 * MEGABYTE });
        let room = Room { root: somewhere, reserve: LOW, disk: full };
        assert_eq!(room.check(99 * MEGABYTE), Ok(()));
        let refused = room.check(100 * MEGABYTE).expect_err("a megabyte too much");
        assert_eq!(refused.fault, Fault::DiskFull);
        assert_eq!(refused.detail, "it needs 100 MB beside the 1073 MB that stay free, and has 1172 MB");
        let elsewhere = Room { reserve: 0, ..room };
        assert_eq!(elsewhere.check(1000 * MEGABYTE), Ok(()));
        let refused = elsewhere.check(1200 * MEGABYTE).expect_err("more than there is");
        assert_eq!(refused.detail, "it needs 1200 MB, and has 1172 MB");
        assert_eq!(Room { root: None, ..room }.check(u64::MAX), Ok(()));
        assert_eq!(Room { disk: |_| None, ..room }.check(u64::MAX), Ok(()));
        let silent = |_: &Path| Some(DiskSpace { total_bytes: 0, free_bytes: 0 });
        assert_eq!(Room { disk: silent, ..room }.check(u64::MAX), Ok(()));
    }

    #[test]
    fn only_an_image_on_the_same_disk_leaves_a_reserve() -> std::io::Result<()> {
        let temp = tempfile::tempdir()?;
        let reserve = |root: Option<&Path>| Room::of(root, temp.path(), |_| None).reserve;
        assert_eq!(reserve(Some(temp.path())), LOW);
        assert_eq!(
            [reserve(Some(Path::new("/proc"))), reserve(Some(Path::new("/nowhere"))), reserve(None)],
            [0; 3]
        );
        Ok(())
    }
}
