//! Chance that can be had again: a run that failed is repeated with the seed it printed.

use std::time::Duration;
use uuid::Uuid;

const SEED: &str = "WHISPERENGINE_TEST_SEED";

/// `SplitMix64`: small, even, and the same everywhere.
#[derive(Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// From `WHISPERENGINE_TEST_SEED`, or a new seed each time; says which.
    pub fn of_this_run(what: &str) -> anyhow::Result<Self> {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse()?,
            Err(_) => Uuid::new_v4().as_u64_pair().0,
        };
        eprintln!("{what}: {SEED}={seed}");
        Ok(Self::from_seed(seed))
    }

    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` up to, not including, `most`.
    pub fn span(&mut self, least: Duration, most: Duration) -> Duration {
        let width = most.saturating_sub(least).as_micros().max(1) as u64;
        least + Duration::from_micros(self.draw() % width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_the_same_twice_and_stays_within_its_bounds() {
        let spans = |seed| {
            let mut chance = Chance::from_seed(seed);
            (0..100).map(|_| chance.span(Duration::from_millis(2), Duration::from_millis(5))).collect()
        };
        let (one, again, other): (Vec<_>, Vec<_>, Vec<_>) = (spans(7), spans(7), spans(8));
        assert_eq!(one, again);
        assert_ne!(one, other);
        assert!(one.iter().all(|span| (2..5).contains(&span.as_millis())));
    }
}
