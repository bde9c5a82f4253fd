//! SQL is spoken in few places: the engine's SQL adapters, and the supervisor's own state.

use super::source::{self, Source, parts};

const SPOKEN_IN: &[&str] = &[
    "engine/src/adapters/sql/",
    "engine/src/adapters/sqlite/",
    "engine/src/adapters/postgres/",
    "supervisor/src/state/",
    // The harness makes and drops whole databases.
    "tests/",
];

fn violations(source: &Source) -> Vec<String> {
    if SPOKEN_IN.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let literals = parts(&source.text).literals;
    let statements = literals.iter().filter(|literal| is_statement(literal));
    let shown = statements.map(|literal| literal.chars().take(40).collect::<String>());
    shown.map(|start| format!("{}: SQL has no place here: {start}", source.path)).collect()
}

/// A statement, not a sentence: `DELETE` alone is an HTTP method, `select a model` is advice.
fn is_statement(literal: &str) -> bool {
    let words: Vec<String> = literal.split_whitespace().map(str::to_uppercase).collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let written_as_sql = literal.trim_start().starts_with(|first: char| first.is_ascii_uppercase());
    match words.first().map_or("", String::as_str) {
        "SELECT" => words.len() > 1 && (has("FROM") || written_as_sql && literal.contains("SELECT")),
        "INSERT" => has("INTO") && (has("VALUES") || has("SELECT") || literal.contains('(')),
        "UPDATE" => has("SET") && literal.contains('='),
        "DELETE" => literal.contains("DELETE FROM ") || (has("FROM") && has("WHERE")),
        "WITH" => has("AS") && has("SELECT"),
        "CREATE" | "ALTER" | "DROP" => words.get(1).is_some_and(|word| word == "TABLE" || word == "INDEX"),
        _ => false,
    }
}

#[test]
fn sql_is_spoken_only_where_it_belongs() -> anyhow::Result<()> {
    let found: Vec<String> = source::all()?.iter().flat_map(violations).collect();
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_statement_elsewhere_is_caught() {
    for statement in [
        "SELECT id FROM turns WHERE tenant_id = $1",
        "SELECT 1",
        "\\n            select id from turns",
        "INSERT INTO turns (id) VALUES ($1)",
        "UPDATE turns SET state = $1 WHERE id = $2",
        "DELETE FROM turns WHERE id = $1",
        "WITH due AS (SELECT id FROM jobs) SELECT id FROM due",
    ] {
        let text = format!("let rows = query(\"{}\");", statement.trim_start_matches("\\n"));
        let found = violations(&Source::new("engine/src/conversation/turn.rs", &text));
        assert_eq!(found.len(), 1, "{statement}");
        assert!(violations(&Source::new("engine/src/adapters/sql/turns.rs", &text)).is_empty());
    }
}

#[test]
fn sentences_and_methods_are_no_statements() {
    let text = r#"["DELETE", "update the box first", "select a model", "delete from the list", "SELECT"]"#;
    assert_eq!(violations(&Source::new("web/src/pages/chat.rs", text)), Vec::<String>::new());
}
