//! Full text over messages, as FTS5 does it: any case, with or without accents, best by BM25.

use crate::adapters::sql::query::{Query, sql};
use crate::ports::conversations::MessageSearch;
use uuid::Uuid;

/// Any of the words, in what this owner said and heard. Each word is quoted, so that whatever somebody
/// types is searched for and never obeyed.
pub fn messages(search: &MessageSearch, owner: &str, words: &[String]) -> Query {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    let (except, newer_than) = search.except.map_or((Uuid::nil(), i64::MAX), |(id, at)| (id.0, at.0));
    sql("SELECT m.*, -bm25(message_words, 0.0, 1.0) AS score
         FROM message_words JOIN messages m ON m.seq = message_words.rowid
         WHERE message_words MATCH $1 AND m.tenant_id = $2
           AND NOT (m.conversation_id = $3 AND m.created_at > $4)
         ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $5")
    .bind(format!("owner : \"{owner}\" AND text : ({})", quoted.join(" OR ")))
    .bind(search.owner.tenant)
    .bind(except)
    .bind(newer_than)
    .bind(search.limit)
}
