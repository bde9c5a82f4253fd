//! The source of the workspace, and a view of it in which words can be looked for safely.

use anyhow::Context;
use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    /// From the root of the workspace, with `/`.
    pub path: String,
    pub text: String,
}

/// A file taken apart, so that a word in a comment is no code and a word in code is no text.
#[derive(Default)]
pub struct Parts {
    /// Without comments; literals of text are left as `""`.
    pub code: String,
    /// The literals of text, as written, without their quotes.
    pub literals: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The folders and the file, `["engine", "src", "domain", "time.rs"]`.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').collect()
    }
}

/// Where the workspace is: two folders above this package's `tests`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// Every Rust file of the workspace.
pub fn all() -> anyhow::Result<Vec<Source>> {
    let root = root();
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let ours = !name.starts_with('.') && name != "target" && name != "node_modules";
            if entry.file_type()?.is_dir() && ours {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                let path = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

/// Takes Rust source apart. Knows comments (nested too), text, raw text and characters; nothing else
/// is needed to tell code from words.
pub fn parts(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if rest.starts_with("/*") {
            rest = after_block_comment(rest);
        } else if let Some((literal, after)) = raw_literal(rest, &parts.code) {
            parts.literals.push(literal.to_owned());
            parts.code.push_str("\"\"");
            rest = after;
        } else if let Some(literal) = rest.strip_prefix('"') {
            let end = quote_end(literal, '"');
            parts.literals.push(literal[..end].to_owned());
            parts.code.push_str("\"\"");
            rest = literal.get(end + 1..).unwrap_or("");
        } else if let Some(after) = character(rest) {
            parts.code.push_str("' '");
            rest = after;
        } else {
            parts.code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    parts
}

fn after_block_comment(text: &str) -> &str {
    let (mut depth, mut rest) = (0_usize, text);
    loop {
        if let Some(after) = rest.strip_prefix("/*") {
            depth += 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = after;
            if depth == 0 {
                return rest;
            }
        } else if let Some(first) = rest.chars().next() {
            rest = &rest[first.len_utf8()..];
        } else {
            return rest;
        }
    }
}

/// `r"…"`, `r#"…"#` and their `b`, `c` forms, where an `r` begins a literal and not a name.
fn raw_literal<'a>(text: &'a str, before: &str) -> Option<(&'a str, &'a str)> {
    if before.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
        return None;
    }
    let marked =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let opened = marked.trim_start_matches('#');
    let hashes = &marked[..marked.len() - opened.len()];
    let content = opened.strip_prefix('"')?;
    content.split_once(&format!("\"{hashes}"))
}

/// Where the closing quote is; the end where there is none.
fn quote_end(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// What follows a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<&str> {
    let content = text.strip_prefix('\'')?;
    let length = if content.starts_with('\\') {
        quote_end(content, '\'')
    } else {
        content.chars().next().map_or(0, char::len_utf8)
    };
    content.get(length..)?.strip_prefix('\'')
}

/// Whether `code` holds `word` as a whole word.
pub fn names(code: &str, word: &str) -> bool {
    let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(part_of_name) && !code[at + word.len()..].starts_with(part_of_name)
    })
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let text = r##"
        // a "comment" with async
        /* one /* in */ another */ fn words<'a>() { let quote = '"'; let escaped = '\''; }
        let plain = "with \" inside"; let raw = r#"with " inside"#; let bytes = b"bytes";
    "##;
    let parts = parts(text);
    assert_eq!(parts.literals, [r#"with \" inside"#, r#"with " inside"#, "bytes"]);
    assert!(!names(&parts.code, "async") && !names(&parts.code, "another") && !names(&parts.code, "inside"));
    assert!(names(&parts.code, "fn") && names(&parts.code, "'a") && names(&parts.code, "bytes"));
}

#[test]
fn a_word_inside_a_longer_name_is_not_that_word() {
    assert!(names("use engine::domain;", "engine"));
    assert!(!names("use engine_client::wire;", "engine"));
}

#[test]
fn the_workspace_is_found() -> anyhow::Result<()> {
    let sources = all()?;
    for wanted in ["engine/src/lib.rs", "supervisor/src/main.rs", "tests/tests/stories.rs"] {
        assert!(sources.iter().any(|source| source.path == wanted), "{wanted} was not found");
    }
    Ok(())
}
