//! A model asked directly: what is said passes through and nothing of it is kept but one entry in the
//! ledger.
//!
//! There is no second attempt and no other connection: the caller chose this one. A call that is dropped
//! is cancelled upstream and settled with what it used so far.

use super::pool::ModelPool;
use crate::domain::connection::Connection;
use crate::domain::ids::{CompanionId, ConnectionId, TenantId, UsageId};
use crate::domain::person::Person;
use crate::domain::usage::{Outcome, Purpose, Settlement, Tokens, UsageEntry};
use crate::ports::clock::Clock;
use crate::ports::connections::Connections;
use crate::ports::error::StoreError;
use crate::ports::ledger::Ledger;
use crate::ports::models::{
    Delta, DeltaStream, Finish, LanguageModel, ModelError, ModelRequest, PromptMessage,
};
use futures::StreamExt;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

#[derive(Clone)]
pub struct DirectDesk {
    pub connections: Arc<dyn Connections>,
    pub ledger: Arc<dyn Ledger>,
    pub pool: Arc<ModelPool>,
    pub clock: Arc<dyn Clock>,
    pub tasks: TaskTracker,
}

#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    #[error("no such connection")]
    Missing,
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What comes next of an answer.
#[derive(Debug)]
pub enum Piece {
    Words(String),
    Ended { model: Option<String>, tokens: Tokens, finish: Finish },
}

pub struct DirectCall {
    stream: DeltaStream,
    finish: Option<Finish>,
    account: Account,
}

/// A call to one connection, and what for.
pub struct Call<'a> {
    pub person: &'a Person,
    pub connection: &'a Connection,
    pub companion: Option<CompanionId>,
    /// Counts from 1 where several connections are tried.
    pub attempt: i64,
    pub purpose: Purpose,
}

impl DirectDesk {
    /// Returns when the server has accepted the request.
    pub async fn ask(
        &self,
        person: &Person,
        connection: ConnectionId,
        messages: Vec<PromptMessage>,
        max_tokens: Option<i64>,
    ) -> Result<DirectCall, DirectError> {
        let connection = self.find(person, connection).await?;
        let model = self.pool.model(&connection)?;
        let purpose = Purpose::Direct;
        let call = Call { person, connection: &connection, companion: None, attempt: 1, purpose };
        self.begin(&call, &*model, messages, max_tokens).await
    }

    pub async fn find(&self, person: &Person, id: ConnectionId) -> Result<Connection, DirectError> {
        self.connections.find(person.tenant, id).await?.ok_or(DirectError::Missing)
    }

    /// Opens the ledger's entry, then asks.
    pub async fn begin(
        &self,
        call: &Call<'_>,
        model: &dyn LanguageModel,
        messages: Vec<PromptMessage>,
        max_tokens: Option<i64>,
    ) -> Result<DirectCall, DirectError> {
        let bytes = messages.iter().map(|message| message.text.len()).sum();
        let mut account = self.account(call, bytes).await?;
        let request = ModelRequest { messages, max_tokens, request_id: account.entry.to_string() };
        match model.reply(request).await {
            Ok(stream) => Ok(DirectCall { stream, finish: None, account }),
            Err(error) => {
                account.settle(Outcome::Failed).await;
                Err(error.into())
            }
        }
    }

    /// An open entry for a call that sends so many bytes of text.
    pub(super) async fn account(&self, call: &Call<'_>, bytes: usize) -> Result<Account, StoreError> {
        let entry = UsageEntry {
            id: UsageId(self.clock.new_id()),
            tenant: call.person.tenant,
            person: call.person.id,
            companion: call.companion,
            turn: None,
            attempt: call.attempt,
            purpose: call.purpose,
            connection: Some(call.connection.id),
            model: Some(call.connection.model.clone()),
            started_at: self.clock.now(),
            settlement: None,
        };
        self.ledger.open(&entry).await?;
        Ok(Account::new(self.clone(), &entry, bytes))
    }
}

impl DirectCall {
    /// Nothing comes after `Ended` and after an error. Safe to drop.
    pub async fn next(&mut self) -> Result<Piece, ModelError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Delta::Text(text))) => {
                    self.account.write(&text);
                    return Ok(Piece::Words(text));
                }
                // No tools are offered, and what a model thinks aloud is not its answer.
                Some(Ok(Delta::Reasoning(_) | Delta::ToolCall(_))) => {}
                Some(Ok(Delta::Model(name))) => self.account.model = Some(name),
                Some(Ok(Delta::Usage(tokens, cost))) => self.account.reported = Some((tokens, cost)),
                // Usage may follow the finish; the stream's own end is the end.
                Some(Ok(Delta::Finish(how))) => self.finish = Some(how),
                Some(Err(error)) if self.finish.is_none() => return self.fail(error).await,
                Some(Err(_)) | None => {
                    let Some(finish) = self.finish else { return self.fail(ModelError::Cut).await };
                    self.account.settle(Outcome::Done).await;
                    let (tokens, _) = self.account.used();
                    return Ok(Piece::Ended { model: self.account.model.clone(), tokens, finish });
                }
            }
        }
    }

    async fn fail(&mut self, error: ModelError) -> Result<Piece, ModelError> {
        self.account.settle(Outcome::Failed).await;
        Err(error)
    }
}

/// What one call used; settled once, however it ends.
pub(super) struct Account {
    desk: DirectDesk,
    tenant: TenantId,
    pub(super) entry: UsageId,
    read_tokens: i64,
    written_bytes: usize,
    pub(super) model: Option<String>,
    pub(super) reported: Option<(Tokens, Option<i64>)>,
    begun: Instant,
    first_token_us: Option<i64>,
    settled: bool,
}

impl Account {
    fn new(desk: DirectDesk, entry: &UsageEntry, bytes: usize) -> Self {
        Self {
            desk,
            tenant: entry.tenant,
            entry: entry.id,
            read_tokens: (bytes / 4) as i64,
            written_bytes: 0,
            model: None,
            reported: None,
            begun: Instant::now(),
            first_token_us: None,
            settled: false,
        }
    }

    fn write(&mut self, text: &str) {
        let begun = self.begun;
        self.first_token_us.get_or_insert_with(|| begun.elapsed().as_micros() as i64);
        self.written_bytes += text.len();
    }

    /// As the provider counted, or a guess that says so. A server that said nothing has read nothing
    /// that anybody would be billed for.
    pub(super) fn used(&self) -> (Tokens, Option<i64>) {
        let answered = self.model.is_some() || self.first_token_us.is_some();
        let prompt = if answered { self.read_tokens } else { 0 };
        let guess = Tokens { prompt, completion: (self.written_bytes / 4) as i64, estimated: true };
        self.reported.unwrap_or((guess, None))
    }

    fn settlement(&self, outcome: Outcome) -> Settlement {
        let (tokens, cost_micros) = self.used();
        Settlement {
            outcome,
            model: self.model.clone(),
            tokens,
            cost_micros,
            first_token_us: self.first_token_us,
            finished_at: self.desk.clock.now(),
        }
    }

    pub(super) async fn settle(&mut self, outcome: Outcome) {
        let settlement = self.settlement(outcome);
        let settled = self.desk.ledger.settle(self.tenant, self.entry, &settlement).await;
        self.settled = true;
        unsettled(settled);
    }
}

impl Drop for Account {
    /// The caller has left.
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let (ledger, tenant, entry) = (self.desk.ledger.clone(), self.tenant, self.entry);
        let settlement = self.settlement(Outcome::Stopped);
        self.desk.tasks.spawn(async move { unsettled(ledger.settle(tenant, entry, &settlement).await) });
    }
}

/// The answer is the caller's all the same; the entry stays open, which shows that its sum is not known.
fn unsettled(settled: Result<bool, StoreError>) {
    if let Err(error) = settled {
        tracing::error!(error = %error, "what a direct call used could not be written down");
    }
}
