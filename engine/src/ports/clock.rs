//! Time and chance are ports, so a test can hold the one and repeat the other.

use crate::domain::time::Timestamp;
use uuid::Uuid;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// A fresh UUIDv7 at `now`: ids sort by the time they were made.
    fn new_id(&self) -> Uuid;

    /// Bytes nobody can guess.
    fn fill_random(&self, bytes: &mut [u8]);
}
