//! One call to one model: its words go to the draft until it ends, fails, or is told to stop.

use super::draft::Draft;
use super::signals::Signals;
use crate::domain::time::Timestamp;
use crate::domain::turn::Reference;
use crate::domain::usage::{Outcome, Settlement, Tokens};
use crate::ports::error::StoreError;
use crate::ports::models::{Delta, DeltaStream, Finish, LanguageModel, ModelError, ModelRequest};
use engine_client::events::Stage;
use futures::StreamExt;
use std::time::Duration;
use tokio::time::Instant;

/// How an attempt ended.
#[derive(Debug)]
pub enum End {
    Finished(Finish),
    Failed(ModelError),
    /// The person wished it.
    Stopped,
    /// The box is going down: somebody else takes over.
    Leaving,
}

/// What is known of the call beside its words.
#[derive(Debug)]
pub struct Tally {
    pub model: Option<String>,
    /// What of earlier it was shown.
    pub recalled: Vec<Reference>,
    prompt_tokens: usize,
    reported: Option<(Tokens, Option<i64>)>,
    begun: Instant,
    first_token: Option<Duration>,
    written_bytes: usize,
}

impl Tally {
    /// Of a call that was shown these, in a prompt of about so many tokens.
    pub fn new(recalled: Vec<Reference>, prompt_tokens: usize) -> Self {
        Self {
            model: None,
            recalled,
            prompt_tokens,
            reported: None,
            begun: Instant::now(),
            first_token: None,
            written_bytes: 0,
        }
    }

    pub fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    pub fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Tokens as the provider counted them, or a guess that says so.
    pub fn settle(&self, outcome: Outcome, at: Timestamp) -> Settlement {
        let (tokens, cost_micros) = self.reported.unwrap_or_else(|| {
            // A server that never answered has not read anything we would be billed for.
            let answered = self.model.is_some() || self.first_token.is_some();
            let prompt = if answered { self.prompt_tokens as i64 } else { 0 };
            (Tokens { prompt, completion: (self.written_bytes / 4) as i64, estimated: true }, None)
        });
        Settlement {
            outcome,
            model: self.model.clone(),
            tokens,
            cost_micros,
            first_token_us: self.first_token.map(|span| span.as_micros() as i64),
            finished_at: at,
        }
    }
}

/// Runs the call to its end. Dropping the stream on the way out cancels it upstream.
pub async fn run(
    model: &dyn LanguageModel,
    request: ModelRequest,
    draft: &mut Draft,
    tally: &mut Tally,
    signals: &mut Signals,
) -> Result<End, StoreError> {
    draft.enter(Stage::Thinking).await;
    let opened = tokio::select! {
        opened = model.reply(request) => opened,
        end = signals.interrupted(draft) => return end,
    };
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(error) => return Ok(End::Failed(error)),
    };
    let end = follow(&mut stream, draft, tally, signals).await?;
    // A whole reply is stored as such right after this.
    if !matches!(end, End::Finished(_)) {
        draft.flush().await?;
    }
    Ok(end)
}

async fn follow(
    stream: &mut DeltaStream,
    draft: &mut Draft,
    tally: &mut Tally,
    signals: &mut Signals,
) -> Result<End, StoreError> {
    let mut finish = None;
    loop {
        let next = tokio::select! {
            biased;
            end = signals.interrupted(draft) => return end,
            () = draft.due() => {
                draft.flush().await?;
                continue;
            }
            next = stream.next() => next,
        };
        match next {
            Some(Ok(Delta::Text(text))) => {
                tally.first_token.get_or_insert_with(|| tally.begun.elapsed());
                tally.written_bytes += text.len();
                draft.say(&text).await?;
            }
            Some(Ok(Delta::Reasoning(_))) => draft.enter(Stage::Thinking).await,
            // No tools were offered, so there is nothing to call.
            Some(Ok(Delta::ToolCall(_))) => {}
            Some(Ok(Delta::Model(name))) => tally.model = Some(name),
            Some(Ok(Delta::Usage(tokens, cost))) => tally.reported = Some((tokens, cost)),
            // Usage may follow the finish; the stream's own end is the end.
            Some(Ok(Delta::Finish(how))) => finish = Some(how),
            Some(Err(error)) if finish.is_none() => return Ok(End::Failed(error)),
            Some(Err(_)) | None => {
                return Ok(finish.map_or(End::Failed(ModelError::Cut), End::Finished));
            }
        }
    }
}
