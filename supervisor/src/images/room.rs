//! Whether there is room for an image before any of it is fetched: what the disk lacks is said at the beginning, not in
//! the middle.

use crate::issues::checks::disk::LOW;
use crate::machine::source::DiskSpace;
use crate::services::fault::{Fault, Trouble};
use std::path::Path;

const MEGABYTE: u64 = 1_000_000;
/// What the layers and what is unpacked of them take together, generously. Registries tell sizes only to whoever signs in
/// with them, so those that the box uses by itself are known here.
const KNOWN: [(&str, u64); 2] =
    [("docker.io/library/redis", 250 * MEGABYTE), ("docker.io/library/postgres", 700 * MEGABYTE)];

/// `None`: nobody knows how large it is.
pub fn known(reference: &str) -> Option<u64> {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    // A tag stands behind the last part of the name; a port does not.
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let is_it = |whole: &str| whole == name || whole.strip_prefix("docker.io/library/") == Some(name);
    KNOWN.iter().find(|(whole, _)| is_it(whole)).map(|(_, bytes)| *bytes)
}

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
    fn the_boxes_own_choices_are_known_under_every_name_they_have() {
        for name in [
            "docker.io/library/redis:8",
            "redis",
            "redis:8-alpine",
            "docker.io/library/redis@sha256:0a",
            "docker.io/library/redis:8@sha256:0a",
        ] {
            assert_eq!(known(name), Some(250 * MEGABYTE), "{name}");
        }
        for name in ["127.0.0.1:5000/redis", "127.0.0.1:5000/redis:8", "redis-stack", "ghcr.io/a/postgres:17"]
        {
            assert_eq!(known(name), None, "{name}");
        }
    }

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
