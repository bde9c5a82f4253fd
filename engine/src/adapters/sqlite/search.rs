//! Full text over messages and memories, as FTS5 does it: any case, with or without accents, best by BM25.

use crate::adapters::sql::query::{Query, sql};
use crate::domain::memory::Owner;
use crate::ports::conversations::MessageSearch;
use uuid::Uuid;

/// Any of the words, in what this owner said and heard.
pub fn messages(search: &MessageSearch, owner: &str, words: &[String]) -> Query {
    let (except, newer_than) = search.except.map_or((Uuid::nil(), i64::MAX), |(id, at)| (id.0, at.0));
    // Only the best are read whole: sorting all that match with their texts took twice as long.
    sql("SELECT m.*, best.score
         FROM (SELECT m.seq, -bm25(message_words, 0.0, 1.0) AS score
               FROM message_words JOIN messages m ON m.seq = message_words.rowid
               WHERE message_words MATCH $1 AND m.tenant_id = $2
                 AND NOT (m.conversation_id = $3 AND m.created_at > $4)
                 AND ($5 = 0 OR m.author = 'person' OR m.model IS NOT NULL)
               ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $6) best
         JOIN messages m ON m.seq = best.seq
         ORDER BY best.score DESC, m.created_at DESC, m.id DESC")
    .bind(format!("owner : \"{owner}\" AND text : ({})", any_of(words)))
    .bind(search.owner.tenant)
    .bind(except)
    .bind(newer_than)
    .bind(search.first_hand)
    .bind(search.limit)
}

/// Any of the words, in what this owner's companion remembers in this scope.
pub fn memories(owner: Owner, scope: &str, words: &[String], limit: i64) -> Query {
    sql("SELECT m.*, -bm25(memory_words) AS score
         FROM memory_words JOIN memories m ON m.seq = memory_words.rowid
         WHERE memory_words MATCH $1
           AND m.tenant_id = $2 AND m.person_id = $3 AND m.companion_id = $4 AND m.scope = $5
         ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $6")
    .bind(any_of(words))
    .bind(owner.tenant)
    .bind(owner.person)
    .bind(owner.companion)
    .bind(scope)
    .bind(limit)
}

/// Each word is quoted, so that whatever somebody types is searched for and never obeyed.
fn any_of(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    quoted.join(" OR ")
}
