//! The secrets of services: files in folders of their own, seen by one container each, read-only.
//!
//! Passwords follow from the Store's key, so that a volume made long ago still opens and nothing more has to be kept.
//! The folder above is closed to everybody else on this machine; inside, files are open, since a container's user is
//! rarely the box's own.

use super::name::ServiceName;
use crate::plan::recipes::{PASSWORD, REDIS_CONFIG, Shares, redis_config};
use crate::secrets::root_key::Key;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub struct Passwords {
    key: Key,
}

impl Passwords {
    pub fn new(key: &Key) -> Self {
        Self { key: key.clone() }
    }

    /// The key is of one length, so nothing can be appended to it unseen.
    pub fn of(&self, service: ServiceName) -> Zeroizing<String> {
        let digest = Sha256::new()
            .chain_update(self.key.as_ref())
            .chain_update(b"service password ")
            .chain_update(service.as_str());
        Zeroizing::new(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Writes what the service reads when it starts. What is there already is left as it is.
pub fn write(folder: &Path, service: ServiceName, passwords: &Passwords, shares: Shares) -> io::Result<()> {
    let password = passwords.of(service);
    let (name, content) = match service {
        ServiceName::Redis => (REDIS_CONFIG, Zeroizing::new(redis_config(&password, shares))),
        ServiceName::Postgres | ServiceName::Engine => (PASSWORD, password),
    };
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    let file: PathBuf = folder.join(name);
    if std::fs::read(&file).is_ok_and(|there| there == content.as_bytes()) {
        return Ok(());
    }
    let beside = folder.join(format!(".{name}.new"));
    std::fs::write(&beside, content.as_bytes())?;
    std::fs::set_permissions(&beside, Permissions::from_mode(0o444))?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_each_time_and_another_for_each_service_and_box() {
        let (one, other) = (Passwords::new(&Key::new([1; 32])), Passwords::new(&Key::new([2; 32])));
        assert_eq!(one.of(ServiceName::Redis), one.of(ServiceName::Redis));
        assert_ne!(one.of(ServiceName::Redis), one.of(ServiceName::Postgres));
        assert_ne!(one.of(ServiceName::Redis), other.of(ServiceName::Redis));
    }

    #[test]
    fn what_a_service_reads_is_written_whole_and_can_be_read_by_its_user() {
        let temp = tempfile::tempdir().expect("a directory");
        let folder = temp.path().join("redis");
        let shares = Shares { redis_mib: 64, postgres_mib: 256 };
        let passwords = Passwords::new(&Key::new([1; 32]));
        for _ in 0..2 {
            write(&folder, ServiceName::Redis, &passwords, shares).expect("written");
        }
        let text = std::fs::read_to_string(folder.join(REDIS_CONFIG)).expect("readable");
        assert!(text.contains(&format!("requirepass {}", *passwords.of(ServiceName::Redis))));
        assert!(text.contains("maxmemory 64mb"));
        let mode = std::fs::metadata(folder.join(REDIS_CONFIG)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o444);
        assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 1);
    }
}
