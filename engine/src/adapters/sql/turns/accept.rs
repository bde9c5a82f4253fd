//! A turn finds its place: at a message that comes with it, or at one that is answered once more.

use super::rows::{TURN, turn as stored_turn};
use crate::adapters::sql::db::{Dialect, Tx};
use crate::adapters::sql::ledger::open_entry;
use crate::adapters::sql::messages::{insert_message, message as stored_message, owner_word};
use crate::adapters::sql::query::{Query, assembled, sql, storable};
use crate::domain::conversation::first_title;
use crate::domain::ids::{ConversationId, MessageId, TurnId};
use crate::domain::message::Message;
use crate::domain::turn::Turn;
use crate::domain::usage::UsageEntry;
use crate::ports::error::Stored;
use crate::ports::turns::Accepted;

/// Finds the turn's place in its conversation and puts it there, if nothing speaks against it.
pub(super) async fn place(
    tx: &mut Tx,
    turn: &Turn,
    message: &Message,
    entry: &UsageEntry,
) -> Stored<Accepted> {
    if tx.dialect() == Dialect::Postgres {
        // Held to the end, so that two messages to one conversation are taken one after the other, as
        // they are by the one writer of SQLite. What is looked at next is looked at under this lock.
        let hold = sql(
            "SELECT id FROM conversations WHERE tenant_id = $1 AND person_id = $2 AND id = $3 FOR UPDATE",
        )
        .bind(turn.tenant)
        .bind(turn.person)
        .bind(turn.conversation);
        tx.one(hold).await?;
    }
    let look = sql("SELECT
             (SELECT id FROM turns WHERE id = $4) AS known,
             (SELECT id FROM conversations
              WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND removed_at IS NULL) AS conversation,
             (SELECT id FROM messages WHERE tenant_id = $1 AND conversation_id = $3 AND id = $5) AS parent,
             (SELECT id FROM messages WHERE tenant_id = $1 AND conversation_id = $3 AND id = $6) AS message,
             (SELECT id FROM turns WHERE conversation_id = $3 AND state = 'running') AS running")
    .bind(turn.tenant)
    .bind(turn.person)
    .bind(turn.conversation)
    .bind(turn.id)
    .bind(message.parent)
    .bind(message.id);
    let Some(here) = tx.one(look).await? else { return Ok(Accepted::Missing) };
    if here.get::<Option<ConversationId>>("conversation")?.is_none() {
        return Ok(Accepted::Missing);
    }
    if here.get::<Option<TurnId>>("known")?.is_some()
        && let Some(known) = known(tx, turn, message).await?
    {
        return Ok(known);
    }
    let parent = here.get::<Option<MessageId>>("parent")?;
    if parent != message.parent {
        return Ok(Accepted::Missing);
    }
    let is_new = message.turn == Some(turn.id);
    if !is_new && here.get::<Option<MessageId>>("message")?.is_none() {
        return Ok(Accepted::Missing);
    }
    if let Some(running) = here.get("running")? {
        return Ok(Accepted::Busy(running));
    }
    let head = sql("UPDATE conversations SET head = $3, updated_at = $4, title = COALESCE(title, $5)
         WHERE tenant_id = $1 AND id = $2")
    .bind(turn.tenant)
    .bind(turn.conversation)
    .bind(message.id)
    .bind(turn.created_at)
    .bind(first_title(&message.text));
    let owner = owner_word(turn.person, turn.companion);
    let said = is_new.then(|| insert_message(message, &owner, false));
    let writes = said.into_iter().chain([insert_turn(turn), open_entry(entry, 1), head]).collect();
    tx.run_all(writes).await?;
    Ok(Accepted::New(turn.clone()))
}

/// A turn of that id, in any conversation: the same one, or another's.
async fn known(tx: &mut Tx, turn: &Turn, message: &Message) -> Stored<Option<Accepted>> {
    let find = assembled(format!("{TURN} WHERE t.id = $1")).bind(turn.id);
    let Some(row) = tx.one(find).await? else { return Ok(None) };
    let stored = stored_turn(&row)?;
    let mine =
        (stored.tenant, stored.person, stored.conversation) == (turn.tenant, turn.person, turn.conversation);
    let words = sql("SELECT * FROM messages WHERE conversation_id = $1 AND id = $2")
        .bind(stored.conversation)
        .bind(stored.message);
    let same = match tx.one(words).await? {
        Some(row) => {
            let said = stored_message(&row)?;
            // Whoever answers "the newest message" again meets this turn's own words there.
            let own = [Some(stored.message), Some(stored.reply)];
            let replies_anew = said.turn != Some(stored.id);
            replies_anew == (message.turn != Some(turn.id))
                && (!replies_anew || said.id == message.id)
                && (stored.given_bytes > 0) == (turn.given_bytes > 0)
                && said.text == storable(message.text.clone())
                && (said.parent == message.parent || own.contains(&message.parent))
                && said.attachments == message.attachments
        }
        None => false,
    };
    Ok(Some(if mine && same { Accepted::Known(stored) } else { Accepted::Different }))
}

fn insert_turn(turn: &Turn) -> Query {
    sql("INSERT INTO turns
         (id, tenant_id, person_id, companion_id, conversation_id, message_id, reply_id, state, text, text_bytes,
          attempt_from, revision, kept_bytes, attempt, fence, lease_until, stop_requested, history, max_tokens,
          created_at, given_bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $12, $13, $13, 0, 0, 1, 1, $8, 0, $9, $10, $11, $13)")
    .bind(turn.id)
    .bind(turn.tenant)
    .bind(turn.person)
    .bind(turn.companion)
    .bind(turn.conversation)
    .bind(turn.message)
    .bind(turn.reply)
    .bind(turn.lease_until)
    .bind(turn.history.clone())
    .bind(turn.max_tokens)
    .bind(turn.created_at)
    .bind(&turn.text)
    .bind(turn.given_bytes)
}
