//! Turns written, read and ended.

use super::accept::place;
use super::rows::{THERE, TURN, references, turn as stored_turn};
use crate::adapters::sql::jobs::insert_job;
use crate::adapters::sql::ledger::{open_entry, settle_attempt};
use crate::adapters::sql::messages::{insert_message, newest_leaf, owner_word};
use crate::adapters::sql::query::{Query, assembled, sql, storable};
use crate::adapters::sql::store::SqlStore;
use crate::domain::ids::{ConversationId, PersonId, TenantId, TurnId};
use crate::domain::memory::Owner;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use crate::domain::turn::{Turn, TurnState};
use crate::domain::usage::{Outcome, Settlement, Tokens, UsageEntry};
use crate::ports::error::{StoreError, Stored};
use crate::ports::turns::{Accepted, Ending, Histories, Turns};
use async_trait::async_trait;

const FENCED: StoreError = StoreError::Fenced { what: "this turn" };

#[async_trait]
impl Turns for SqlStore {
    async fn accept(&self, turn: &Turn, message: &Message, entry: &UsageEntry) -> Stored<Accepted> {
        let mut tx = self.db.begin().await?;
        let answer = match place(&mut tx, turn, message, entry).await {
            // An id that is taken somewhere the caller cannot see.
            Err(StoreError::Conflict { .. }) => return Ok(Accepted::Different),
            answer => answer?,
        };
        // Even what was only read may have been written by a neighbour who is not durable yet.
        tx.commit().await?;
        Ok(answer)
    }

    async fn find(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<Option<Turn>> {
        let find = assembled(format!(
            "{TURN} WHERE t.tenant_id = $1 AND t.person_id = $2 AND t.id = $3 AND {THERE}"
        ))
        .bind(tenant)
        .bind(person)
        .bind(id);
        self.db.one(find).await?.map(|row| stored_turn(&row)).transpose()
    }

    async fn running(&self, tenant: TenantId, conversation: ConversationId) -> Stored<Option<Turn>> {
        let find = assembled(format!(
            "{TURN} WHERE t.tenant_id = $1 AND t.conversation_id = $2 AND t.state = 'running'"
        ))
        .bind(tenant)
        .bind(conversation);
        self.db.one(find).await?.map(|row| stored_turn(&row)).transpose()
    }

    async fn take_over(&self, now: Timestamp, until: Timestamp) -> Stored<Option<Turn>> {
        let expired = sql("SELECT id FROM turns
             WHERE state = 'running' AND lease_until < $1 AND lease_until <> $2 LIMIT 1")
        .bind(now)
        .bind(until);
        if self.db.one(expired).await?.is_none() {
            // The usual answer, asked for often: it costs no write.
            return Ok(None);
        }
        let skip_taken = self.db.dialect().pick("", "FOR UPDATE SKIP LOCKED");
        let take = assembled(format!(
            "UPDATE turns SET fence = fence + 1, revision = revision + 1, kept_bytes = text_bytes, lease_until = $2
             WHERE id = (
                 SELECT id FROM turns
                 WHERE state = 'running' AND lease_until < $1 AND lease_until <> $2
                 ORDER BY lease_until LIMIT 1 {skip_taken})
             RETURNING *"
        ))
        .bind(now)
        .bind(until);
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.one(take).await? else { return Ok(None) };
        let taken = stored_turn(&row)?;
        let written = row.get::<i64>("text_bytes")? - row.get::<i64>("attempt_from")?;
        let interrupted = Settlement {
            outcome: Outcome::Interrupted,
            model: None,
            tokens: Tokens { prompt: 0, completion: (written + 3) / 4, estimated: true },
            cost_micros: None,
            first_token_us: None,
            finished_at: now,
        };
        tx.run(settle_attempt(taken.tenant, taken.id, taken.attempt, &interrupted)).await?;
        tx.commit().await?;
        Ok(Some(taken))
    }

    async fn renew(&self, turn: &Turn, until: Timestamp) -> Stored<bool> {
        let renew = owned(
            turn,
            "UPDATE turns SET lease_until = $4
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running' RETURNING stop_requested",
        );
        self.db.run_returning(renew.bind(until)).await?.ok_or(FENCED)?.get("stop_requested")
    }

    async fn append(&self, turn: &Turn, offset: usize, text: &str) -> Stored<()> {
        let append = owned(
            turn,
            "UPDATE turns SET text = text || $5, text_bytes = text_bytes + $6
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running' AND text_bytes = $4",
        )
        .bind(offset as i64)
        .bind(text)
        .bind(text.len() as i64);
        if self.db.run(append).await? == 1 {
            return Ok(());
        }
        let stored = self.as_owned(turn).await?.ok_or(FENCED)?;
        let again = stored.state == TurnState::Running
            && stored.text.as_bytes().get(offset..) == Some(storable(text.to_owned()).as_bytes());
        if again { Ok(()) } else { Err(FENCED) }
    }

    async fn begin_attempt(
        &self,
        turn: &Turn,
        last: &Settlement,
        entry: &UsageEntry,
        discard: bool,
    ) -> Stored<Turn> {
        let begin = owned(
            turn,
            if discard {
                "UPDATE turns SET attempt = attempt + 1, revision = revision + 1, text = $5, kept_bytes = given_bytes,
                     text_bytes = given_bytes, attempt_from = given_bytes
                 WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND attempt = $4 AND state = 'running' RETURNING *"
            } else {
                "UPDATE turns SET attempt = attempt + 1, attempt_from = text_bytes
                 WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND attempt = $4 AND state = 'running' RETURNING *"
            },
        )
        .bind(turn.attempt);
        let begin = if discard { begin.bind(turn.given()) } else { begin };
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.one(begin).await? else {
            drop(tx);
            return self.begun_before(turn, entry).await;
        };
        let stored = stored_turn(&row)?;
        let settled = settle_attempt(turn.tenant, turn.id, turn.attempt, last);
        let writes = vec![settled, open_entry(entry, stored.attempt)];
        tx.run_all(writes).await.map_err(|error| error.taken("this entry"))?;
        tx.commit().await?;
        Ok(stored)
    }

    async fn finish(&self, turn: &Turn, ending: &Ending) -> Stored<()> {
        let finish = owned(
            turn,
            "UPDATE turns SET state = $4, failure_code = $5, failure_detail = $6, model = $7, finished_at = $8,
                 text = CASE WHEN $9 = 1 THEN '' ELSE text END, recalled = $10
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running' RETURNING attempt",
        )
        .bind(ending.state)
        .bind(ending.failure.as_ref().map(|failure| failure.code.clone()))
        .bind(ending.failure.as_ref().map(|failure| failure.detail.clone()))
        .bind(ending.settlement.model.clone())
        .bind(ending.at)
        .bind(ending.reply.is_some())
        .bind(references(&ending.recalled));
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.one(finish).await? else {
            drop(tx);
            let stored = self.as_owned(turn).await?.ok_or(FENCED)?;
            let again = stored.state == ending.state && stored.finished_at == Some(ending.at);
            return if again { Ok(()) } else { Err(FENCED) };
        };
        let findable =
            sql("UPDATE messages SET findable = 1 WHERE tenant_id = $1 AND id = $2 AND findable = 0 AND EXISTS (
                 SELECT 1 FROM conversations c WHERE c.id = messages.conversation_id AND c.removed_at IS NULL)")
                .bind(turn.tenant)
                .bind(turn.message);
        let shown = shown(turn, ending);
        let owner = owner_word(turn.person, turn.companion);
        let settled = settle_attempt(turn.tenant, turn.id, row.get("attempt")?, &ending.settlement);
        let reply = ending.reply.iter().map(|reply| insert_message(reply, &owner, true));
        let jobs = ending.jobs.iter().map(insert_job);
        // The conversation first: whoever removes it meanwhile holds it, and then nothing of this is found.
        let writes = [shown].into_iter().chain(reply).chain([findable, settled]).chain(jobs).collect();
        tx.run_all(writes).await.map_err(|error| error.taken("this reply"))?;
        tx.commit().await
    }

    async fn request_stop(&self, tenant: TenantId, person: PersonId, id: TurnId) -> Stored<bool> {
        let stop = sql("UPDATE turns SET stop_requested = 1
             WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND state = 'running'")
        .bind(tenant)
        .bind(person)
        .bind(id);
        Ok(self.db.run(stop).await? == 1)
    }
}

/// How many conversations may have begun alike before the oldest of them is no longer found.
const ALIKE: i64 = 20;

#[async_trait]
impl Histories for SqlStore {
    async fn asked_as(&self, owner: &Owner, history: &str) -> Stored<Vec<Turn>> {
        let find = assembled(format!(
            "{TURN} WHERE t.tenant_id = $1 AND t.person_id = $2 AND t.companion_id = $3 AND t.history = $4
                 AND {THERE}
             ORDER BY t.created_at DESC, t.id DESC LIMIT $5"
        ))
        .bind(owner.tenant)
        .bind(owner.person)
        .bind(owner.companion)
        .bind(history)
        .bind(ALIKE);
        self.db.all(find).await?.iter().map(stored_turn).collect()
    }
}

impl SqlStore {
    /// The turn as stored, if this owner's fence is still the newest.
    async fn as_owned(&self, turn: &Turn) -> Stored<Option<Turn>> {
        let find = assembled(format!("{TURN} WHERE t.tenant_id = $1 AND t.id = $2 AND t.fence = $3"))
            .bind(turn.tenant)
            .bind(turn.id)
            .bind(turn.fence);
        self.db.one(find).await?.map(|row| stored_turn(&row)).transpose()
    }

    /// Where an earlier call began this very attempt and its answer was lost.
    async fn begun_before(&self, turn: &Turn, entry: &UsageEntry) -> Stored<Turn> {
        let stored = self.as_owned(turn).await?.ok_or(FENCED)?;
        let known = sql("SELECT id FROM usage_entries
             WHERE tenant_id = $1 AND id = $2 AND turn_id = $3 AND attempt = $4")
        .bind(turn.tenant)
        .bind(entry.id)
        .bind(turn.id)
        .bind(stored.attempt);
        let again = stored.state == TurnState::Running && self.db.one(known).await?.is_some();
        if again { Ok(stored) } else { Err(FENCED) }
    }
}

/// What comes into view once the turn has ended, unless the person looks elsewhere by now: its reply or,
/// where there is none, an earlier one to the same words.
fn shown(turn: &Turn, ending: &Ending) -> Query {
    let next = match ending.reply {
        Some(_) => "$5".to_owned(),
        None => newest_leaf("$2", "$4"),
    };
    let shown = assembled(format!(
        "UPDATE conversations SET updated_at = $3, head = CASE WHEN head = $4 THEN {next} ELSE head END
         WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(turn.tenant)
    .bind(turn.conversation)
    .bind(ending.at)
    .bind(turn.message);
    match &ending.reply {
        Some(reply) => shown.bind(reply.id),
        None => shown,
    }
}

/// A statement whose first three values are the tenant, the turn and the owner's fence.
fn owned(turn: &Turn, text: &'static str) -> Query {
    sql(text).bind(turn.tenant).bind(turn.id).bind(turn.fence)
}
