//! Whether a box that was started really is up, and whether one is up that nobody manages.

use super::outcome::ServiceError;
use crate::config::data_dir::DataDir;
use crate::control::socket;
use crate::instance::{ClaimError, Instance};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::Instant;

const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A first start makes keys and a database, maybe on a slow card.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    Up,
    /// It runs, and does not answer yet.
    Slowly,
    Down,
}

/// Waits until the box answers, or ends. `runs` asks the manager.
pub async fn until_up(
    dir: &DataDir,
    runs: impl AsyncFn() -> Result<bool, ServiceError>,
) -> Result<Came, ServiceError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if answers(dir).await {
            return Ok(Came::Up);
        }
        if !runs().await? {
            return Ok(Came::Down);
        }
        if Instant::now() >= deadline {
            return Ok(Came::Slowly);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn answers(dir: &DataDir) -> bool {
    match socket::name(dir) {
        Ok(name) => UnixStream::connect(&name.path).await.is_ok(),
        Err(_) => false,
    }
}

/// Refuses where a box runs that the service manager did not start: a second one could not.
pub fn nobody_else(dir: &DataDir) -> Result<(), ServiceError> {
    // The claim makes its file, which must not become root's in somebody else's directory.
    if !dir.run().join("lock").exists() {
        return Ok(());
    }
    match Instance::claim(dir) {
        Err(ClaimError::Held { dir, holder }) => Err(ServiceError::RunsByHand { dir, holder }),
        // What else is wrong with the directory, the start will say.
        Ok(_) | Err(ClaimError::Io { .. }) => Ok(()),
    }
}
