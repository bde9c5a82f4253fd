//! Whether there is room for an image: what the disk lacks is said as soon as its size is told, and not when the disk is
//! full.

use crate::issues::checks::disk::LOW;
use crate::machine::source::DiskSpace;
use crate::services::fault::{Fault, Trouble};
use std::path::Path;

const MEGABYTE: u64 = 1_000_000;
/// Refuses what would leave less free than the box needs to go on. `root` is where the container engine keeps its images;
/// where that cannot be looked at, nothing is refused.
pub fn check(needs: u64, root: Option<&Path>, disk: fn(&Path) -> Option<DiskSpace>) -> Result<(), Trouble> {
    let space = root.and_then(disk).filter(|space| space.total_bytes > 0);
    let Some(DiskSpace { free_bytes, .. }) = space else { return Ok(()) };
    if free_bytes >= needs.saturating_add(LOW) {
        return Ok(());
    }
    let said = format!(
        "it needs {} MB beside the {} MB that stay free, and has {} MB",
        needs / MEGABYTE,
        LOW / MEGABYTE,
        free_bytes / MEGABYTE
    );
    Err(Trouble::new(Fault::DiskFull, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_beside_the_reserve_is_refused_with_both_numbers() {
        let root = Some(Path::new("/somewhere"));
        let full = |_: &Path| Some(DiskSpace { total_bytes: 9 * LOW, free_bytes: LOW + 99 * MEGABYTE });
        assert_eq!(check(99 * MEGABYTE, root, full), Ok(()));
        let refused = check(100 * MEGABYTE, root, full).expect_err("a megabyte too much");
        assert_eq!(refused.fault, Fault::DiskFull);
        assert_eq!(refused.detail, "it needs 100 MB beside the 1073 MB that stay free, and has 1172 MB");
        assert_eq!(check(u64::MAX, None, full), Ok(()));
        assert_eq!(check(u64::MAX, root, |_| None), Ok(()));
        assert_eq!(check(u64::MAX, root, |_| Some(DiskSpace { total_bytes: 0, free_bytes: 0 })), Ok(()));
    }
}
