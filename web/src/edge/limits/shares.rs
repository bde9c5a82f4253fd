//! A share for each of many: so many requests a minute, as many at once, and memory that does not grow.
//!
//! Each share is a bucket that fills evenly. Those not asked for longest are dropped first; a dropped bucket
//! comes back full, which forgives more than it should and never less.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Buckets of one generation; two generations are held.
const ROOM: usize = 4096;

pub struct Shares<K> {
    per_minute: f64,
    room: usize,
    held: Mutex<Generations<K>>,
}

/// What was asked for lately, and what was before that. When the first is full, the second goes.
struct Generations<K> {
    recent: HashMap<K, Bucket>,
    older: HashMap<K, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    pub fn new(per_minute: u32) -> Self {
        Self::with_room(per_minute, ROOM)
    }

    fn with_room(per_minute: u32, room: usize) -> Self {
        let held = Generations { recent: HashMap::new(), older: HashMap::new() };
        Self { per_minute: f64::from(per_minute), room, held: Mutex::new(held) }
    }

    /// Takes one from `who`'s share, or tells after how many seconds there is one.
    pub fn take(&self, who: K) -> Result<(), u64> {
        let now = Instant::now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.recent.get(&who).or_else(|| held.older.get(&who)).copied();
        let mut bucket = known.unwrap_or(Bucket { left: self.per_minute, at: now });
        let filled = now.duration_since(bucket.at).as_secs_f64() * self.per_minute / 60.0;
        bucket = Bucket { left: (bucket.left + filled).min(self.per_minute), at: now };
        let taken = if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            Ok(())
        } else {
            Err(((1.0 - bucket.left) * 60.0 / self.per_minute).ceil().max(1.0) as u64)
        };
        held.keep(who, bucket, self.room);
        taken
    }
}

impl<K: Copy + Eq + Hash> Generations<K> {
    fn keep(&mut self, who: K, bucket: Bucket, room: usize) {
        if self.recent.len() >= room && !self.recent.contains_key(&who) {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(who, bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_share_is_spent_at_once_and_comes_back_evenly() {
        let shares = Shares::new(60);
        assert!((0..60).all(|_| shares.take(1).is_ok()));
        assert_eq!(shares.take(1), Err(1));
        assert_eq!(shares.take(2), Ok(()), "another one's share is their own");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!([shares.take(1), shares.take(1), shares.take(1)], [Ok(()), Ok(()), Err(1)]);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!((0..60).all(|_| shares.take(1).is_ok()));
        assert_eq!(shares.take(1), Err(1), "what is not used does not pile up");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_is_told_is_enough() {
        let shares = Shares::new(7);
        while shares.take(1).is_ok() {}
        for _ in 0..5 {
            let seconds = shares.take(1).expect_err("it was spent");
            assert!(seconds <= 9, "sixty seconds for seven: {seconds}");
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(shares.take(1), Ok(()));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn memory_does_not_grow_and_those_in_use_are_kept() {
        let shares = Shares::with_room(1, 100);
        assert_eq!(shares.take(0), Ok(()));
        for other in 1..10_000 {
            assert_eq!(shares.take(other), Ok(()), "{other} is new");
            assert!(shares.take(0).is_err(), "whoever keeps asking is not forgotten: {other}");
        }
        let held = shares.held.lock().expect("nobody panicked");
        assert!(held.recent.len() <= 100 && held.older.len() <= 100);
    }
}
