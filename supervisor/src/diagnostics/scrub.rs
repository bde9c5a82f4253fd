//! Takes out of a text what is nobody's business: what is known to be a secret or a name, and whatever looks like one.
//! Rather a word too many than one too few.

use serde_json::Value;

const GONE: &str = "***";
/// Names of fields whose text is never shown.
const SECRET_FIELDS: [&str; 7] =
    ["password", "passwd", "secret", "token", "api_key", "authorization", "cookie"];
/// Words that stand right before a secret.
const BEFORE: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "bearer",
    "key",
    "cookie",
];
/// How secrets begin that say what they are.
const BEGINNINGS: [&str; 8] = ["sk-", "wek_", "wes_", "ghp_", "hf_", "xoxb-", "eyJ", "AKIA"];
/// So many letters and digits in a row are no word.
const LONGEST_WORD: usize = 20;

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
                    let value = match value {
                        Value::String(_) if is_secret => Value::String(GONE.to_owned()),
                        other => self.value(other),
                    };
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

    /// What another program says may quote what people said.
    pub fn foreign_line(&self, line: &str) -> String {
        let told = ["DETAIL:", "STATEMENT:", "CONTEXT:", "QUERY:"];
        if let Some(word) = told.iter().find(|word| line.contains(*word)) {
            return format!("{word} {GONE}");
        }
        let mut out = String::new();
        for (number, part) in line.split(['"', '\'']).enumerate() {
            out.push_str(if number % 2 == 0 { part } else { "…" });
        }
        self.text(&out)
    }

    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (exact, called) in &self.exact {
            text = text.replace(exact, called);
        }
        let text = self.without_names(&homes(&text));
        let mut out = String::new();
        let mut before = String::new();
        // In what follows the question mark of an address: that was hidden as a whole.
        let mut in_query = false;
        for piece in text.split_inclusive(is_between) {
            let word = piece.trim_end_matches(is_between);
            let behind = &piece[word.len()..];
            if in_query {
                in_query = behind.starts_with('=');
                out.push_str(if in_query { "" } else { behind });
                continue;
            }
            let follows = BEFORE.iter().any(|name| before.ends_with(name));
            if word.is_empty() || (follows && matches!(word.to_lowercase().as_str(), "bearer" | "basic")) {
                out.push_str(word);
            } else if follows && word != GONE && !is_plain(word) {
                out.push_str(GONE);
            } else {
                out.push_str(&scrubbed(word));
            }
            in_query = word.contains("://") && word.contains('?') && behind.starts_with('=');
            out.push_str(if in_query { "" } else { behind });
            if !word.is_empty() {
                before = word.to_lowercase();
                // `password is wrong` speaks of one, `password=x` and `password: x` say it.
                let says = behind.starts_with(['=', ':']) || word.ends_with(':') || before == "bearer";
                before = if says { before.trim_end_matches(':').to_owned() } else { String::new() };
            }
        }
        out
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

fn is_between(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '"' | '\'' | ',' | ';' | '=' | '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}' | '|' | '`'
        )
}

/// Words that people use of a key, and no key.
fn is_plain(word: &str) -> bool {
    word.len() < 6 && word.chars().all(char::is_alphabetic)
}

fn scrubbed(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        let (place, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let place = place.rsplit_once('@').map_or(place.to_owned(), |(_, host)| format!("{GONE}@{host}"));
        let (path, query) = behind.split_at(behind.find('?').unwrap_or(behind.len()));
        let path: String = path.split_inclusive('/').map(parts).collect();
        return format!("{scheme}://{place}{path}{}", if query.is_empty() { "" } else { "?***" });
    }
    let is_image = word.contains("sha256:");
    if !is_image && word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
        return GONE.to_owned();
    }
    if is_image {
        return word.to_owned();
    }
    parts(word)
}

/// A word in its parts, each kept unless it looks like a secret.
fn parts(word: &str) -> String {
    let is_mark = |letter: char| matches!(letter, '/' | ':' | '.' | '@' | '&' | '?' | '#' | '%' | '$' | '\\');
    word.split_inclusive(is_mark)
        .map(|piece| {
            let bare = piece.trim_end_matches(is_mark);
            if is_secret(bare) { format!("{GONE}{}", &piece[bare.len()..]) } else { piece.to_owned() }
        })
        .collect()
}

fn is_secret(word: &str) -> bool {
    if BEGINNINGS.iter().any(|start| word.starts_with(start)) && word.len() >= 10 {
        return true;
    }
    let is_uuid = word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid {
        return false;
    }
    let mixed = |text: &str| {
        text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let groups: Vec<&str> = word.split(['-', '_', '+']).collect();
    let is_code = groups.len() >= 4
        && groups.iter().all(|group| {
            (4..=6).contains(&group.len())
                && group.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
    let is_long = groups.iter().any(|group| group.len() >= LONGEST_WORD && mixed(group));
    let is_motley = word.len() >= LONGEST_WORD
        && mixed(word)
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase());
    is_code || is_long || is_motley
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
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
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
        let value =
            json!({"metrics_token": "short", "prompt_tokens": 7, "person": ["Ada", {"n": "hunter2"}]});
        assert_eq!(
            scrub.value(value),
            json!({"metrics_token": "***", "prompt_tokens": 7, "person": ["PERSON", {"n": "***"}]})
        );
        assert_eq!(scrub.line("{\"message\":\"by Ada\"}"), "{\"message\":\"by PERSON\"}");
        assert_eq!(scrub.line("by Ada"), "by PERSON");
        let foreign = |line: &str| scrub.foreign_line(line);
        assert_eq!(foreign("ERROR: DETAIL:  Key (text)=(how are you) exists"), "DETAIL: ***");
        assert_eq!(foreign("value \"how are you\" of 'this' is bad"), "value … of … is bad");
    }
}
