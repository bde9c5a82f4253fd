//! `config/credentials.enc`: what the appliance must remember and nobody may read.

use super::root_key::{self, Key, KeyError};
use crate::config::data_dir::{DataDir, write_private};
use crate::config::secret::Secret;
use engine::ports::clock::Clock;
use engine::secrets::token::new_secret;
use engine::secrets::vault::{Vault, VaultError};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

/// Binds the file to its use: what was sealed for something else does not open here.
const PURPOSE: &str = "whisperengine/credentials";

#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file stays as it is: with the right key it opens again.
    #[error(
        "the master key in {} does not open {}, which was left as it is: use the key that it was sealed with",
        key.display(), sealed.display()
    )]
    WrongKey { key: PathBuf, sealed: PathBuf },
    #[error("{} cannot be read: {reason}; put it back from a backup", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// What is sealed.
pub struct Credentials {
    /// Seals what the Store must not hold in the open.
    pub store_key: Key,
    /// What a front door shows the engine.
    pub transport_secret: Secret,
}

#[derive(Serialize, Deserialize)]
struct Document {
    store_master_key: String,
    transport_secret: String,
}

impl Drop for Document {
    fn drop(&mut self) {
        self.store_master_key.zeroize();
        self.transport_secret.zeroize();
    }
}

/// Opens the file, or makes it where there is none yet. `mounted` wins over the data directory's own key.
pub fn open_or_make(
    dir: &DataDir,
    mounted: Option<&Path>,
    clock: &dyn Clock,
) -> Result<Credentials, CredentialsError> {
    let root = root_key::find_or_make(dir, mounted, clock)?;
    let (vault, path) = (Vault::new(&root), dir.credentials_file());
    match std::fs::read(&path) {
        Ok(sealed) => {
            let key = mounted.map_or_else(|| dir.master_key_file(), Path::to_owned);
            open(&vault, &sealed, key, path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&vault, path, clock),
        Err(source) => Err(CredentialsError::Io { path, source }),
    }
}

fn open(vault: &Vault, sealed: &[u8], key: PathBuf, path: PathBuf) -> Result<Credentials, CredentialsError> {
    let plain = match vault.open(PURPOSE, sealed) {
        Ok(plain) => plain,
        Err(VaultError::DoesNotOpen) => return Err(CredentialsError::WrongKey { key, sealed: path }),
        Err(error) => return Err(CredentialsError::Damaged { path, reason: error.to_string() }),
    };
    let document: Option<Document> = serde_json::from_slice(&plain).ok();
    let read = document.and_then(|document| {
        let store_key = root_key::unhex(&document.store_master_key)?;
        Some(Credentials { store_key, transport_secret: Secret::new(&document.transport_secret) })
    });
    read.ok_or_else(|| CredentialsError::Damaged { path, reason: "it opens, and is not ours".to_owned() })
}

fn make(vault: &Vault, path: PathBuf, clock: &dyn Clock) -> Result<Credentials, CredentialsError> {
    let mut store_key = Key::default();
    clock.fill_random(store_key.as_mut());
    let (transport_secret, _) = new_secret(clock, "wet_");
    let document = Document {
        store_master_key: root_key::hex(&store_key).to_string(),
        transport_secret: transport_secret.clone(),
    };
    let plain = Zeroizing::new(serde_json::to_vec(&document).expect("two strings are JSON"));
    let sealed = vault.seal(PURPOSE, &plain, clock);
    write_private(&path, &sealed).map_err(|source| CredentialsError::Io { path, source })?;
    Ok(Credentials { store_key, transport_secret: Secret::new(transport_secret) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::adapters::system::SystemClock;
    use std::os::unix::fs::PermissionsExt;

    fn directory() -> anyhow::Result<(tempfile::TempDir, DataDir)> {
        let temp = tempfile::tempdir()?;
        let dir = DataDir::at(&temp.path().join("box"))?;
        dir.create()?;
        Ok((temp, dir))
    }

    #[test]
    fn the_second_start_finds_what_the_first_one_made() -> anyhow::Result<()> {
        let ((_temp, dir), clock) = (directory()?, SystemClock::default());
        let first = open_or_make(&dir, None, &clock)?;
        let second = open_or_make(&dir, None, &clock)?;
        assert_eq!(first.store_key, second.store_key);
        assert_eq!(first.transport_secret, second.transport_secret);
        for path in [dir.master_key_file(), dir.credentials_file()] {
            assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        let sealed = std::fs::read(dir.credentials_file())?;
        let secret = first.transport_secret.expose().as_bytes();
        assert!(!sealed.windows(secret.len()).any(|part| part == secret));
        Ok(())
    }

    #[test]
    fn another_key_is_refused_and_nothing_is_overwritten() -> anyhow::Result<()> {
        let ((temp, dir), clock) = (directory()?, SystemClock::default());
        open_or_make(&dir, None, &clock)?;
        let before = std::fs::read(dir.credentials_file())?;
        let mounted = temp.path().join("mounted");
        std::fs::write(&mounted, "ab".repeat(32) + "\n")?;
        let refused = open_or_make(&dir, Some(&mounted), &clock).err().map(|error| error.to_string());
        assert!(refused.as_deref().is_some_and(|told| told.contains("does not open")), "{refused:?}");
        assert_eq!(std::fs::read(dir.credentials_file())?, before);
        Ok(())
    }

    #[test]
    fn a_key_that_is_gone_is_not_replaced_by_a_new_one() -> anyhow::Result<()> {
        let ((_temp, dir), clock) = (directory()?, SystemClock::default());
        open_or_make(&dir, None, &clock)?;
        std::fs::remove_file(dir.master_key_file())?;
        let refused = open_or_make(&dir, None, &clock).err().map(|error| error.to_string());
        assert!(refused.as_deref().is_some_and(|told| told.contains("from a backup")), "{refused:?}");
        assert!(!dir.master_key_file().exists());
        Ok(())
    }

    #[test]
    fn a_mounted_key_needs_no_file_of_ours() -> anyhow::Result<()> {
        let ((temp, dir), clock) = (directory()?, SystemClock::default());
        let mounted = temp.path().join("mounted");
        std::fs::write(&mounted, [7; 32])?;
        let first = open_or_make(&dir, Some(&mounted), &clock)?;
        assert!(!dir.master_key_file().exists());
        std::fs::write(&mounted, "07".repeat(32))?;
        assert_eq!(open_or_make(&dir, Some(&mounted), &clock)?.store_key, first.store_key);
        Ok(())
    }

    #[test]
    fn what_is_no_key_and_a_damaged_file_are_named() -> anyhow::Result<()> {
        let ((_temp, dir), clock) = (directory()?, SystemClock::default());
        std::fs::write(dir.master_key_file(), "hunter2")?;
        let told = open_or_make(&dir, None, &clock).err().map(|error| error.to_string());
        assert!(told.as_deref().is_some_and(|told| told.contains("holds no master key")), "{told:?}");
        std::fs::remove_file(dir.master_key_file())?;
        open_or_make(&dir, None, &clock)?;
        std::fs::write(dir.credentials_file(), "cut")?;
        assert!(matches!(open_or_make(&dir, None, &clock), Err(CredentialsError::Damaged { .. })));
        Ok(())
    }
}
