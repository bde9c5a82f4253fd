//! The log has one vocabulary: every field the code writes stands in `docs/LOGGING.md`.

use super::source::{self, Source, parts};
use std::collections::BTreeSet;

/// Macros whose fields stand before the message.
const EVENTS: &[&str] = &["error!(", "warn!(", "info!(", "debug!(", "trace!("];
/// Places whose fields stand after a name, or without one.
const SPANS: &[&str] =
    &["error_span!(", "warn_span!(", "info_span!(", "debug_span!(", "trace_span!(", "fields("];

fn violations(source: &Source, vocabulary: &BTreeSet<String>) -> Vec<String> {
    let fields = fields(&parts(&source.text).code);
    let unknown = fields.into_iter().filter(|field| !vocabulary.contains(field));
    unknown.map(|field| format!("{}: docs/LOGGING.md has no field {field}", source.path)).collect()
}

/// What stands between backticks in the first column of the table under "Fields".
fn vocabulary(document: &str) -> BTreeSet<String> {
    let table = document.split("\n## ").find(|section| section.starts_with("Fields")).unwrap_or("");
    let rows = table.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    rows.flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn fields(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (openings, ends_with_message) in [(EVENTS, true), (SPANS, false)] {
        for opening in openings {
            for (at, _) in code.match_indices(opening) {
                if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                    continue;
                }
                for argument in arguments(&code[at + opening.len()..]) {
                    if ends_with_message && argument.starts_with('"') {
                        break;
                    }
                    // With a target, the fields of an event may stand in braces.
                    match argument.strip_prefix('{') {
                        Some(group) => found.extend(arguments(group).into_iter().filter_map(field)),
                        None => found.extend(field(argument)),
                    }
                }
            }
        }
    }
    found
}

/// `error = %error` → `error`, `%id` → `id`; nothing for a name, a target or a parent.
fn field(argument: &str) -> Option<String> {
    let name = argument.split('=').next()?.trim().trim_start_matches(['%', '?']);
    let plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.');
    (plain && !name.is_empty()).then(|| name.to_owned())
}

/// The arguments of a call, from behind its opening parenthesis to the closing one.
fn arguments(call: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (1_usize, 0, Vec::new());
    for (at, letter) in call.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && letter == ',' {
            found.push(call[start..at].trim());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

#[test]
fn every_field_is_in_the_vocabulary() -> anyhow::Result<()> {
    let document = std::fs::read_to_string(source::root().join("docs/LOGGING.md"))?;
    let vocabulary = vocabulary(&document);
    assert!(vocabulary.contains("turn.id"), "the table was not read: {vocabulary:?}");
    let found: Vec<String> =
        source::all()?.iter().flat_map(|source| violations(source, &vocabulary)).collect();
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_field_nobody_wrote_down_is_caught() {
    let vocabulary =
        vocabulary("# Log\n\n## Fields\n\n| Field | What |\n|---|---|\n| `turn.id`, `error` | x |\n");
    for text in [
        "tracing::warn!(turn.id = %id, mood = 3, error = %error, \"gone, {n}\", n = 1);",
        "info!(target: \"x\", %mood, \"gone\");",
        "info!(target: \"x\", { turn.id = %id, mood }, \"gone\");",
        "info_span!(\"conversation.turn\", turn.id = %id, mood = (1, 2));",
        "#[instrument(skip_all, fields(turn.id = %id, mood))] fn reply() {}",
    ] {
        let found = violations(&Source::new("engine/src/turn.rs", text), &vocabulary);
        assert_eq!(found, ["engine/src/turn.rs: docs/LOGGING.md has no field mood"], "{text}");
    }
}
