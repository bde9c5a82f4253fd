//! The line from finding a container engine to having it: connected once for as long as it works.

use super::connection::Daemon;
use crate::containers::detect::{Detection, detect};
use crate::containers::endpoint::Endpoint;
use crate::containers::graphics::HandOver;
use crate::containers::places::Around;
use crate::containers::state::Kind;
use crate::services::fault::{Fault, Trouble};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between two tries with an engine that was found and then would not say what it is.
const PAUSE: Duration = Duration::from_secs(2);

/// Keeps `daemons` up to date until told to stop.
pub async fn follow(
    mut detections: watch::Receiver<Arc<Detection>>,
    mut needed: watch::Receiver<bool>,
    daemons: watch::Sender<Option<Daemon>>,
    stop: CancellationToken,
) {
    let mut held: Option<Found> = None;
    let mut told = String::new();
    loop {
        // An engine that nobody needs is left alone.
        let is_needed = *needed.borrow_and_update();
        let found = works(&detections.borrow_and_update()).filter(|_| is_needed);
        if found != held {
            held = None;
            daemons.send_if_modified(|daemon| daemon.take().is_some());
            if let Some(Found { endpoint, kind, graphics }) = &found {
                match Daemon::connect(endpoint, *kind, graphics.clone()).await {
                    Ok(daemon) => {
                        tracing::info!("the container engine at {endpoint} is used");
                        daemons.send_replace(Some(daemon));
                        held = found.clone();
                    }
                    Err(trouble) if trouble.detail == told => {}
                    Err(trouble) => {
                        tracing::warn!(error = %trouble, "the container engine cannot be used");
                        told = trouble.detail;
                    }
                }
            }
        }
        let again = found.is_some() && held.is_none();
        tokio::select! {
            changed = detections.changed() => if changed.is_err() { return },
            changed = needed.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(PAUSE), if again => {}
            () = stop.cancelled() => return,
        }
    }
}

/// For a command: the engine that is there now.
pub async fn once(around: &Around, patience: Duration) -> Result<Daemon, Trouble> {
    let found = detect(around, patience).await;
    let Some(Found { endpoint, kind, graphics }) = works(&found) else {
        return Err(Trouble::new(Fault::EngineGone, found.detail));
    };
    Daemon::connect(&endpoint, kind, graphics).await
}

/// An engine that works, as it was found. One that can do something else than before is met anew.
#[derive(Clone, PartialEq, Eq)]
struct Found {
    endpoint: Endpoint,
    kind: Kind,
    graphics: Option<HandOver>,
}

fn works(found: &Detection) -> Option<Found> {
    let chosen = found.chosen().filter(|_| found.state.works())?;
    let answered = chosen.verdict.answered.as_ref()?;
    let (kind, graphics) = (answered.kind, answered.hands_over());
    Some(Found { endpoint: chosen.candidate.endpoint.clone(), kind, graphics })
}
