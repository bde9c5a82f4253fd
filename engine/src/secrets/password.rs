//! Passwords: what may be one, and Argon2id over it.
//!
//! Hashing takes tens of milliseconds and 19 MiB on purpose: callers run it in `spawn_blocking`.

use crate::ports::clock::Clock;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

const LEAST_CHARACTERS: usize = 8;
/// Longer ones only cost time to hash.
const MOST_BYTES: usize = 1024;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is empty")]
    Empty,
    #[error("the password is only spaces")]
    Blank,
    #[error("the password has fewer than {LEAST_CHARACTERS} characters")]
    TooShort,
    #[error("the password is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// Most keyboards cannot type it, and other programs end the password there.
    #[error("the password contains a NUL character")]
    Nul,
    #[error("a stored password hash cannot be read: {0}")]
    Damaged(String),
}

/// Whether it may become a password.
pub fn check(password: &str) -> Result<(), PasswordError> {
    if password.is_empty() {
        Err(PasswordError::Empty)
    } else if password.trim().is_empty() {
        Err(PasswordError::Blank)
    } else if password.contains('\0') {
        Err(PasswordError::Nul)
    } else if password.len() > MOST_BYTES {
        Err(PasswordError::TooLong)
    } else if password.chars().count() < LEAST_CHARACTERS {
        Err(PasswordError::TooShort)
    } else {
        Ok(())
    }
}

/// The hash as one line of text with its parameters and salt.
pub fn hash(password: &str, clock: &dyn Clock) -> Result<String, PasswordError> {
    check(password)?;
    let mut salt = [0_u8; 16];
    clock.fill_random(&mut salt);
    let hash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("a checked password and a salt of sixteen bytes hash");
    Ok(hash.to_string())
}

/// Whether this is the password. A hash made with other parameters is verified with those.
pub fn verify(password: &str, hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(|error| PasswordError::Damaged(error.to_string()))?;
    // What cannot be a password costs nothing to refuse.
    Ok(check(password).is_ok() && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::SystemClock;

    #[test]
    fn only_its_own_password_verifies() {
        let clock = SystemClock::default();
        let first = hash("correct horse", &clock).expect("a good password");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_eq!(verify("correct horse", &first), Ok(true));
        assert_eq!(verify("correct horsf", &first), Ok(false));
        assert_eq!(verify("", &first), Ok(false));
        assert_ne!(hash("correct horse", &clock).expect("a good password"), first);
    }

    #[test]
    fn what_cannot_be_a_password_is_refused_by_name() {
        for (password, why) in [
            ("", PasswordError::Empty),
            (" \t  \u{a0}      ", PasswordError::Blank),
            ("short", PasswordError::TooShort),
            ("éééé", PasswordError::TooShort),
            ("with\0a nul inside", PasswordError::Nul),
            (&"x".repeat(1025), PasswordError::TooLong),
        ] {
            assert_eq!(check(password), Err(why));
        }
        for password in ["éééééééé", &"x".repeat(1024), "  spaces around  "] {
            assert_eq!(check(password), Ok(()));
        }
    }

    #[test]
    fn a_damaged_hash_is_not_a_wrong_password() {
        assert!(matches!(verify("correct horse", "$argon2id$nonsense"), Err(PasswordError::Damaged(_))));
    }
}
