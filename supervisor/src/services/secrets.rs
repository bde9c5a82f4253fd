//! The secrets of services: files in folders of their own, seen by one container each, read-only.
//!
//! Passwords follow from the Store's key, so that a volume made long ago still opens and nothing more has to be kept.
//! The folder above is closed to everybody else on this machine; inside, files are open, since a container's user is
//! rarely the box's own.

use super::name::ServiceName;
use crate::config::secret::Secret;
use crate::plan::recipes::{
    MASTER_KEY, PASSWORD, REDIS_CONFIG, REDIS_URL, Shares, TRANSPORT_SECRET, redis_config,
};
use crate::secrets::root_key::{self, Key};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What opens each service.
pub struct Passwords {
    key: Key,
    /// What a front door shows the engine.
    transport: Secret,
}

impl Passwords {
    pub fn new(key: &Key, transport: &Secret) -> Self {
        Self { key: key.clone(), transport: transport.clone() }
    }

    /// The key is of one length, so nothing can be appended to it unseen.
    pub fn of(&self, service: ServiceName) -> Zeroizing<String> {
        if service == ServiceName::Engine {
            return Zeroizing::new(self.transport.expose().to_owned());
        }
        let digest = Sha256::new()
            .chain_update(self.key.as_ref())
            .chain_update(b"service password ")
            .chain_update(service.as_str());
        Zeroizing::new(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Writes what the service reads when it starts. What is there already is left as it is.
pub fn write(folder: &Path, service: ServiceName, passwords: &Passwords, shares: Shares) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    for (name, content) in files(service, passwords, shares) {
        let file: PathBuf = folder.join(name);
        if std::fs::read(&file).is_ok_and(|there| there == content.as_bytes()) {
            continue;
        }
        let beside = folder.join(format!(".{name}.new"));
        std::fs::write(&beside, content.as_bytes())?;
        std::fs::set_permissions(&beside, Permissions::from_mode(0o444))?;
        std::fs::rename(beside, file)?;
    }
    Ok(())
}

fn files(
    service: ServiceName,
    passwords: &Passwords,
    shares: Shares,
) -> Vec<(&'static str, Zeroizing<String>)> {
    let postgres = || (PASSWORD, passwords.of(ServiceName::Postgres));
    let redis = passwords.of(ServiceName::Redis);
    match service {
        ServiceName::Redis => vec![(REDIS_CONFIG, Zeroizing::new(redis_config(&redis, shares)))],
        ServiceName::Postgres => vec![postgres()],
        ServiceName::Engine => vec![
            postgres(),
            (TRANSPORT_SECRET, passwords.of(ServiceName::Engine)),
            (MASTER_KEY, root_key::hex(&passwords.key)),
            (REDIS_URL, Zeroizing::new(format!("redis://:{}@{}:6379", *redis, ServiceName::Redis))),
        ],
        // Its own, and not the engine's: what listens to sound of strangers opens nothing else.
        ServiceName::Voice => vec![(TRANSPORT_SECRET, passwords.of(ServiceName::Voice))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(key: u8) -> Passwords {
        Passwords::new(&Key::new([key; 32]), &Secret::new("a transport secret".to_owned()))
    }

    #[test]
    fn a_password_is_the_same_each_time_and_another_for_each_service_and_box() {
        let (one, other) = (passwords(1), passwords(2));
        assert_eq!(one.of(ServiceName::Redis), one.of(ServiceName::Redis));
        assert_ne!(one.of(ServiceName::Redis), one.of(ServiceName::Postgres));
        assert_ne!(one.of(ServiceName::Redis), other.of(ServiceName::Redis));
    }

    #[test]
    fn what_a_service_reads_is_written_whole_and_can_be_read_by_its_user() {
        let temp = tempfile::tempdir().expect("a directory");
        let folder = temp.path().join("redis");
        let shares = Shares { redis_mib: 64, postgres_mib: 256 };
        let passwords = passwords(1);
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
