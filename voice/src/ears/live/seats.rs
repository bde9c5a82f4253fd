//! How many are heard live at the same time, all together and of one person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Seats {
    taken: Mutex<BTreeMap<String, usize>>,
    most: usize,
    most_each: usize,
}

/// Held as long as somebody is heard.
pub struct Seat {
    seats: Arc<Seats>,
    who: String,
}

impl Seats {
    pub fn new(most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), most, most_each })
    }

    /// Or how many there are already.
    pub fn take(self: &Arc<Self>, who: &str) -> Result<Seat, usize> {
        let mut taken = self.taken();
        let (all, own) = (taken.values().sum::<usize>(), taken.get(who).copied().unwrap_or_default());
        if own >= self.most_each {
            return Err(own);
        }
        if all >= self.most {
            return Err(all);
        }
        taken.insert(who.to_owned(), own + 1);
        Ok(Seat { seats: Arc::clone(self), who: who.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(own) = taken.get_mut(&self.who) {
            *own -= 1;
        }
        taken.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_sit_and_whoever_leaves_makes_room() {
        let seats = Seats::new(3, 2);
        let first = [seats.take("ada"), seats.take("ada")].map(|seat| seat.expect("a seat"));
        assert_eq!(seats.take("ada").err(), Some(2));
        let other = seats.take("ben").expect("a seat");
        assert_eq!(seats.take("cleo").err(), Some(3));
        drop(first);
        assert!(seats.take("ada").is_ok());
        drop(other);
        assert!(seats.taken().is_empty());
    }
}
