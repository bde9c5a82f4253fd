//! One turn, followed for a client that hears of it only here: when the client leaves, the turn stops.
//!
//! A line to the engine that breaks is taken up again where it broke; the client does not notice.

use crate::openai::errors::Complaint;
use engine_client::client::{ClientError, EngineClient};
use engine_client::events::{Place, TurnEvent};
use engine_client::wire::turns::TurnView;
use futures::{Stream, StreamExt};
use http::StatusCode;
use std::pin::Pin;
use std::time::Duration;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// How often in a row a broken line is taken up again, and how long after it broke: long enough for
/// another engine to take over.
const MOST_BREAKS: u32 = 60;
const PACE: Duration = Duration::from_millis(250);

type Events = Pin<Box<dyn Stream<Item = Result<TurnEvent, ClientError>> + Send>>;

/// What comes next of a reply.
pub enum Step {
    Words(String),
    /// The words so far are void; the reply begins again.
    Void,
    Ended(Box<TurnView>),
    Failed(Complaint),
}

pub struct Reply {
    leaving: Leaving,
    events: Option<Events>,
    at: Place,
    breaks: u32,
}

impl Reply {
    pub fn new(leaving: Leaving) -> Self {
        Self { leaving, events: None, at: Place::default(), breaks: 0 }
    }

    /// Safe to drop: nothing is lost, the next call goes on.
    pub async fn next(&mut self) -> Step {
        loop {
            let Some(events) = &mut self.events else {
                if let Err(complaint) = self.open().await {
                    return Step::Failed(complaint);
                }
                continue;
            };
            match events.next().await {
                Some(Ok(TurnEvent::Stage(_))) => {}
                Some(Ok(TurnEvent::Text { at, text })) => {
                    (self.at, self.breaks) = (at, 0);
                    return Step::Words(text);
                }
                Some(Ok(TurnEvent::Reset { at })) => {
                    self.at = at;
                    return Step::Void;
                }
                Some(Ok(TurnEvent::Done(turn))) => {
                    self.leaving.ended = true;
                    return Step::Ended(turn);
                }
                Some(Ok(TurnEvent::Error(_)) | Err(_)) | None => self.events = None,
            }
        }
    }

    async fn open(&mut self) -> Result<(), Complaint> {
        if self.breaks > MOST_BREAKS {
            let lost = "the engine broke off and did not come back; try again in a moment";
            return Err(Complaint::new(StatusCode::BAD_GATEWAY, "interrupted", lost));
        }
        if self.breaks > 0 {
            tokio::time::sleep(PACE).await;
        }
        self.breaks += 1;
        match self.leaving.engine.follow(self.leaving.turn, self.at).await {
            Ok(events) => self.events = Some(Box::pin(events)),
            Err(error @ ClientError::Refused(_)) if error.code().is_some_and(|code| code.status() < 500) => {
                return Err(error.into());
            }
            Err(_) => {}
        }
        Ok(())
    }
}

/// Stops the turn where it is dropped before the turn has ended.
pub struct Leaving {
    engine: EngineClient,
    turn: Uuid,
    tasks: TaskTracker,
    ended: bool,
}

impl Leaving {
    pub fn new(engine: EngineClient, turn: Uuid, tasks: TaskTracker) -> Self {
        Self { engine, turn, tasks, ended: false }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (engine, turn) = (self.engine.clone(), self.turn);
        self.tasks.spawn(async move {
            // Where it was never taken there is nothing to stop.
            if let Err(error) = engine.delete(&format!("/api/v1/turns/{turn}")).await {
                tracing::debug!(turn.id = %turn, error = %error, "turn {turn} was not stopped");
            }
        });
    }
}
