//! What every call asks for and hardly anybody changes is remembered for a moment: who calls, with which
//! key, whom they talk to, and which models there are.
//!
//! Changes made through the same ports count at once; those of another process within the moment, which is
//! shorter than the second that a suspension or a revocation may take. Only what was found is remembered.

mod kept;
mod people;
mod ways;

use crate::ports::store::Store;
use std::sync::Arc;

/// The same Store, with a short memory in front of it.
pub fn remembering(store: Store) -> Store {
    Store {
        people: Arc::new(people::RecentPeople::new(store.people)),
        keys: Arc::new(people::RecentKeys::new(store.keys)),
        companions: Arc::new(ways::RecentCompanions::new(store.companions)),
        connections: Arc::new(ways::RecentConnections::new(store.connections)),
        ..store
    }
}
