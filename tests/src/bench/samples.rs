//! Durations that were measured, and what to say of them.

use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn median_ms(&self) -> f64 {
        self.quantile_ms(0.5)
    }

    pub fn slowest_ms(&self) -> f64 {
        self.quantile_ms(1.0)
    }

    /// The smallest sample that at least this share of all does not exceed; not a number where there
    /// are none, which meets no target.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).map_or(f64::NAN, |sample| sample.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_samples() {
        let mut samples = Samples::default();
        assert!(samples.median_ms().is_nan());
        for ms in (1..=100).rev() {
            samples.add(Duration::from_millis(ms));
        }
        let quantiles = [0.0, 0.5, 0.99, 1.0].map(|share| samples.quantile_ms(share).round() as i64);
        assert_eq!(quantiles, [1, 50, 99, 100]);
    }
}
