//! Secrets that the box makes: keys for programs, and codes that a person types.
//!
//! Both are random enough that SHA-256 is the right hash: only the hash is kept, and the secret is shown
//! once. A code is read generously (case, spaces, dashes, `O` for zero) because people copy it by hand.

use crate::ports::clock::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What every API key begins with, so that it is recognised where it leaks.
pub const KEY_PREFIX: &str = "wek_";
pub const SESSION_PREFIX: &str = "wes_";

/// Crockford's base 32: no `I`, `L`, `O` or `U`, which are misread or spell words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 5;
const GROUP: usize = 5;
/// Characters of a key that may be shown in a list.
const HINT: usize = 8;

/// 256 random bits behind `prefix`, and the hash to keep.
pub fn new_secret(clock: &dyn Clock, prefix: &str) -> (String, [u8; 32]) {
    let mut random = [0_u8; 32];
    clock.fill_random(&mut random);
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
    let hash = hash(&secret);
    (secret, hash)
}

pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Enough of a key to tell it from others, too little to guess it.
pub fn hint(secret: &str) -> String {
    secret.chars().take(HINT).collect()
}

/// 125 random bits as `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`, and the hash to keep.
pub fn new_code(clock: &dyn Clock) -> (String, [u8; 32]) {
    let mut random = [0_u8; GROUPS * GROUP];
    clock.fill_random(&mut random);
    // 32 divides 256, so the low bits of each byte are as even as the byte.
    let letters = random.map(|byte| ALPHABET[usize::from(byte % 32)]);
    let groups: Vec<&str> = letters
        .chunks(GROUP)
        .map(|group| std::str::from_utf8(group).expect("the alphabet is ASCII"))
        .collect();
    let hash = hash(&groups.concat());
    (groups.join("-"), hash)
}

/// The hash of a typed code; `None` where it cannot be one.
pub fn hash_code(typed: &str) -> Option<[u8; 32]> {
    let mut plain = String::with_capacity(GROUPS * GROUP);
    for letter in typed.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '–' | '_'))
    {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter if letter.is_ascii() && ALPHABET.contains(&(letter as u8)) => letter,
            _ => return None,
        };
        plain.push(letter);
    }
    (plain.len() == GROUPS * GROUP).then(|| hash(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::SystemClock;

    #[test]
    fn a_key_is_recognised_hashed_and_never_the_same() {
        let clock = SystemClock::default();
        let (key, kept) = new_secret(&clock, KEY_PREFIX);
        assert!(key.starts_with("wek_") && key.len() == 4 + 43, "{key}");
        assert_eq!(hash(&key), kept);
        assert_ne!(new_secret(&clock, KEY_PREFIX).0, key);
        assert!(key.starts_with(&hint(&key)) && hint(&key).len() == 8);
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let clock = SystemClock::default();
        for _ in 0..64 {
            let (code, kept) = new_code(&clock);
            assert_eq!(code.len(), 29);
            let sloppy = format!(" {} ", code.to_lowercase().replace('-', " ").replace('0', "o"));
            assert_eq!(hash_code(&sloppy.replace('1', "l")), Some(kept), "{sloppy}");
            assert_eq!(hash_code(&code.replace('-', "")), Some(kept));
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_not_hashed() {
        for typed in
            ["", "ABCDE", "UUUUU-UUUUU-UUUUU-UUUUU-UUUUU", "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE-A", "ÄBCDE"]
        {
            assert_eq!(hash_code(typed), None, "{typed}");
        }
    }
}
