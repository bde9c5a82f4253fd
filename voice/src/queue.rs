//! Who may work at the same time, and who is next: everybody in turn, however much one of them asks for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

pub struct Queue {
    line: Mutex<Line>,
    places: usize,
    most_waiting: usize,
}

#[derive(Default)]
struct Line {
    working: usize,
    /// Everybody who waits, with all that they wait for; whoever was served last stands last.
    waiting: VecDeque<(String, VecDeque<oneshot::Sender<Place>>)>,
}

/// Held while working. Whoever is next is let in when it is dropped.
pub struct Place(Arc<Queue>);

/// So many wait already.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} others are waiting already")]
pub struct Full(pub usize);

impl Queue {
    pub fn new(places: usize, most_waiting: usize) -> Arc<Self> {
        Arc::new(Self { line: Mutex::default(), places: places.max(1), most_waiting })
    }

    /// Returns when it is somebody's turn. Cancel-safe: whoever leaves is passed over.
    pub async fn enter(self: &Arc<Self>, who: &str) -> Result<Place, Full> {
        let turn = {
            let mut line = self.line();
            if line.working < self.places {
                line.working += 1;
                return Ok(Place(Arc::clone(self)));
            }
            line.forget_who_left();
            let waiting = line.waiting.iter().map(|(_, all)| all.len()).sum::<usize>();
            if waiting >= self.most_waiting {
                return Err(Full(waiting));
            }
            let (call, turn) = oneshot::channel();
            match line.waiting.iter_mut().find(|(name, _)| name == who) {
                Some((_, all)) => all.push_back(call),
                None => line.waiting.push_back((who.to_owned(), [call].into())),
            }
            turn
        };
        // The queue lives as long as its places, and hands each of them on.
        turn.await.map_err(|_| Full(0))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn forget_who_left(&mut self) {
        for (_, all) in &mut self.waiting {
            all.retain(|call| !call.is_closed());
        }
        self.waiting.retain(|(_, all)| !all.is_empty());
    }

    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        self.forget_who_left();
        let (who, mut all) = self.waiting.pop_front()?;
        let call = all.pop_front();
        if !all.is_empty() {
            self.waiting.push_back((who, all));
        }
        call
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let next = {
            let mut line = self.0.line();
            let next = line.next();
            if next.is_none() {
                line.working -= 1;
            }
            next
        };
        if let Some(call) = next {
            // Whoever left at this moment hands it on by dropping it.
            drop(call.send(Place(Arc::clone(&self.0))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn everybody_is_let_in_in_turn_and_too_many_are_sent_away() {
        let queue = Queue::new(1, 5);
        let working = queue.enter("ada").await.expect("nobody else is there");
        let enter = |who: &'static str| {
            let queue = Arc::clone(&queue);
            async move { queue.enter(who).await.map(|place| (who, place)) }
        };
        let mut waiting: Vec<_> =
            ["ada", "ada", "ada", "ben", "cleo"].into_iter().map(|who| Box::pin(enter(who))).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(enter("dora").await.err(), Some(Full(5)));
        let (mut working, mut order) = (Some(working), Vec::new());
        while !waiting.is_empty() {
            drop(working.take());
            let ((who, place), at, _) = {
                let (done, at, rest) = futures::future::select_all(waiting.iter_mut()).await;
                (done.expect("let in"), at, rest.len())
            };
            drop(waiting.remove(at));
            order.push(who);
            working = Some(place);
        }
        assert_eq!(order, ["ada", "ben", "cleo", "ada", "ada"]);
    }

    #[tokio::test]
    async fn whoever_leaves_is_passed_over_and_keeps_no_place() {
        let queue = Queue::new(2, 2);
        let (first, second) = (queue.enter("a").await.expect("in"), queue.enter("a").await.expect("in"));
        let (mut gone, mut stays) = (Box::pin(queue.enter("b")), Box::pin(queue.enter("c")));
        assert!((&mut gone).now_or_never().is_none() && (&mut stays).now_or_never().is_none());
        drop(gone);
        let mut third = Box::pin(queue.enter("d"));
        assert!((&mut third).now_or_never().is_none(), "there is room for whoever left");
        drop((first, second));
        let (stays, third) = (stays.await.expect("in"), third.await.expect("in"));
        drop((stays, third));
        assert_eq!(queue.line().working, 0);
        // Called, and gone before it could come in.
        let only = [queue.enter("a").await.expect("in"), queue.enter("a").await.expect("in")];
        let mut late = Box::pin(queue.enter("b"));
        assert!((&mut late).now_or_never().is_none());
        drop(only);
        drop(late);
        assert_eq!(queue.line().working, 0);
    }
}
