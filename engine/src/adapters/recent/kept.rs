//! A few answers, each for a moment.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const MOMENT: Duration = Duration::from_millis(800);
/// More than that are not asked for in a moment; then all are forgotten.
const MOST: usize = 1024;

pub(super) struct Kept<K, V>(Mutex<Inner<K, V>>);

struct Inner<K, V> {
    answers: HashMap<K, (Instant, V)>,
    /// Grows with each change: an answer that was read before it is not remembered after it.
    changes: u64,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Inner { answers: HashMap::new(), changes: 0 }))
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// The answer as it was a moment ago at most, or what `read` finds now.
    pub(super) async fn or_read<E>(
        &self,
        key: K,
        read: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let before = {
            let inner = self.inner();
            if let Some((until, answer)) = inner.answers.get(&key)
                && Instant::now() < *until
            {
                return Ok(Some(answer.clone()));
            }
            inner.changes
        };
        let found = read.await?;
        let mut inner = self.inner();
        if let Some(answer) = &found
            && inner.changes == before
        {
            if inner.answers.len() >= MOST {
                inner.answers.clear();
            }
            inner.answers.insert(key, (Instant::now() + MOMENT, answer.clone()));
        }
        Ok(found)
    }

    /// After a change, whether it went well or nobody knows.
    pub(super) fn forget(&self) {
        let mut inner = self.inner();
        inner.changes += 1;
        inner.answers.clear();
    }

    fn inner(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::ready;

    async fn ask(kept: &Kept<u8, &'static str>, now: Option<&'static str>) -> Option<&'static str> {
        kept.or_read(1, ready(Ok::<_, Infallible>(now))).await.unwrap_or_else(|never| match never {})
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_lasts_a_moment_and_no_longer() {
        let kept = Kept::default();
        assert_eq!(ask(&kept, None).await, None);
        assert_eq!(ask(&kept, Some("a")).await, Some("a"));
        tokio::time::advance(MOMENT / 2).await;
        assert_eq!(ask(&kept, Some("b")).await, Some("a"));
        tokio::time::advance(MOMENT / 2).await;
        assert_eq!(ask(&kept, Some("b")).await, Some("b"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_counts_at_once_even_for_who_was_reading() {
        let kept = Kept::default();
        assert_eq!(ask(&kept, Some("a")).await, Some("a"));
        kept.forget();
        assert_eq!(ask(&kept, Some("b")).await, Some("b"));
        kept.forget();
        let slow = kept.or_read(1, async {
            kept.forget();
            Ok::<_, Infallible>(Some("read before the change"))
        });
        assert_eq!(slow.await, Ok(Some("read before the change")));
        assert_eq!(ask(&kept, Some("c")).await, Some("c"));
    }
}
