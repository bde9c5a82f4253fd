//! The sound of a session: what was said and is not told yet, to be sent as it comes and, if need be, once more.

use bytes::Bytes;
use futures::Stream;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Two bytes a sample.
const SAMPLE: u64 = 2;
/// Sent at once.
const PIECE: usize = 16 * 1024;

/// Clones share it.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<Sound>>);

struct Sound {
    rate: u32,
    bytes: VecDeque<u8>,
    /// Where the first of them is in the whole.
    from: u64,
    has_ended: bool,
    /// Of whoever reads it and is through.
    waits: Option<Waker>,
}

/// All of it from where it begins now, and then what still comes.
pub struct Reading {
    kept: Kept,
    at: u64,
}

impl Kept {
    pub fn at(rate: u32) -> Self {
        let (bytes, from, has_ended, waits) = (VecDeque::new(), 0, false, None);
        Self(Arc::new(Mutex::new(Sound { rate, bytes, from, has_ended, waits })))
    }

    pub fn push(&self, piece: &[u8]) {
        let mut sound = self.sound();
        if !sound.has_ended {
            sound.bytes.extend(piece);
        }
        sound.wake();
    }

    /// No more comes.
    pub fn end(&self) {
        let mut sound = self.sound();
        sound.has_ended = true;
        sound.wake();
    }

    pub fn has_ended(&self) -> bool {
        self.sound().has_ended
    }

    /// Nobody will need what was before.
    pub fn let_go(&self, seconds: f64) {
        let mut sound = self.sound();
        let to = (seconds.max(0.0) * f64::from(sound.rate)) as u64 * SAMPLE;
        let gone = to.saturating_sub(sound.from).min(sound.bytes.len() as u64);
        sound.bytes.drain(..usize::try_from(gone).expect("no more than there is"));
        sound.from += gone;
    }

    /// Where it begins, in seconds.
    pub fn begins_at(&self) -> f64 {
        let sound = self.sound();
        sound.seconds(sound.from)
    }

    /// Seconds of it.
    pub fn lasts(&self) -> f64 {
        let sound = self.sound();
        sound.seconds(sound.bytes.len() as u64)
    }

    pub fn read(&self) -> Reading {
        Reading { kept: self.clone(), at: self.sound().from }
    }

    fn sound(&self) -> MutexGuard<'_, Sound> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sound {
    fn wake(&mut self) {
        if let Some(waits) = self.waits.take() {
            waits.wake();
        }
    }

    fn seconds(&self, bytes: u64) -> f64 {
        (bytes / SAMPLE) as f64 / f64::from(self.rate.max(1))
    }
}

impl Stream for Reading {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let kept = self.kept.clone();
        let mut sound = kept.sound();
        // What was let go was heard, by this reader or an earlier one.
        let read = usize::try_from(self.at.saturating_sub(sound.from)).unwrap_or(usize::MAX);
        if read < sound.bytes.len() {
            let to = sound.bytes.len().min(read + PIECE);
            let piece: Vec<u8> = sound.bytes.range(read..to).copied().collect();
            self.at = sound.from + to as u64;
            return Poll::Ready(Some(piece.into()));
        }
        if sound.has_ended {
            return Poll::Ready(None);
        }
        sound.waits = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};

    fn all(reading: &mut Reading) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(Some(piece)) = reading.next().now_or_never() {
            all.extend(piece);
        }
        all
    }

    #[test]
    fn what_is_let_go_is_gone_to_the_sample_and_no_more_than_there_is() {
        let kept = Kept::at(10);
        for piece in [&[0, 1, 2][..], &[3, 4, 5, 6, 7], &[8, 9]] {
            kept.push(piece);
        }
        kept.let_go(0.25);
        assert_eq!(
            (all(&mut kept.read()), kept.begins_at(), kept.lasts()),
            (vec![4, 5, 6, 7, 8, 9], 0.2, 0.3)
        );
        kept.let_go(0.1);
        assert_eq!(all(&mut kept.read()).len(), 6);
        kept.let_go(99.0);
        kept.push(&[10, 11]);
        assert_eq!((all(&mut kept.read()), kept.begins_at()), (vec![10, 11], 0.5));
    }

    #[tokio::test]
    async fn whoever_reads_it_gets_what_comes_and_the_next_one_all_of_it_again() {
        let kept = Kept::at(8000);
        kept.push(&vec![1; 40_000]);
        let mut first = kept.read();
        assert_eq!(all(&mut first).len(), 40_000);
        let (next, ()) = tokio::join!(first.next(), async { kept.push(&[2, 2]) });
        assert_eq!(next, Some(Bytes::from_static(&[2, 2])));
        let mut second = kept.read();
        kept.end();
        kept.push(&[3]);
        assert_eq!(all(&mut second).len(), 40_002);
        assert_eq!((first.next().await, second.next().await), (None, None));
    }
}
