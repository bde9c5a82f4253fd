//! Takes out of a text what is nobody's business: what is known to be a secret or a name, and whatever looks like one.
//! Rather a word too many than one too few.
//!
//! Here are what is known of one box and the order of it all; `said` finds what is called a secret, `looks` what looks like
//! one, `foreign` what other programs may repeat.

use super::looks::is_between;
use super::{foreign, looks, said};
use serde_json::Value;

pub const GONE: &str = "***";
/// Names of fields whose text is never shown.
const SECRET_FIELDS: [&str; 7] =
    ["password", "passwd", "secret", "token", "api_key", "authorization", "cookie"];

/// What is known of one box.
#[derive(Debug, Default)]
pub struct Scrub {
    /// What is replaced wherever it stands, the longest first.
    exact: Vec<(String, String)>,
    /// Names of people, which stand alone and in any case.
    names: Vec<String>,
}

impl Scrub {
    pub fn new(
        secrets: impl IntoIterator<Item = String>,
        folders: impl IntoIterator<Item = (String, &'static str)>,
        people: impl IntoIterator<Item = String>,
    ) -> Self {
        let secrets = secrets.into_iter().map(|secret| (secret, GONE.to_owned()));
        let folders = folders.into_iter().map(|(folder, called)| (folder, called.to_owned()));
        let mut exact: Vec<_> = secrets.chain(folders).filter(|(text, _)| text.len() > 1).collect();
        exact.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut names: Vec<String> = people.into_iter().map(|name| name.trim().to_lowercase()).collect();
        names.retain(|name| !name.is_empty());
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self { exact, names }
    }

    /// Every text in it; numbers and the names of fields stay.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.value(one)).collect(),
            Value::Object(all) => {
                let fields = all.into_iter().map(|(name, value)| {
                    let is_secret = SECRET_FIELDS.iter().any(|secret| name.to_lowercase().contains(secret));
                    let value = if is_secret { hidden(value) } else { self.value(value) };
                    (name, value)
                });
                Value::Object(fields.collect())
            }
            other => other,
        }
    }

    /// A line of a log of ours, or of anybody's.
    pub fn line(&self, line: &str) -> String {
        match serde_json::from_str::<Value>(line) {
            Ok(value @ Value::Object(_)) => self.value(value).to_string(),
            _ => self.text(line),
        }
    }

    /// A line of another program.
    pub fn foreign_line(&self, line: &str) -> String {
        self.text(&foreign::without_words(line))
    }

    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (exact, called) in &self.exact {
            text = text.replace(exact, called);
        }
        let text = self.without_names(&homes(&text));
        looks::without(&said::without(&text))
    }

    fn without_names(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in &self.names {
            let lower = text.to_lowercase();
            // A letter that changes its length with its case moves the places: then it is looked for as it is.
            let lower = if lower.len() == text.len() { lower } else { text.clone() };
            let (mut out, mut from) = (String::new(), 0);
            for (at, found) in lower.match_indices(name.as_str()) {
                let end = at + found.len();
                let is_alone = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
                let alone = is_alone(text[..at].chars().next_back()) && is_alone(text[end..].chars().next());
                if at >= from && alone {
                    out.push_str(&text[from..at]);
                    out.push_str("PERSON");
                    from = end;
                }
            }
            out.push_str(&text[from..]);
            text = out;
        }
        text
    }
}

/// Figures stay: they count.
fn hidden(value: Value) -> Value {
    match value {
        Value::String(_) => Value::String(GONE.to_owned()),
        Value::Array(all) => all.into_iter().map(hidden).collect(),
        Value::Object(all) => all.into_iter().map(|(name, value)| (name, hidden(value))).collect(),
        other => other,
    }
}

/// Folders that carry somebody's name.
fn homes(text: &str) -> String {
    let mut text = text.to_owned();
    for base in ["/home/", "/Users/", "C:\\Users\\"] {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(base) {
            out.push_str(&rest[..at]);
            let behind = &rest[at + base.len()..];
            let end =
                behind.find(|c: char| is_between(c) || matches!(c, '/' | '\\' | ':')).unwrap_or(behind.len());
            out.push('~');
            rest = &behind[end..];
        }
        out.push_str(rest);
        text = out;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scrub() -> Scrub {
        Scrub::new(
            ["hunter2".to_owned(), "a harbour at four".to_owned()],
            [("/srv/boxes/ada".to_owned(), "DATA_DIR")],
            ["Ada".to_owned(), "Zoë Müller".to_owned()],
        )
    }

    #[test]
    fn what_is_known_and_what_looks_like_it_goes() {
        let scrub = scrub();
        for (said, told) in [
            ("with hunter2 inside", "with *** inside"),
            ("xhunter2x", "x***x"),
            ("opened /srv/boxes/ada/logs/app.log", "opened DATA_DIR/logs/app.log"),
            ("/home/grace/x and /Users/grace", "~/x and ~"),
            ("Ada, ADA and adamant", "PERSON, PERSON and adamant"),
            ("zoë müller said", "PERSON said"),
            ("mail ada.l@example.org now", "mail *** now"),
            ("postgres://we:pw@db.local:5432/we?sslmode=x", "postgres://***@db.local:5432/we?***"),
            ("see http://a.b/c?token=s3cr3t&x=y for more", "see http://a.b/c?*** for more"),
            ("Authorization: Bearer abc.def", "Authorization: ***"),
            ("token:abc", "token:***"),
            ("password=\"two words\"", "password=***"),
            ("password=x1y2z3", "password=***"),
            ("api_key: 12345678", "api_key: ***"),
            ("key wek_Q2hhbmdlIG1l was used", "key *** was used"),
            ("sk-canary-1f0c6d0e9a", "***"),
            ("W1X2-Y3Z4-AAAA-BBBB", "***"),
            ("got 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "got ***"),
            ("tok_aZ09-bY18_cX27-dW36", "***"),
        ] {
            assert_eq!(scrub.text(said), told, "{said}");
        }
    }

    #[test]
    fn what_helps_stays() {
        let scrub = scrub();
        for said in [
            "redis was starting and is serving",
            "2026-11-21T21:00:00.123456Z WARN the cache is gone service.name=cache duration_ms=1.5",
            "turn 0198c0de-0000-7000-8000-00000000abcd ended",
            "whisperengine-0a1b2c3d-postgres on docker.io/library/redis:8@sha256:9f86d081884c7d659a2feaa0c55ad015",
            "the password is wrong and the key is unknown",
            "http://127.0.0.1:11434/v1/models answers",
            "/var/run/docker.sock: permission denied (os error 13)",
            "6.1.0-27-amd64 x86_64-unknown-linux-gnu",
        ] {
            assert_eq!(scrub.text(said), said);
        }
    }

    #[test]
    fn fields_that_are_called_secret_show_nothing_and_lines_stay_lines() {
        let scrub = scrub();
        let value = json!({
            "metrics_token": "short", "prompt_tokens": 7, "person": ["Ada", {"n": "hunter2"}], "cookies": ["a", 1],
        });
        let told = json!({
            "metrics_token": "***", "prompt_tokens": 7, "person": ["PERSON", {"n": "***"}], "cookies": ["***", 1],
        });
        assert_eq!(scrub.value(value), told);
        assert_eq!(scrub.line("{\"message\":\"by Ada\"}"), "{\"message\":\"by PERSON\"}");
        assert_eq!(scrub.line("by Ada"), "by PERSON");
        let foreign = |line: &str| scrub.foreign_line(line);
        assert_eq!(foreign("ERROR: DETAIL:  Key (text)=(how are you) exists"), "DETAIL: ***");
        assert_eq!(foreign("value \"how are you\" of 'this' is bad"), "value … of … is bad");
    }
}
