//! One turn, from the words typed to the end of the reply, whatever happens to the box meanwhile.
//!
//! The turn is made with an id of ours, so sending it again is harmless; the reply is followed from the last
//! place that was shown, so nothing is shown twice and nothing is lost.

use super::reply::ReplyWriter;
use anyhow::{Context as _, bail};
use engine_client::client::{ClientError, EngineClient};
use engine_client::events::TurnEvent;
use engine_client::problem::ErrorCode;
use engine_client::wire::turns::{NewTurn, TurnStateView, TurnView};
use futures::StreamExt;
use std::io::Write;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a box that went away is waited for.
const COMES_BACK: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Well,
    Failed,
    /// By the person, who asked twice to stop.
    Left,
}

pub struct Talk<'a> {
    pub client: &'a EngineClient,
    pub conversation: Uuid,
}

impl Talk<'_> {
    /// `interrupt` waits for the person's next wish to stop; the first stops the turn, the second leaves.
    pub async fn turn<W: Write>(
        &self,
        id: Uuid,
        text: String,
        writer: &mut ReplyWriter<W>,
        mut interrupt: impl AsyncFnMut(),
    ) -> anyhow::Result<Ended> {
        let mut stopping = false;
        let said = self.say(NewTurn {
            id,
            text,
            parent: None,
            instead_of: None,
            attachments: Vec::new(),
            history: None,
            max_tokens: None,
        });
        tokio::select! {
            said = said => drop(said?),
            () = interrupt() => return Ok(Ended::Left),
        }
        loop {
            let reply = self.follow(id, writer);
            tokio::select! {
                ended = reply => return ended,
                () = interrupt() => {}
            }
            if std::mem::replace(&mut stopping, true) {
                return Ok(Ended::Left);
            }
            self.stop(id).await?;
        }
    }

    /// Until the message is stored.
    async fn say(&self, turn: NewTurn) -> anyhow::Result<TurnView> {
        let path = format!("/api/v1/conversations/{}/turns", self.conversation);
        let mut patience = Patience::new();
        loop {
            match self.client.post(&path, &turn).await {
                Ok(view) => return Ok(view),
                Err(error) if comes_back(&error) => patience.pause(&error).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn stop(&self, id: Uuid) -> anyhow::Result<()> {
        match self.client.delete(&format!("/api/v1/turns/{id}")).await {
            Err(error) if !comes_back(&error) => Err(error).context("the turn could not be stopped"),
            // Where the box is gone, the turn is followed on and can be stopped again.
            _ => Ok(()),
        }
    }

    /// Until the turn has ended. May be dropped and called again: it goes on behind what was shown.
    async fn follow<W: Write>(&self, id: Uuid, writer: &mut ReplyWriter<W>) -> anyhow::Result<Ended> {
        let mut patience = Patience::new();
        loop {
            let why = match self.client.follow(id, writer.place()).await {
                Ok(mut events) => loop {
                    match events.next().await {
                        Some(Ok(event)) => {
                            writer.write(&event).context("the reply could not be shown")?;
                            patience = Patience::new();
                            match event {
                                TurnEvent::Done(turn) if turn.state == TurnStateView::Failed => {
                                    return Ok(Ended::Failed);
                                }
                                TurnEvent::Done(_) => return Ok(Ended::Well),
                                TurnEvent::Error(problem) => break ClientError::Refused(problem),
                                _ => {}
                            }
                        }
                        Some(Err(error)) => break error,
                        None => break ClientError::Interrupted("the stream ended early".to_owned()),
                    }
                },
                Err(error) => error,
            };
            if !comes_back(&why) {
                return Err(why.into());
            }
            patience.pause(&why).await?;
        }
    }
}

/// Whether asking again later may help.
fn comes_back(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(problem) => matches!(
            problem.code,
            ErrorCode::Stopping
                | ErrorCode::StoreUnavailable
                | ErrorCode::DeadlineExceeded
                | ErrorCode::TooManyRequests
        ),
        ClientError::Transport(_) | ClientError::Interrupted(_) | ClientError::TimedOut(_) => true,
        ClientError::Nonsense(_) => false,
    }
}

struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    fn new() -> Self {
        Self { until: Instant::now() + COMES_BACK, pause: FIRST_PAUSE }
    }

    async fn pause(&mut self, why: &ClientError) -> anyhow::Result<()> {
        if Instant::now() >= self.until {
            bail!("the box does not come back ({why}); what was said is kept: run `whisperengine status`");
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
