//! Whether the box is itself in a container, and in which, as the engine behind a socket tells it.
//!
//! The kernel shows in our own mounts, groups and name who we may be. The engine is asked about each of these, and
//! only a container that it runs is believed to be ours. Nothing is changed here, and nothing is guessed: where no
//! answer fits, the engine is somebody else's.

use super::inspected::{Inspected, Mounted};
use super::neighbour::is_neighbour;
use super::question::{Silence, ask};
use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What Docker and Podman leave in every container.
const MARKERS: [&str; 2] = [".dockerenv", "run/.containerenv"];
/// Files that an engine lays over a container's own, out of a folder that it names by the container's id.
const LAID_OVER: [&str; 4] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run/.containerenv"];
const WHOLE_ID: usize = 64;
/// Of an id, as engines name a container inside of it.
const SHORT_ID: usize = 12;

/// Where the box is, seen from one engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Both on the same machine: what one calls a path or an address, the other does, too.
    Beside,
    Inside(OwnContainer),
    /// The box is in a container, and that engine does not run it.
    Elsewhere,
}

/// The container that the box is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnContainer {
    pub id: String,
    /// Its image, by id.
    pub image: String,
    /// What it was started as, by the path inside.
    pub program: String,
    /// It has no network of its own but the machine's.
    pub is_on_machines_network: bool,
    mounts: Vec<Mounted>,
}

/// Whether this process is in a container of Docker or Podman, whichever.
pub fn is_contained(root: &Path) -> bool {
    MARKERS.iter().any(|marker| root.join(marker).exists())
}

/// `root` is where this process's own file system begins.
pub async fn standing(socket: &Path, root: &Path, patience: Duration) -> Result<Standing, Silence> {
    if !is_contained(root) {
        return Ok(Standing::Beside);
    }
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let names = names(&read("proc/self/mountinfo"), &read("proc/self/cgroup"), &read("etc/hostname"));
    for name in names {
        let answer = ask(socket, &format!("/containers/{name}/json"), patience).await?;
        let found = serde_json::from_slice::<Inspected>(&answer.body).ok().filter(|_| answer.status == 200);
        if let Some(own) = found.filter(|found| is_us(found, &name)) {
            return Ok(Standing::Inside(own.into()));
        }
    }
    // As on machines that test themselves, and where people develop in containers.
    Ok(if is_neighbour(socket, root).await { Standing::Beside } else { Standing::Elsewhere })
}

/// A socket that is closed to the user of this container: how it is opened. `None` where it cannot be seen.
pub fn let_in(socket: &Path) -> Option<String> {
    let found = std::fs::metadata(socket).ok()?;
    let (owner, group) = (found.uid(), found.gid());
    let is_open_to_group = found.mode() & 0o060 == 0o060;
    let way =
        if is_open_to_group { format!("--group-add {group}") } else { format!("--user {owner}:{group}") };
    Some(format!(
        "the socket belongs to user {owner} and group {group} and is closed to this container's user: start the \
         container with `{way}`; whoever may use that socket can do anything on this machine"
    ))
}

/// Who we may be: whole ids, then the short one that an engine takes for a name where nobody gave another.
fn names(mounts: &str, groups: &str, hostname: &str) -> Vec<String> {
    let is_id = |word: &str, length| {
        word.len() == length && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    };
    // `id parent device root place options…`: the root is a path on the file system that the file is from.
    let laid = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(3);
        let (from, place) = (words.next()?, words.next()?);
        LAID_OVER.contains(&place).then_some(from)
    });
    let mut found = Vec::new();
    for text in laid.chain(groups.lines()) {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_id(word, WHOLE_ID)) {
            if !found.iter().any(|known| known == word) {
                found.push(word.to_owned());
            }
        }
    }
    let hostname = hostname.trim();
    if is_id(hostname, SHORT_ID) && !found.iter().any(|known| known.starts_with(hostname)) {
        found.push(hostname.to_owned());
    }
    found
}

/// A whole id is told to a container by its engine only. A short one may be a name that somebody gave: then its address must
/// be ours, too.
fn is_us(found: &Inspected, name: &str) -> bool {
    let is_whole = name.len() == WHOLE_ID;
    found.state.running && found.id.starts_with(name) && (is_whole || found.addresses().any(is_ours))
}

fn is_ours(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

impl From<Inspected> for OwnContainer {
    fn from(found: Inspected) -> Self {
        Self {
            is_on_machines_network: found.is_on_machines_network(),
            mounts: found.mounts().to_vec(),
            id: found.id,
            image: found.image,
            program: found.path,
        }
    }
}

impl OwnContainer {
    /// What the machine calls a path of ours. `None`: it is in no mount, or in memory, where the machine has no name for it.
    pub fn outside(&self, path: &Path) -> Option<PathBuf> {
        let inner = self.mounts.iter().filter(|mount| path.starts_with(&mount.destination));
        let nearest = inner.max_by_key(|mount| mount.destination.components().count())?;
        let rest = path.strip_prefix(&nearest.destination).ok()?;
        let source = Path::new(&nearest.source);
        source
            .is_absolute()
            .then(|| if rest.as_os_str().is_empty() { source.into() } else { source.join(rest) })
    }

    /// As engines print it.
    pub fn short_id(&self) -> &str {
        self.id.get(..SHORT_ID).unwrap_or(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f5e0d3c2b1a4f5e0d3c2b1a4f5e0d3c2b1a4f5e0d3c2b1a4f5e0d3c2b1a4f5e";

    #[test]
    fn who_we_may_be_is_read_where_each_engine_leaves_it_and_nowhere_else() {
        let docker = format!("9 8 8:1 /docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw");
        assert_eq!(names(&docker, "0::/\n", "box"), [ID]);
        let podman = format!(
            "9 8 0:50 /containers/storage/overlay-containers/{ID}/userdata/.containerenv /run/.containerenv rw"
        );
        assert_eq!(names(&podman, "0::/\n", &ID[..12]), [ID], "the short one says nothing new");
        assert_eq!(names("", &format!("4:memory:/docker/{ID}\n0::/libpod-{ID}.scope"), ""), [ID]);
        // Somebody else's folder that is mounted here is not us.
        let other = format!("9 8 8:1 /docker/containers/{ID}/hostname /mnt/other rw - ext4 /dev/sda1 rw");
        assert_eq!(names(&other, "", "box"), <[&str; 0]>::default());
        assert_eq!(names("", "", "4f5e0d3c2b1a\n"), ["4f5e0d3c2b1a"]);
    }

    fn inspected(id: &str, running: bool, ip: &str) -> Inspected {
        crate::containers::inspected::tests::inspected(id, &format!(r#"{{"Running":{running}}}"#), ip)
    }

    #[test]
    fn only_a_container_that_runs_and_has_our_id_or_our_address_is_us() {
        assert!(is_us(&inspected(ID, true, "192.0.2.7"), ID));
        assert!(!is_us(&inspected(ID, false, "127.0.0.1"), ID));
        assert!(!is_us(&inspected(&ID.replace('4', "5"), true, "127.0.0.1"), ID));
        assert!(is_us(&inspected(ID, true, "127.0.0.1"), &ID[..12]));
        assert!(!is_us(&inspected(ID, true, "192.0.2.7"), &ID[..12]), "a name that somebody gave");
    }

    #[test]
    fn a_path_of_ours_is_what_the_nearest_mount_makes_of_it() {
        let own = OwnContainer::from(inspected(ID, true, ""));
        let outside = |path: &str| own.outside(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(outside("/data").as_deref(), Some("/var/lib/volumes/data/_data"));
        assert_eq!(outside("/data/config/a").as_deref(), Some("/var/lib/volumes/data/_data/config/a"));
        assert_eq!(outside("/data/run/secrets").as_deref(), Some("/srv/run/secrets"));
        assert_eq!(outside("/data/temp/a"), None, "what is in memory has no name outside");
        assert_eq!(outside("/database"), None, "a name that only begins alike");
        assert_eq!(outside("/etc/hosts"), None);
    }

    #[tokio::test]
    async fn without_a_marker_nobody_is_asked() {
        let temp = tempfile::tempdir().expect("a directory");
        let nowhere = temp.path().join("no.sock");
        let stands = |root| standing(&nowhere, root, Duration::from_secs(1));
        assert_eq!(stands(temp.path()).await, Ok(Standing::Beside));
        std::fs::write(temp.path().join(".dockerenv"), "").expect("written");
        assert_eq!(stands(temp.path()).await, Ok(Standing::Elsewhere));
    }
}
