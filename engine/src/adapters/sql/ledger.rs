//! The usage ledger in SQL: an entry is opened once and settled once.

use super::query::{Query, Row, sql};
use super::store::SqlStore;
use crate::domain::ids::{TenantId, TurnId, UsageId};
use crate::domain::time::Timestamp;
use crate::domain::usage::{Outcome, Settlement, Tokens, UsageEntry};
use crate::ports::error::Stored;
use crate::ports::ledger::Ledger;
use async_trait::async_trait;

#[async_trait]
impl Ledger for SqlStore {
    async fn open(&self, entry: &UsageEntry) -> Stored<()> {
        self.db.run(open_entry(entry, entry.attempt)).await.map_err(|error| error.taken("this entry"))?;
        Ok(())
    }

    async fn settle(&self, tenant: TenantId, id: UsageId, settlement: &Settlement) -> Stored<bool> {
        let settle = sql("UPDATE usage_entries
             SET outcome = $3, answered_by = $4, prompt_tokens = $5, completion_tokens = $6, estimated = $7,
                 cost_micros = $8, first_token_us = $9, finished_at = $10
             WHERE tenant_id = $1 AND id = $2 AND outcome = 'open'")
        .bind(tenant)
        .bind(id);
        Ok(self.db.run(settled(settle, settlement)).await? == 1)
    }

    async fn of_turn(&self, tenant: TenantId, turn: TurnId) -> Stored<Vec<UsageEntry>> {
        let list = sql("SELECT * FROM usage_entries WHERE tenant_id = $1 AND turn_id = $2
             ORDER BY attempt, started_at, id")
        .bind(tenant)
        .bind(turn);
        self.db.all(list).await?.iter().map(entry).collect()
    }

    async fn list(&self, tenant: TenantId, since: Timestamp, limit: i64) -> Stored<Vec<UsageEntry>> {
        let list = sql("SELECT * FROM usage_entries WHERE tenant_id = $1 AND started_at >= $2
             ORDER BY started_at DESC, id DESC LIMIT $3")
        .bind(tenant)
        .bind(since)
        .bind(limit);
        self.db.all(list).await?.iter().map(entry).collect()
    }
}

/// The statement that opens an entry, under the number the turn gives its attempt.
pub(super) fn open_entry(entry: &UsageEntry, attempt: i64) -> Query {
    sql("INSERT INTO usage_entries
         (id, tenant_id, person_id, companion_id, turn_id, attempt, purpose, connection_id, model, started_at,
          outcome, prompt_tokens, completion_tokens, estimated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', 0, 0, 0)")
    .bind(entry.id)
    .bind(entry.tenant)
    .bind(entry.person)
    .bind(entry.companion)
    .bind(entry.turn)
    .bind(attempt)
    .bind(entry.purpose)
    .bind(entry.connection)
    .bind(entry.model.clone())
    .bind(entry.started_at)
}

/// The statement that settles a turn's attempt, where nobody has yet.
pub(super) fn settle_attempt(tenant: TenantId, turn: TurnId, attempt: i64, settlement: &Settlement) -> Query {
    let settle = sql("UPDATE usage_entries
         SET outcome = $4, answered_by = $5, prompt_tokens = $6, completion_tokens = $7, estimated = $8,
             cost_micros = $9, first_token_us = $10, finished_at = $11
         WHERE tenant_id = $1 AND turn_id = $2 AND attempt = $3 AND purpose = 'reply' AND outcome = 'open'")
    .bind(tenant)
    .bind(turn)
    .bind(attempt);
    settled(settle, settlement)
}

fn settled(query: Query, settlement: &Settlement) -> Query {
    query
        .bind(settlement.outcome)
        .bind(settlement.model.clone())
        .bind(settlement.tokens.prompt)
        .bind(settlement.tokens.completion)
        .bind(settlement.tokens.estimated)
        .bind(settlement.cost_micros)
        .bind(settlement.first_token_us)
        .bind(settlement.finished_at)
}

pub(super) fn entry(row: &Row) -> Stored<UsageEntry> {
    let outcome: Outcome = row.get("outcome")?;
    let settlement = match outcome {
        Outcome::Open => None,
        outcome => Some(Settlement {
            outcome,
            model: row.get("answered_by")?,
            tokens: Tokens {
                prompt: row.get("prompt_tokens")?,
                completion: row.get("completion_tokens")?,
                estimated: row.get("estimated")?,
            },
            cost_micros: row.get("cost_micros")?,
            first_token_us: row.get("first_token_us")?,
            finished_at: row.get("finished_at")?,
        }),
    };
    Ok(UsageEntry {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        companion: row.get("companion_id")?,
        turn: row.get("turn_id")?,
        attempt: row.get("attempt")?,
        purpose: row.get("purpose")?,
        connection: row.get("connection_id")?,
        model: row.get("model")?,
        started_at: row.get("started_at")?,
        settlement,
    })
}
