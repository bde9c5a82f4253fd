//! One look for all who wait for the same thing.
//!
//! Whoever has a turn open wants to know when the Store knows more, and whether they may still read. A
//! hundred open pages are a hundred who wait, and a handful of things they wait for: each is looked at in
//! rounds while somebody waits for it, and only a change wakes them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::task::TaskTracker;

pub struct Lookout<K, V> {
    every: Duration,
    tasks: TaskTracker,
    watched: Arc<Mutex<HashMap<K, watch::Sender<V>>>>,
}

impl<K, V> Lookout<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + PartialEq + Send + Sync + 'static,
{
    /// The rounds run on `tasks` and end when nobody waits.
    pub fn new(every: Duration, tasks: TaskTracker) -> Self {
        Self { every, tasks, watched: Arc::default() }
    }

    /// Tells of each change from now on. `look` is called once in a round, whoever came first brought it;
    /// `unseen` is what is known before the first.
    pub fn watch<Look, Seen>(&self, key: K, unseen: V, mut look: Look) -> watch::Receiver<V>
    where
        Look: FnMut() -> Seen + Send + 'static,
        Seen: Future<Output = V> + Send,
    {
        let mut watched = lock(&self.watched);
        if let Some(sender) = watched.get(&key) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(unseen);
        watched.insert(key.clone(), sender.clone());
        let mut rounds = tokio::time::interval_at(tokio::time::Instant::now() + self.every, self.every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let all = Arc::clone(&self.watched);
        self.tasks.spawn(async move {
            loop {
                until_nobody_waits(&sender, &mut rounds, &mut look).await;
                let mut watched = lock(&all);
                // Somebody may have come since; nobody comes while this is held.
                if sender.receiver_count() == 0 {
                    watched.remove(&key);
                    return;
                }
            }
        });
        receiver
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        lock(&self.watched).is_empty()
    }
}

impl<K, V> Clone for Lookout<K, V> {
    fn clone(&self) -> Self {
        Self { every: self.every, tasks: self.tasks.clone(), watched: Arc::clone(&self.watched) }
    }
}

async fn until_nobody_waits<V: PartialEq, Seen: Future<Output = V>>(
    sender: &watch::Sender<V>,
    rounds: &mut Interval,
    look: &mut impl FnMut() -> Seen,
) {
    let looking = async {
        loop {
            rounds.tick().await;
            let seen = look().await;
            sender.send_if_modified(|known| {
                let changed = *known != seen;
                *known = seen;
                changed
            });
        }
    };
    tokio::select! {
        () = sender.closed() => {}
        () = looking => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ROUND: Duration = Duration::from_secs(1);

    fn counted(looks: &Arc<AtomicUsize>) -> impl Fn() -> std::future::Ready<usize> + Send + 'static {
        let looks = Arc::clone(looks);
        move || std::future::ready(looks.fetch_add(1, Ordering::SeqCst) / 3)
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_who_wait_are_one_look_a_round() {
        let (lookout, looks) = (Lookout::new(ROUND, TaskTracker::new()), Arc::new(AtomicUsize::new(0)));
        let mut waiting: Vec<_> = (0..100).map(|_| lookout.watch("turn", 0, counted(&looks))).collect();
        let another = lookout.watch("another", 0, || std::future::ready(0));
        for receiver in &mut waiting {
            receiver.changed().await.expect("it is looked at");
            assert_eq!(*receiver.borrow_and_update(), 1);
        }
        assert_eq!(looks.load(Ordering::SeqCst), 4, "three rounds saw nothing new");
        assert!(!another.has_changed().expect("it is looked at"));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_looked_at_for_nobody_and_whoever_comes_again_is_told() {
        let (lookout, looks) = (Lookout::new(ROUND, TaskTracker::new()), Arc::new(AtomicUsize::new(0)));
        drop(lookout.watch("turn", 0, counted(&looks)));
        tokio::time::sleep(10 * ROUND).await;
        assert!(lookout.is_empty());
        assert_eq!(looks.load(Ordering::SeqCst), 0);

        let mut again = lookout.watch("turn", 7, counted(&looks));
        again.changed().await.expect("it is looked at");
        assert_eq!(*again.borrow(), 0);
    }
}
