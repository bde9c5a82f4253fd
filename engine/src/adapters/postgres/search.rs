//! Full text over messages, as PostgreSQL does it: any case, with or without accents.
//!
//! Letters beyond ASCII are lowered as the database's locale knows them; a database made with the
//! locale `C` finds them only as they were written. `ts_rank` knows no rare words: each counts alike.

use crate::adapters::sql::query::{Query, assembled};
use crate::ports::conversations::MessageSearch;
use std::fmt::Write as _;
use uuid::Uuid;

/// Any of the words, in what this owner said and heard. A word travels as a value and is taken apart by
/// `searchable`, as the text was, so that whatever somebody types is searched for and never obeyed.
pub fn messages(search: &MessageSearch, owner: &str, words: &[String]) -> Query {
    let mut any = String::from("CAST('' AS TSQUERY)");
    for place in (6..).take(words.len()) {
        write!(any, " || phraseto_tsquery('simple', searchable(${place}))")
            .expect("writing to a string cannot fail");
    }
    let (except, newer_than) = search.except.map_or((Uuid::nil(), i64::MAX), |(id, at)| (id.0, at.0));
    let query = assembled(format!(
        "SELECT m.*, CAST(ts_rank(m.words, {any}, 1) AS FLOAT8) AS score FROM messages m
         WHERE m.words @@ (CAST($1 AS TSQUERY) && ({any})) AND m.tenant_id = $2
           AND NOT (m.conversation_id = $3 AND m.created_at > $4)
         ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $5"
    ))
    // No text yields a word with an `@`, so nobody finds messages by their owner.
    .bind(format!("'@{owner}'"))
    .bind(search.owner.tenant)
    .bind(except)
    .bind(newer_than)
    .bind(search.limit);
    words.iter().fold(query, Query::bind)
}
