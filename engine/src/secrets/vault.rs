//! Seals what the Store must not hold in the open: XChaCha20-Poly1305 under the Store's master key.
//!
//! A sealed value is `version ‖ nonce ‖ ciphertext`, bound to its purpose: what was sealed as one
//! connection's key does not open as another's. The vault neither makes nor keeps the master key.

use crate::ports::clock::Clock;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Another key, another purpose, or changed bytes: the cipher cannot tell which.
    #[error("a sealed value does not open: it was sealed with another master key, or it is damaged")]
    DoesNotOpen,
    #[error("a sealed value has format {found}, this program knows {VERSION}: it was written by a newer one")]
    UnknownFormat { found: u8 },
    #[error("a sealed value is cut short")]
    CutShort,
}

pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// The cipher clears its copy of the key when it is dropped.
    pub fn new(master_key: &[u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(master_key.into()) }
    }

    /// `purpose` is not secret and not kept; opening needs the same one.
    pub fn seal(&self, purpose: &str, plain: &[u8], clock: &dyn Clock) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE];
        clock.fill_random(&mut nonce);
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("only values beyond 256 GiB are too long to seal");
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::CutShort)?;
        if version != VERSION {
            return Err(VaultError::UnknownFormat { found: version });
        }
        let (nonce, content) = rest.split_first_chunk::<NONCE>().ok_or(VaultError::CutShort)?;
        if content.len() < TAG {
            return Err(VaultError::CutShort);
        }
        let payload = Payload { msg: content, aad: purpose.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| VaultError::DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use std::sync::atomic::{AtomicU8, Ordering};
    use uuid::Uuid;

    /// Randomness that repeats in every run and differs in every call.
    #[derive(Default)]
    struct Counting(AtomicU8);

    impl Clock for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }
        fn fill_random(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_and_no_other() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("connection/1", b"sk-secret", &Counting::default());
        assert!(!sealed.windows(9).any(|part| part == b"sk-secret"));
        assert_eq!(**vault.open("connection/1", &sealed).expect("opens"), *b"sk-secret");
        assert_eq!(vault.open("connection/2", &sealed), Err(VaultError::DoesNotOpen));
    }

    #[test]
    fn another_key_does_not_open_it() {
        let sealed = Vault::new(&[7; 32]).seal("x", b"plain", &Counting::default());
        assert_eq!(Vault::new(&[8; 32]).open("x", &sealed), Err(VaultError::DoesNotOpen));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("x", b"plain", &Counting::default());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open("x", &changed).is_err(), "byte {at}");
            assert!(vault.open("x", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_words_never_look_the_same() {
        let (vault, clock) = (Vault::new(&[7; 32]), Counting::default());
        assert_ne!(vault.seal("x", b"plain", &clock), vault.seal("x", b"plain", &clock));
    }

    #[test]
    fn a_newer_format_is_named_and_nothing_is_printed() {
        let vault = Vault::new(&[7; 32]);
        assert_eq!(vault.open("x", &[9; 60]), Err(VaultError::UnknownFormat { found: 9 }));
        assert_eq!(format!("{vault:?}"), "Vault(***)");
    }
}
