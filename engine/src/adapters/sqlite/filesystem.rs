//! Which file systems cannot keep a database: those whose locks or shared memory are a promise only.
//!
//! In go the text of `/proc/self/mountinfo` and an absolute path, out comes the type of an unfit file
//! system, if the path lies on one. A pure function: reading the table is the caller's part.

use std::path::{Path, PathBuf};

/// Over a network, or shared between a virtual machine and its host.
const UNFIT: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "virtiofs",
    "fakeowner",
    "vboxsf",
    "prl_fs",
    "vmhgfs",
    "ceph",
    "glusterfs",
    "lustre",
    "afs",
    "coda",
    "ncpfs",
    "davfs",
    "beegfs",
    "pvfs2",
    "gpfs",
    "fuse.sshfs",
    "fuse.grpcfuse",
    "fuse.osxfs",
    "fuse.osxfs-cached",
    "fuse.fakeowner",
    "fuse.virtiofs",
    "fuse.vmhgfs-fuse",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.ceph-fuse",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.gcsfuse",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.nfs",
    "fuse.smbnetfs",
    "fuse.moosefs",
    "fuse.juicefs",
];

/// The type of the file system under `path`, where no database may live on it.
pub fn unfit_under(mountinfo: &str, path: &Path) -> Option<String> {
    let kind = type_under(mountinfo, path)?;
    UNFIT.contains(&kind.as_str()).then_some(kind)
}

/// The innermost mount wins; of two on one place, the later one, which hides the other.
fn type_under(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(mount).filter(|(place, _)| path.starts_with(place));
    mounts.max_by_key(|(place, _)| place.components().count()).map(|(_, kind)| kind)
}

/// `36 35 98:0 /root /place rw,noatime master:1 - type source options`, see `proc_pid_mountinfo(5)`.
fn mount(line: &str) -> Option<(PathBuf, String)> {
    let (ours, theirs) = line.split_once(" - ")?;
    let place = ours.split(' ').nth(4)?;
    Some((PathBuf::from(unescaped(place)), theirs.split(' ').next()?.to_owned()))
}

/// Blanks and the like are written as `\040`.
fn unescaped(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(byte) if byte.is_ascii() => {
                out.push(char::from(byte));
                out.push_str(&part[3..]);
            }
            _ => {
                out.push('\\');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /proc rw - proc proc rw
40 22 0:40 / /home/anna/net rw,relatime shared:5 - nfs4 box:/export rw,vers=4.2
41 40 0:41 / /home/anna/net/local rw - tmpfs tmpfs rw
42 22 0:42 / /mnt/with\\040blank rw - cifs //box/share rw
43 22 0:43 / /mac rw - fuse.grpcfuse grpcfuse rw
44 22 0:44 / /shared rw - 9p drvfs rw
45 22 0:45 / /twice rw - nfs box:/a rw
46 22 0:46 / /twice rw - xfs /dev/sdb rw
47 22 0:47 / /vm rw - virtiofs share rw
48 22 8:17 / /usb rw - fuseblk /dev/sdb1 rw
not a mount line at all";

    #[test]
    fn finds_the_innermost_mount_and_names_what_is_unfit() {
        let found = |path: &str| unfit_under(MOUNTS, Path::new(path));
        for (path, expected) in [
            ("/var/lib/box/engine.db", None),
            ("/home/anna/engine.db", None),
            ("/home/anna/net", Some("nfs4")),
            ("/home/anna/net/data/engine.db", Some("nfs4")),
            ("/home/anna/network/engine.db", None),
            ("/home/anna/net/local/engine.db", None),
            ("/mnt/with blank/engine.db", Some("cifs")),
            ("/mac/engine.db", Some("fuse.grpcfuse")),
            ("/shared/engine.db", Some("9p")),
            ("/vm/engine.db", Some("virtiofs")),
            ("/twice/engine.db", None),
            ("/usb/engine.db", None),
        ] {
            assert_eq!(found(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn an_empty_table_refuses_nothing() {
        assert_eq!(unfit_under("", Path::new("/anywhere")), None);
    }
}
