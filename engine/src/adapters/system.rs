//! The operating system's clock and randomness: the one place that asks for them.

use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use rand::TryRng;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use uuid::Uuid;

/// Parts of a millisecond that an id can tell apart.
const PARTS: u64 = 1 << 12;

/// Ids sort by when they were made, also within a millisecond and where the clock was set back.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// The last id's time, in 4096ths of a millisecond.
    last: AtomicU64,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port's own clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn new_id(&self) -> Uuid {
        let micros = u64::try_from(self.now().0).unwrap_or(0);
        let now = micros / 1000 * PARTS + micros % 1000 * PARTS / 1000;
        let next = |last: u64| now.max(last.saturating_add(1));
        let last = self.last.update(Ordering::Relaxed, Ordering::Relaxed, next);
        let mut random = [0_u8; 8];
        self.fill_random(&mut random);
        version_7(next(last), u64::from_be_bytes(random))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        rand::rngs::SysRng
            .try_fill_bytes(bytes)
            .expect("an operating system without randomness is no place for secrets");
    }
}

/// RFC 9562: 48 bits of milliseconds, 12 bits of their parts, 62 random bits.
fn version_7(time: u64, random: u64) -> Uuid {
    let (millis, part) = (u128::from(time / PARTS), u128::from(time % PARTS));
    Uuid::from_u128(millis << 80 | 0x7 << 76 | part << 64 | 0b10 << 62 | u128::from(random >> 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_seven_at_the_time_they_were_made() {
        let clock = SystemClock::default();
        let (before, id, after) = (clock.now().0 / 1000, clock.new_id(), clock.now().0 / 1000);
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, nanos) = id.get_timestamp().expect("version 7 has a time").to_unix();
        let millis = i64::try_from(seconds).expect("a small number") * 1000 + i64::from(nanos / 1_000_000);
        assert!((before..=after).contains(&millis), "{before} {millis} {after}");
    }

    #[test]
    fn ids_sort_by_when_they_were_made_even_in_a_burst() {
        let clock = SystemClock::default();
        let ids: Vec<Uuid> = (0..20_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn random_bytes_are_not_all_the_same() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        SystemClock::default().fill_random(&mut first);
        SystemClock::default().fill_random(&mut second);
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
