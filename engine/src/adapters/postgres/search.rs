//! Full text over messages and memories, as PostgreSQL does it: any case, with or without accents.
//!
//! Letters beyond ASCII are lowered as the database's locale knows them; a database made with the
//! locale `C` finds them only as they were written. `ts_rank` knows no rare words: each counts alike.

use crate::adapters::sql::query::{Query, assembled};
use crate::domain::memory::Owner;
use crate::ports::conversations::MessageSearch;
use std::fmt::Write as _;
use uuid::Uuid;

/// Any of the words, in what this owner said and heard.
pub fn messages(search: &MessageSearch, owner: &str, words: &[String]) -> Query {
    let any = any_of(words, 7);
    let (except, newer_than) = search.except.map_or((Uuid::nil(), i64::MAX), |(id, at)| (id.0, at.0));
    let query = assembled(format!(
        "SELECT m.*, CAST(ts_rank(m.words, {any}, 1) AS FLOAT8) AS score FROM messages m
         WHERE m.words @@ (CAST($1 AS TSQUERY) && ({any})) AND m.tenant_id = $2 AND m.findable = 1
           AND NOT (m.conversation_id = $3 AND m.created_at > $4)
           AND ($5 = 0 OR m.author = 'person' OR m.model IS NOT NULL)
         ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $6"
    ))
    // No text yields a word with an `@`, so nobody finds messages by their owner.
    .bind(format!("'@{owner}'"))
    .bind(search.owner.tenant)
    .bind(except)
    .bind(newer_than)
    .bind(search.first_hand)
    .bind(search.limit);
    words.iter().fold(query, Query::bind)
}

/// Any of the words, in what this owner's companion remembers in this scope.
pub fn memories(owner: Owner, scope: &str, words: &[String], limit: i64) -> Query {
    let any = any_of(words, 6);
    let query = assembled(format!(
        "SELECT m.*, CAST(ts_rank(m.words, {any}, 1) AS FLOAT8) AS score FROM memories m
         WHERE m.words @@ ({any})
           AND m.tenant_id = $1 AND m.person_id = $2 AND m.companion_id = $3 AND m.scope = $4
         ORDER BY score DESC, m.created_at DESC, m.id DESC LIMIT $5"
    ))
    .bind(owner.tenant)
    .bind(owner.person)
    .bind(owner.companion)
    .bind(scope)
    .bind(limit);
    words.iter().fold(query, Query::bind)
}

/// A word travels as a value, from place `first` on, and is taken apart by `searchable`, as the text
/// was, so that whatever somebody types is searched for and never obeyed.
fn any_of(words: &[String], first: usize) -> String {
    let mut any = String::from("CAST('' AS TSQUERY)");
    for place in (first..).take(words.len()) {
        write!(any, " || phraseto_tsquery('simple', searchable(${place}))")
            .expect("writing to a string cannot fail");
    }
    any
}
