//! The owner of a turn: calls models until a reply is whole, and writes it down under the lease.
//!
//! Every write carries the fence. Where one is refused, somebody else owns the turn, and this writer
//! leaves without another word. Where the Store fails, it leaves too: the lease runs out and whoever
//! can reach the Store takes over. A failure of the models is an ending of its own, recorded.

use super::attempt::{self, End, Tally};
use super::context::{Context, Seen};
use super::draft::Draft;
use super::prompt::{self, Prompt, Room};
use super::recall::Recalled;
use super::recall_mode;
use super::signals::Signals;
use super::summary;
use super::window_cache::WindowCache;
use crate::domain::ids::UsageId;
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::turn::{Failure, Turn, TurnState};
use crate::domain::usage::{Outcome, Purpose, UsageEntry};
use crate::models::chain::{Chain, Link, Step};
use crate::ports::cache::Bus;
use crate::ports::clock::Clock;
use crate::ports::error::StoreError;
use crate::ports::models::{Finish, ModelError, ModelRequest};
use crate::ports::turns::{Ending, Turns};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A model that goes on where it stopped may be asked to do so this often in one turn.
const MOST_CONTINUATIONS: u32 = 2;

#[derive(Clone)]
pub struct Writer {
    pub turns: Arc<dyn Turns>,
    pub bus: Arc<dyn Bus>,
    pub windows: WindowCache,
    pub clock: Arc<dyn Clock>,
    /// How long a silent owner keeps its turn.
    pub lease: Duration,
    /// Replies that may be written at once; the next one waits, under its lease.
    pub places: Arc<Semaphore>,
    /// Cancelled when the box goes down.
    pub leaving: CancellationToken,
}

/// What a writer starts from: a turn it owns, its context, and the models to try.
pub struct Assignment {
    pub turn: Turn,
    pub context: Context,
    pub models: Models,
}

pub enum Models {
    /// Nobody to ask: memory alone answers.
    None,
    /// The ledger entry of `first` is open already.
    Begun { chain: Chain, first: Step },
    /// Taken over: the last attempt died with its owner.
    TakenOver { chain: Chain },
}

impl Models {
    pub fn sees(&self) -> Seen {
        match self {
            Self::None => Seen::MessageOnly,
            Self::Begun { .. } | Self::TakenOver { .. } => Seen::Window,
        }
    }
}

/// How the reply ended, before it is written down.
struct Outcoming {
    outcome: Outcome,
    failure: Option<Failure>,
}

impl Writer {
    /// Writes the reply to its end. Returns when the turn has ended or is somebody else's.
    pub async fn write(&self, assignment: Assignment) {
        let id = assignment.turn.id;
        let mut draft = Draft::new(self.turns.clone(), self.bus.clone(), assignment.turn);
        match self.drive(&mut draft, &assignment.context, assignment.models).await {
            Ok(()) => draft.changed().await,
            Err(StoreError::Fenced { .. }) => {
                tracing::info!(turn.id = %id, "another owner has taken over turn {id}");
            }
            Err(error) => {
                tracing::error!(turn.id = %id, error = %error, "the reply of turn {id} could not be written down");
            }
        }
    }

    async fn drive(&self, draft: &mut Draft, context: &Context, models: Models) -> Result<(), StoreError> {
        let mut signals = Signals::listen(self, &draft.turn).await;
        let mut tally = Tally::new(Vec::new(), 0);
        let _place = match signals.place(draft).await? {
            Ok(place) => place,
            Err(end) => return self.leave(draft, context, &tally, end).await,
        };
        let (mut chain, mut step, mut entry_open) = match models {
            // Memory has no way to go on from somebody's words.
            Models::None if draft.turn.given_bytes > 0 => {
                let nobody = Outcoming::failed(&ModelError::NoneConnected);
                return self.end(draft, context, &tally, nobody).await;
            }
            Models::None => {
                if draft.is_empty() {
                    tally.recalled = recall_mode::quoted(context).map(Recalled::reference).collect();
                    draft.say(&recall_mode::reply(context)).await?;
                }
                return self.end(draft, context, &tally, Outcome::Done.into()).await;
            }
            Models::Begun { chain, first } => (chain, first, true),
            Models::TakenOver { mut chain } => {
                let step = chain.next(None, false);
                (chain, step, false)
            }
        };
        let mut continuations = 0;
        loop {
            let (link, after) = match step {
                Step::Try { link, after } => (link, after),
                Step::GiveUp(error) => {
                    return self.end(draft, context, &tally, Outcoming::failed(&error)).await;
                }
            };
            if let Some(end) = signals.sleep(draft, after).await? {
                return self.leave(draft, context, &tally, end).await;
            }
            let prompt = prompt::build(context, room(&link), draft.turn.given());
            if !std::mem::take(&mut entry_open) {
                self.begin_attempt(draft, &link, &tally).await?;
            }
            tally = Tally::new(prompt.recalled.clone(), prompt.tokens);
            let request = request(draft, &link, &prompt);
            let error = match attempt::run(&*link.model, request, draft, &mut tally, &mut signals).await? {
                End::Finished(finish) => {
                    chain.succeeded();
                    return self.end(draft, context, &tally, Outcoming::finished(draft, finish)).await;
                }
                End::Failed(error) => error,
                end => return self.leave(draft, context, &tally, end).await,
            };
            tracing::warn!(turn.id = %draft.turn.id, connection.id = %link.connection.id,
                turn.attempt = draft.turn.attempt, error = %error, "an attempt failed: {error}");
            step = if can_continue(&link, draft, &error) && continuations < MOST_CONTINUATIONS {
                continuations += 1;
                Step::Try { link, after: Duration::ZERO }
            } else {
                chain.next(Some(&error), !draft.is_empty())
            };
        }
    }

    /// Settles the last attempt and opens the next. Text that this model cannot go on from is thrown away.
    async fn begin_attempt(&self, draft: &mut Draft, link: &Link, last: &Tally) -> Result<(), StoreError> {
        draft.flush().await?;
        let settlement = last.settle(Outcome::Failed, self.clock.now());
        let turn = &draft.turn;
        let entry = ledger_entry(turn, turn.attempt + 1, Some(link), &*self.clock);
        let discard = !link.connection.continues_text && !draft.is_empty();
        draft.turn = self.turns.begin_attempt(turn, &settlement, &entry, discard).await?;
        draft.changed().await;
        Ok(())
    }

    /// The person or the box wants it to end here.
    async fn leave(
        &self,
        draft: &mut Draft,
        context: &Context,
        tally: &Tally,
        end: End,
    ) -> Result<(), StoreError> {
        match end {
            End::Stopped => self.end(draft, context, tally, Outcome::Stopped.into()).await,
            // What is stored stays, the lease ends now, and the next owner need not wait for it.
            _ => {
                draft.flush().await?;
                self.turns.renew(&draft.turn, self.clock.now()).await.map(drop)
            }
        }
    }

    async fn end(
        &self,
        draft: &mut Draft,
        context: &Context,
        tally: &Tally,
        how: Outcoming,
    ) -> Result<(), StoreError> {
        // What is not stored yet is stored as part of the reply.
        let at = self.clock.now();
        let settlement = tally.settle(how.outcome, at);
        let (state, message_state) = match how.outcome {
            Outcome::Done => (TurnState::Done, MessageState::Complete),
            Outcome::Stopped => (TurnState::Stopped, MessageState::Stopped),
            _ => (TurnState::Failed, MessageState::Cut),
        };
        let reply = (!draft.is_empty()).then(|| Message {
            id: draft.turn.reply,
            tenant: draft.turn.tenant,
            conversation: draft.turn.conversation,
            parent: Some(draft.turn.message),
            author: Author::Companion,
            text: draft.text(),
            state: message_state,
            model: settlement.model.clone(),
            turn: Some(draft.turn.id),
            attachments: Vec::new(),
            created_at: at,
        });
        let jobs = summary::job_after(&draft.turn, context, &*self.clock).into_iter().collect();
        let first_token_ms = tally.first_token().map(|span| span.as_millis() as u64);
        let tokens = settlement.tokens;
        let recalled = tally.recalled.clone();
        let ending = Ending { state, reply, failure: how.failure, recalled, settlement, jobs, at };
        self.turns.finish(&draft.turn, &ending).await?;
        self.windows.put(draft.turn.conversation, context.branch_with(ending.reply.as_ref())).await;
        let (recall_ms, llm_ms) = (context.recall.as_millis() as u64, tally.took().as_millis() as u64);
        tracing::info!(target: "performance", { turn.id = %draft.turn.id, turn.attempt = draft.turn.attempt,
            turn.state = state_name(state), model = ending.settlement.model, recall_ms, first_token_ms, llm_ms,
            prompt_tokens = tokens.prompt, completion_tokens = tokens.completion }, "turn {} ended", draft.turn.id);
        metrics::counter!("whisperengine_turns_total", "state" => state_name(state)).increment(1);
        if let Some(span) = tally.first_token() {
            metrics::histogram!("whisperengine_first_token_seconds").record(span.as_secs_f64());
        }
        Ok(())
    }
}

/// A ledger entry for an attempt that is about to begin.
pub fn ledger_entry(turn: &Turn, attempt: i64, link: Option<&Link>, clock: &dyn Clock) -> UsageEntry {
    UsageEntry {
        id: UsageId(clock.new_id()),
        tenant: turn.tenant,
        person: turn.person,
        companion: Some(turn.companion),
        turn: Some(turn.id),
        attempt,
        purpose: Purpose::Reply,
        connection: link.map(|link| link.connection.id),
        model: link.map(|link| link.connection.model.clone()),
        started_at: clock.now(),
        settlement: None,
    }
}

fn request(draft: &Draft, link: &Link, prompt: &Prompt) -> ModelRequest {
    let begun = draft.text();
    let messages = if link.connection.continues_text {
        prompt.continuing(&begun)
    } else {
        prompt.asking_to_go_on(&begun)
    };
    ModelRequest {
        messages,
        max_tokens: Some(draft.turn.max_tokens.unwrap_or(i64::MAX).min(room(link).reply_tokens() as i64)),
        request_id: format!("{}-{}", draft.turn.id, draft.turn.attempt),
    }
}

fn room(link: &Link) -> Room {
    Room { context_tokens: link.connection.context_tokens as usize }
}

/// Only a break-off can be mended by going on; a refusal would be refused again.
fn can_continue(link: &Link, draft: &Draft, error: &ModelError) -> bool {
    let broke_off =
        matches!(error, ModelError::Cut | ModelError::Silent { .. } | ModelError::Unreachable { .. });
    link.connection.continues_text && !draft.is_empty() && broke_off
}

impl From<Outcome> for Outcoming {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, failure: None }
    }
}

impl Outcoming {
    fn failed(error: &ModelError) -> Self {
        let failure = Failure { code: error.code().to_owned(), detail: error.to_string() };
        Self { outcome: Outcome::Failed, failure: Some(failure) }
    }

    /// A whole answer without a word in it is no answer.
    fn finished(draft: &Draft, finish: Finish) -> Self {
        if !draft.is_empty() {
            return Outcome::Done.into();
        }
        let (code, detail) = match finish {
            Finish::ContentFilter => ("model_filtered", "the provider withheld the answer"),
            Finish::Stop | Finish::Length | Finish::ToolCalls => {
                ("model_empty", "the model ended without a word")
            }
        };
        let failure = Failure { code: code.into(), detail: detail.into() };
        Self { outcome: Outcome::Failed, failure: Some(failure) }
    }
}

fn state_name(state: TurnState) -> &'static str {
    match state {
        TurnState::Running => "running",
        TurnState::Done => "done",
        TurnState::Stopped => "stopped",
        TurnState::Failed => "failed",
    }
}
