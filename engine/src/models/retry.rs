//! Whether the same connection is asked again after a failure, and after how long.
//!
//! Only for failures that pass, only a few times, and with full jitter, so that many turns that
//! failed together do not come back together. A provider's own word on when to come back is kept.

use crate::ports::clock::Clock;
use crate::ports::models::ModelError;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryRules {
    /// Further attempts where no other connection could take over. Default 3.
    pub alone: u32,
    /// Further attempts where another one could. Default 1.
    pub beside_others: u32,
    /// The first wait is at most this long, each later one at most twice the last. Default 500 ms.
    pub base: Duration,
    /// The longest wait we choose ourselves. Default 8 s.
    pub longest: Duration,
    /// The longest wait a provider may ask of a person who is looking on, alone. Default 30 s.
    pub longest_asked: Duration,
    /// The same where another connection could take over. Default 1 s.
    pub longest_asked_beside_others: Duration,
}

impl Default for RetryRules {
    fn default() -> Self {
        Self {
            alone: 3,
            beside_others: 1,
            base: Duration::from_millis(500),
            longest: Duration::from_secs(8),
            longest_asked: Duration::from_secs(30),
            longest_asked_beside_others: Duration::from_secs(1),
        }
    }
}

impl RetryRules {
    /// The wait before asking again after `tried` failures; `None` where that makes no sense.
    pub fn wait(
        &self,
        error: &ModelError,
        tried: u32,
        others_left: bool,
        clock: &dyn Clock,
    ) -> Option<Duration> {
        let (most, longest_asked) = if others_left {
            (self.beside_others, self.longest_asked_beside_others)
        } else {
            (self.alone, self.longest_asked)
        };
        if tried > most {
            return None;
        }
        let doubled = 2_u32.saturating_pow(tried.saturating_sub(1));
        let ceiling = self.base.saturating_mul(doubled).min(self.longest);
        match error {
            // Never sooner than asked; the jitter comes on top.
            ModelError::RateLimited { retry_after: Some(asked) } => {
                (*asked <= longest_asked).then(|| *asked + jitter(self.base, clock))
            }
            ModelError::RateLimited { retry_after: None }
            | ModelError::ServerFailed { .. }
            | ModelError::Unreachable { .. }
            | ModelError::Cut => Some(jitter(ceiling, clock)),
            _ => None,
        }
    }
}

/// Evenly from zero to `ceiling`.
fn jitter(ceiling: Duration, clock: &dyn Clock) -> Duration {
    let mut bytes = [0; 4];
    clock.fill_random(&mut bytes);
    ceiling.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::tests::FixedClock;

    const FAILED: ModelError = ModelError::ServerFailed { status: 503 };

    fn wait(error: &ModelError, tried: u32, others: bool, chance: u8) -> Option<Duration> {
        RetryRules::default().wait(error, tried, others, &FixedClock::with_chance(chance))
    }

    #[test]
    fn waits_are_bounded_jittered_and_growing() {
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(wait(&FAILED, 1, false, 0xff), ms(500));
        assert_eq!(wait(&FAILED, 2, false, 0xff), ms(1_000));
        assert_eq!(wait(&FAILED, 3, false, 0xff), ms(2_000));
        assert_eq!(wait(&FAILED, 4, false, 0xff), None);
        assert_eq!(wait(&FAILED, 3, false, 0), ms(0));
        assert_eq!(wait(&FAILED, 1, true, 0xff), ms(500));
        assert_eq!(wait(&FAILED, 2, true, 0xff), None);
        let many = RetryRules { alone: u32::MAX, ..RetryRules::default() };
        assert_eq!(many.wait(&FAILED, 4_000, false, &FixedClock::with_chance(0xff)), ms(8_000));
    }

    #[test]
    fn a_providers_word_is_kept_up_to_a_cap() {
        let limited = |seconds| ModelError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(wait(&limited(7), 1, false, 0), Some(Duration::from_secs(7)));
        assert_eq!(wait(&limited(7), 1, false, 0xff), Some(Duration::from_millis(7_500)));
        assert_eq!(wait(&limited(31), 1, false, 0), None);
        assert_eq!(wait(&limited(1), 1, true, 0), Some(Duration::from_secs(1)));
        assert_eq!(wait(&limited(2), 1, true, 0), None);
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        for error in [
            ModelError::Unauthorized,
            ModelError::PaymentRequired,
            ModelError::UnknownModel { model: String::new() },
            ModelError::TooLong,
            ModelError::Rejected { status: 400 },
            ModelError::Silent { after: Duration::ZERO },
            ModelError::Nonsense { reason: String::new() },
            ModelError::TooLarge,
        ] {
            assert_eq!(wait(&error, 1, false, 0), None, "{error:?}");
        }
    }
}
