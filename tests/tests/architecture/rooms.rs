//! The rooms inside `engine`: `domain ← ports ← use cases ← adapters ← api`, and what nobody may
//! name from outside. Test code may reach further: a use case is tried over a real adapter.

use super::source::{self, Source, names, parts};

/// Words that mean I/O, waiting or a clock. `domain` knows none of them.
const NOT_IN_DOMAIN: &[&str] =
    &["async", "await", "tokio", "sqlx", "reqwest", "axum", "std::fs", "std::net", "SystemTime", "Instant"];

fn violations(source: &Source) -> Vec<String> {
    let code = parts(product(&source.text)).code;
    let segments = source.segments();
    let mut found = Vec::new();
    if let ["engine", "src", room, _, ..] = segments[..]
        && !is_test(&segments)
    {
        for named in rooms_named(&segments[2..], &code) {
            if !may_name(room, &named) {
                found.push(format!("{}: {room} must not name crate::{named}", source.path));
            }
        }
        if room == "domain" {
            let known = NOT_IN_DOMAIN.iter().filter(|word| names(&code, word));
            found.extend(known.map(|word| format!("{}: domain must not know {word}", source.path)));
        }
    }
    if segments[0] == "tests" {
        for package in ["engine", "supervisor", "voice", "web"] {
            if code.contains(&format!("{package}::")) && names(&code, package) && path_root(&code, package) {
                found.push(format!("{}: stories must not look inside {package}", source.path));
            }
        }
    }
    found
}

/// Whether code in `room` may name something of `other`. Every folder that is none of the four with
/// a fixed place holds use cases.
fn may_name(room: &str, other: &str) -> bool {
    match room {
        "domain" => other == "domain",
        "ports" => matches!(other, "domain" | "ports"),
        "adapters" => other != "api",
        "api" => true,
        _use_case => !matches!(other, "adapters" | "api"),
    }
}

/// The first names of all paths from the root of the crate, written `crate::` or climbed to with
/// `super::`, grouped or not.
fn rooms_named(module: &[&str], code: &str) -> Vec<String> {
    // `time.rs` and `time/mod.rs` are one module each: its folders, and the file unless it is `mod.rs`.
    let depth = module.len() - usize::from(module.last() == Some(&"mod.rs"));
    let climb = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate::", climb.as_str()] {
        for (at, _) in code.match_indices(root) {
            let rest = code[at + root.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_heads(group)),
                None => found.extend(head(rest)),
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn head(path: &str) -> Option<String> {
    let name: String = path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty() && name != "super").then_some(name)
}

/// `domain::time, ports::{a, b}}` → `domain`, `ports`.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (1_usize, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                heads.extend(head(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            heads.extend(head(&group[start..at]));
            break;
        }
    }
    heads
}

/// Whether `package` begins a path somewhere, as in `use engine::` or `engine::run()`.
fn path_root(code: &str, package: &str) -> bool {
    code.match_indices(&format!("{package}::")).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
    })
}

/// The file up to its tests, which stand last.
pub fn product(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

/// A file or folder of tests beside the code.
pub fn is_test(segments: &[&str]) -> bool {
    segments.iter().any(|segment| matches!(*segment, "tests.rs" | "tests"))
}

#[test]
fn every_room_names_only_what_it_may() -> anyhow::Result<()> {
    let found: Vec<String> = source::all()?.iter().flat_map(violations).collect();
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_use_case_that_names_an_adapter_is_caught_however_it_is_written() {
    for text in [
        "use crate::adapters::sqlite::Sqlite;",
        "use crate::{domain::ids::TurnId, ports::{store::Store, turns::Turns}, adapters};",
        "use super::super::adapters::sqlite::Sqlite;",
        "fn reply() { crate::adapters::sqlite::open(); }",
    ] {
        let found = violations(&Source::new("engine/src/conversation/reply.rs", text));
        assert_eq!(found, ["engine/src/conversation/reply.rs: conversation must not name crate::adapters"]);
    }
}

#[test]
fn the_arrows_between_rooms_point_one_way() {
    let room_names = [
        ("domain", "ports"),
        ("ports", "conversation"),
        ("ports", "adapters"),
        ("conversation", "api"),
        ("adapters", "api"),
    ];
    for (room, other) in room_names {
        let text = format!("use crate::{other}::thing::Thing;");
        let found = violations(&Source::new(&format!("engine/src/{room}/thing.rs"), &text));
        assert_eq!(found, [format!("engine/src/{room}/thing.rs: {room} must not name crate::{other}")]);
    }
    for (room, other) in [("api", "adapters"), ("adapters", "conversation"), ("calls", "conversation")] {
        let text = format!("use crate::{other}::thing::Thing;");
        assert!(violations(&Source::new(&format!("engine/src/{room}/thing.rs"), &text)).is_empty());
    }
}

#[test]
fn a_domain_that_waits_or_reads_a_clock_is_caught() {
    let text = "pub async fn now() -> SystemTime { tokio::time::sleep(second).await }";
    let found = violations(&Source::new("engine/src/domain/time.rs", text));
    let words = ["async", "await", "tokio", "SystemTime"];
    assert_eq!(found, words.map(|word| format!("engine/src/domain/time.rs: domain must not know {word}")));
}

#[test]
fn words_in_comments_and_in_tests_do_not_count() {
    let text = "//! Never awaits, no tokio.\nconst NAME: &str = \"async\";\n#[cfg(test)]\nmod tests { use crate::adapters::memory; }";
    assert!(violations(&Source::new("engine/src/domain/time.rs", text)).is_empty());
}

#[test]
fn a_story_that_looks_inside_the_engine_is_caught() {
    let inside = Source::new("tests/tests/turns.rs", "use engine::domain::turn::Turn;");
    assert_eq!(violations(&inside), ["tests/tests/turns.rs: stories must not look inside engine"]);
    let outside = Source::new("tests/tests/turns.rs", "use engine_client::wire::Turn; use tests::web::page;");
    assert!(violations(&outside).is_empty());
}
