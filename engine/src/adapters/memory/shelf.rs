//! Entries in the order of their last use, within bounds.
//!
//! Knows no clock, no lock and no file: whoever calls says what time it is. A lookup and a change
//! cost a tree step each; the least recently used go first when a bound is passed.

use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How much may be held. An entry alone larger than `bytes` is not kept at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Keys, values and what it takes to find them.
    pub bytes: usize,
    pub entries: usize,
}

/// What an entry costs beside its key and value: two map nodes and the counts of shared buffers.
const OVERHEAD: usize = 160;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub key: Arc<str>,
    pub value: Bytes,
    pub expires_at: Timestamp,
}

struct Entry {
    value: Bytes,
    expires_at: Timestamp,
    /// The key into `order`.
    used: u64,
}

pub struct Shelf {
    bounds: Bounds,
    entries: HashMap<Arc<str>, Entry>,
    /// Oldest use first.
    order: BTreeMap<u64, Arc<str>>,
    bytes: usize,
    uses: u64,
}

impl Shelf {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, entries: HashMap::new(), order: BTreeMap::new(), bytes: 0, uses: 0 }
    }

    /// `None` where there is nothing or its time is over; looking counts as use.
    pub fn get(&mut self, key: &str, now: Timestamp) -> Option<Bytes> {
        let (key, entry) = self.entries.get_key_value(key)?;
        let key = key.clone();
        if entry.expires_at <= now {
            self.remove(&key);
            return None;
        }
        self.uses += 1;
        let uses = self.uses;
        let entry = self.entries.get_mut(&key)?;
        self.order.remove(&std::mem::replace(&mut entry.used, uses));
        let value = entry.value.clone();
        self.order.insert(uses, key);
        Some(value)
    }

    pub fn put(&mut self, kept: Kept) {
        self.remove(&kept.key);
        let size = size(&kept.key, &kept.value);
        if size > self.bounds.bytes || self.bounds.entries == 0 {
            return;
        }
        self.uses += 1;
        self.bytes += size;
        self.order.insert(self.uses, kept.key.clone());
        let entry = Entry { value: kept.value, expires_at: kept.expires_at, used: self.uses };
        self.entries.insert(kept.key, entry);
        while self.bytes > self.bounds.bytes || self.entries.len() > self.bounds.entries {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some(entry) = self.entries.remove(&oldest) {
                self.bytes -= self::size(&oldest, &entry.value);
            }
        }
    }

    /// Tells whether there was something.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some(entry) = self.entries.remove(key) else { return false };
        self.order.remove(&entry.used);
        self.bytes -= size(key, &entry.value);
        true
    }

    /// Everything whose time is not over, least recently used first.
    pub fn living(&self, now: Timestamp) -> Vec<Kept> {
        let living = self.order.values().filter_map(|key| {
            let entry = self.entries.get(key)?;
            let kept = Kept { key: key.clone(), value: entry.value.clone(), expires_at: entry.expires_at };
            (entry.expires_at > now).then_some(kept)
        });
        living.collect()
    }
}

fn size(key: &str, value: &Bytes) -> usize {
    key.len() + value.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);
    const LATER: Timestamp = Timestamp(1_000);

    fn kept(key: &str, length: usize) -> Kept {
        Kept { key: key.into(), value: vec![7; length].into(), expires_at: LATER }
    }

    fn keys(shelf: &Shelf) -> Vec<String> {
        shelf.living(NOW).iter().map(|kept| kept.key.to_string()).collect()
    }

    #[test]
    fn the_least_recently_used_go_first_when_there_are_too_many() {
        let mut shelf = Shelf::new(Bounds { bytes: 10_000, entries: 3 });
        for key in ["a", "b", "c"] {
            shelf.put(kept(key, 1));
        }
        assert!(shelf.get("a", NOW).is_some());
        shelf.put(kept("d", 1));
        assert_eq!(keys(&shelf), ["c", "a", "d"]);
    }

    #[test]
    fn the_bytes_held_never_pass_the_bound_and_are_counted_back() {
        let mut shelf = Shelf::new(Bounds { bytes: 1_000, entries: 100 });
        for n in 0..50 {
            shelf.put(kept(&format!("key {n}"), 100 + n));
            assert!(shelf.bytes <= 1_000);
            assert_eq!(shelf.order.len(), shelf.entries.len());
        }
        shelf.put(kept("key 49", 1));
        for key in keys(&shelf) {
            assert!(shelf.remove(&key));
        }
        assert_eq!(shelf.bytes, 0);
        assert!(shelf.order.is_empty());
    }

    #[test]
    fn what_can_never_fit_drives_nothing_else_out() {
        let mut shelf = Shelf::new(Bounds { bytes: 1_000, entries: 100 });
        shelf.put(kept("small", 10));
        shelf.put(kept("huge", 5_000));
        assert_eq!(keys(&shelf), ["small"]);
        shelf.put(kept("small", 5_000));
        assert!(keys(&shelf).is_empty(), "the old value must not outlive a set");
    }

    #[test]
    fn what_is_over_is_neither_found_nor_listed() {
        let mut shelf = Shelf::new(Bounds { bytes: 1_000, entries: 100 });
        shelf.put(kept("a", 1));
        assert!(shelf.living(LATER).is_empty());
        assert!(shelf.get("a", LATER).is_none());
        assert_eq!(shelf.bytes, 0);
    }
}
