//! Secrets that are called so: whatever stands behind `password=`, `"token":` or `--api-key`.

use super::scrub::GONE;

/// How names of secrets end.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "credential",
    "credentials",
    "bearer",
    "auth",
    "authorization",
    "cookie",
    "recovery code",
];
/// What follows these has several parts, up to the end of the line.
const LONG: [&str; 2] = ["authorization", "cookie"];

pub fn without(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(text: &str) -> String {
    let (mut out, mut from) = (String::new(), 0);
    for (at, letter) in text.char_indices() {
        if at < from {
            continue;
        }
        let Some(name) = named(&text[from..at], letter) else { continue };
        // `key => x` and `key: "x"`, too.
        let begins = at + text[at..].find(|letter: char| !is_sign(letter)).unwrap_or(text.len() - at);
        let length = if LONG.contains(&name) { to_the_end(&text[begins..]) } else { value(&text[begins..]) };
        if length > 0 {
            out.push_str(&text[from..begins]);
            out.push_str(GONE);
            from = begins + length;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// The name that ends here, if what comes next says what it is.
fn named(before: &str, sign: char) -> Option<&'static str> {
    let bare = match sign {
        ':' | '=' => {
            before.trim_end_matches(|letter: char| is_mark(letter) || matches!(letter, ' ' | '\t' | '\\'))
        }
        // An option in somebody's command, and `Bearer x`.
        ' ' => before,
        _ => return None,
    };
    let ends = |name: &&&str| {
        let at = bare.len().checked_sub(name.len());
        at.and_then(|at| bare.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(name))
    };
    let name = NAMES.iter().find(ends)?;
    let word = bare.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_told = sign != ' ' || word.starts_with("--") || *name == "bearer";
    is_told.then_some(name)
}

/// How long a value is: all that its quotes hold, else a word.
fn value(text: &str) -> usize {
    let mark = if text.starts_with("\\\"") { "\\\"" } else { text.get(..1).unwrap_or_default() };
    if !mark.ends_with(is_mark) {
        return text.find(char::is_whitespace).unwrap_or(text.len());
    }
    let mut from = mark.len();
    while let Some(at) = text[from..].find(mark) {
        let behind = from + at + mark.len();
        let is_escaped = mark.len() == 1 && text[..from + at].ends_with('\\');
        // Twice the same mark is one of the text, and so is one inside of a word.
        let is_double = text[behind..].starts_with(mark) && at > 0;
        let goes_on = text[behind..].starts_with(char::is_alphanumeric);
        if !(is_escaped || is_double || goes_on) {
            return behind;
        }
        from = behind + if is_double { mark.len() } else { 0 };
    }
    to_the_end(text)
}

fn to_the_end(text: &str) -> usize {
    text.trim_end_matches(['\n', '\r']).len()
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '"' | '\'' | '`')
}

fn is_sign(letter: char) -> bool {
    matches!(letter, ':' | '=' | '>' | ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_called_a_secret_goes_with_all_its_words() {
        for (said, told) in [
            ("token:abc", "token:***"),
            ("token: abc and more", "token: *** and more"),
            ("password=abc", "password=***"),
            ("password = abc x", "password = *** x"),
            ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
            ("password=\"two words\" x", "password=*** x"),
            ("password='two words' x", "password=*** x"),
            ("password='it''s two words' x", "password=*** x"),
            ("password='don't say it' x", "password=*** x"),
            ("password=\"a \\\" b\" x", "password=*** x"),
            ("password=\"two words", "password=***"),
            ("password='' x", "password=*** x"),
            ("{\"token\":\"a b\",\"n\":1}", "{\"token\":***,\"n\":1}"),
            ("{\\\"api_key\\\": \\\"a b\\\", 1}", "{\\\"api_key\\\": ***, 1}"),
            ("'secret' => 'a b', 1", "'secret' => ***, 1"),
            ("run --password abc --token 'a b' now", "run --password *** --token *** now"),
            ("Bearer abc x", "Bearer *** x"),
            ("Authorization: Basic abc, x", "Authorization: ***"),
            ("Cookie: a=b; c=d", "Cookie: ***"),
            ("password: abc\nand more\n", "password: ***\nand more\n"),
            ("token:é:ü x", "token:*** x"),
        ] {
            assert_eq!(without(said), told, "{said}");
        }
    }

    #[test]
    fn who_only_speaks_of_one_is_let_speak() {
        for said in [
            "the password is wrong and the key is unknown",
            "prompt_tokens=12, tasks: 3",
            "a key, a token; no cookie",
            "password:",
            "http://127.0.0.1:11434/v1/models answers",
        ] {
            assert_eq!(without(said), said);
        }
    }
}
