//! Words that look like a secret, whatever stands around them: what says so by its beginning, what no word is like,
//! addresses of mail, and what an address of the network carries along.

use super::scrub::GONE;

/// How secrets begin that say what they are.
const BEGINNINGS: [&str; 8] = ["sk-", "wek_", "wes_", "ghp_", "hf_", "xoxb-", "eyJ", "AKIA"];
/// So many letters and digits in a row are no word.
const LONGEST_WORD: usize = 20;

pub fn without(text: &str) -> String {
    let mut out = String::new();
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
        out.push_str(&scrubbed(word));
        in_query = word.contains("://") && word.contains('?') && behind.starts_with('=');
        out.push_str(if in_query { "" } else { behind });
    }
    out
}

/// What ends a word.
pub fn is_between(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '"' | '\'' | ',' | ';' | '=' | '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}' | '|' | '`'
        )
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
