//! What a file looks like: short, one way to lay out modules, no logic in `mod.rs`.

use super::source::{self, Source, parts};

const LONGEST: usize = 600;
/// A `mod.rs` may hold the one public entry of its module; what it does stands elsewhere.
const LONGEST_ENTRY: usize = 12;

fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let path = &source.path;
        let lines = source.text.lines().count();
        if lines > LONGEST {
            found.push(format!("{path}: {lines} lines, {LONGEST} are the most"));
        }
        if let Some(folder) = path.strip_suffix(".rs")
            && sources.iter().any(|other| other.path.starts_with(&format!("{folder}/")))
        {
            found.push(format!("{path}: stands beside its folder, use {folder}/mod.rs"));
        }
        if path.ends_with("/mod.rs") {
            let bodies = function_lengths(&without_macros(&parts(&source.text).code));
            if bodies.len() > 1 {
                found.push(format!("{path}: {} functions, one entry is the most", bodies.len()));
            }
            if bodies.iter().any(|lines| *lines > LONGEST_ENTRY) {
                found.push(format!("{path}: logic stands in its own file"));
            }
        }
    }
    found
}

/// A macro that a whole folder uses has to stand before its `mod` lines; what it writes is no logic here.
fn without_macros(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some((before, from)) = rest.split_once("macro_rules!") {
        kept.push_str(before);
        let body = from.find('{').map_or("", |open| &from[open..]);
        rest = &body[block(body).len()..];
    }
    kept + rest
}

/// The lines of every function that has a body.
fn function_lengths(code: &str) -> Vec<usize> {
    let mut lengths = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let named = !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let declared = &code[at..];
        // A declaration in a trait ends with a semicolon before any body begins.
        let body = declared.find('{').filter(|open| !declared[..*open].contains(';'));
        if let (true, Some(open)) = (named, body) {
            lengths.push(block(&declared[open..]).lines().count());
        }
    }
    lengths
}

/// From an opening brace to the one that closes it.
fn block(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return &code[..=at];
        }
    }
    code
}

#[test]
fn every_file_keeps_the_house_shape() -> anyhow::Result<()> {
    assert_eq!(violations(&source::all()?), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_long_file_is_caught() {
    let long = Source::new("web/src/page.rs", &"\n".repeat(LONGEST + 1));
    assert_eq!(violations(&[long]), ["web/src/page.rs: 601 lines, 600 are the most"]);
}

#[test]
fn a_file_beside_its_folder_is_caught() {
    let sources = [Source::new("web/src/chat.rs", ""), Source::new("web/src/chat/view.rs", "")];
    assert_eq!(violations(&sources), ["web/src/chat.rs: stands beside its folder, use web/src/chat/mod.rs"]);
}

#[test]
fn logic_in_a_mod_file_is_caught() {
    let two = "pub fn one() { two(); }\nfn two() {}\n";
    let found = violations(&[Source::new("web/src/chat/mod.rs", two)]);
    assert_eq!(found, ["web/src/chat/mod.rs: 2 functions, one entry is the most"]);

    let long = format!("pub fn run() {{{}}}\n", "\n    step();".repeat(LONGEST_ENTRY));
    let found = violations(&[Source::new("web/src/chat/mod.rs", &long)]);
    assert_eq!(found, ["web/src/chat/mod.rs: logic stands in its own file"]);
}

#[test]
fn a_macro_in_a_mod_file_is_fine_and_hides_nothing_after_it() {
    let mut text = "macro_rules! both { ($n:ident) => { fn one() {} fn two() {} }; }\n".to_owned();
    assert_eq!(violations(&[Source::new("engine/src/suite/mod.rs", &text)]), Vec::<String>::new());
    text.push_str("fn one() {}\nfn two() {}\n");
    assert_eq!(violations(&[Source::new("engine/src/suite/mod.rs", &text)]).len(), 1);
}

#[test]
fn a_trait_or_a_short_entry_in_a_mod_file_is_fine() {
    let text =
        "//! fn in words { }\npub trait Face { fn look(&self); }\npub fn run() -> u8 {\n    chat::run()\n}\n";
    assert_eq!(violations(&[Source::new("web/src/chat/mod.rs", text)]), Vec::<String>::new());
}
