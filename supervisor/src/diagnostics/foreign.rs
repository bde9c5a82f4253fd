//! What programs in containers say, which are not ours and may repeat what people said.
//!
//! Left out: whatever stands in quotes, what PostgreSQL tells of a statement, and lines that go on with the one before.

use super::scrub::GONE;

/// How PostgreSQL begins what is about somebody's words.
const TOLD: [&str; 8] =
    ["DETAIL:", "STATEMENT:", "CONTEXT:", "QUERY:", "PARAMETERS:", "  EXECUTE ", "  PARSE ", "  BIND "];

pub fn without_words(line: &str) -> String {
    // A statement of several lines has a tab before all but its first, which we get as a space.
    if line.starts_with([' ', '\t']) {
        return GONE.to_owned();
    }
    let loud = line.to_uppercase();
    match TOLD.iter().find(|word| loud.contains(*word)) {
        Some(word) => format!("{} {GONE}", word.trim()),
        None => unquoted(line),
    }
}

/// From the first mark of a kind to the last one: between them others may be part of what is quoted. One that is not
/// closed hides the rest.
fn unquoted(line: &str) -> String {
    let mut marks = Vec::new();
    let mut before = ' ';
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map_or(' ', |(_, next)| *next);
        // As in "can't".
        let is_apostrophe = letter == '\'' && before.is_alphanumeric() && next.is_alphanumeric();
        if matches!(letter, '"' | '\'') && !is_apostrophe {
            marks.push((at, letter));
        }
        before = letter;
    }
    let (mut out, mut from) = (String::new(), 0);
    while let Some(&(opens, kind)) = marks.iter().find(|(at, _)| *at >= from) {
        out.push_str(&line[from..opens]);
        out.push('…');
        let same = marks.iter().filter(|(at, mark)| *at >= opens && *mark == kind);
        let closes = same.clone().next_back().filter(|_| same.clone().count() % 2 == 0);
        from = closes.map_or(line.len(), |(at, mark)| at + mark.len_utf8());
    }
    out.push_str(&line[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_left_out_however_it_is_quoted() {
        for (said, told) in [
            ("value \"how are you\" of 'this' is bad", "value … of … is bad"),
            ("can't use 'how are you' here", "can't use … here"),
            ("it isn't 'what I can't say' at all", "it isn't … at all"),
            ("the users' 'how are you'", "the users…"),
            ("'he said 'how' to me'", "…"),
            ("\"he said \"how\" to me\" is bad", "… is bad"),
            ("not closed 'how are you, isn't it", "not closed …"),
            ("not closed \"how are you", "not closed …"),
            ("one 'how' and 'are you", "one …"),
            ("Ready to accept connections", "Ready to accept connections"),
        ] {
            assert_eq!(without_words(said), told, "{said}");
        }
    }

    #[test]
    fn what_postgresql_tells_of_a_statement_is_left_out_with_all_its_lines() {
        for (said, told) in [
            ("2026-11-22 UTC [7] ERROR:  DETAIL:  Key (text)=(how are you) exists", "DETAIL: ***"),
            ("2026-11-22 UTC [7] STATEMENT:  INSERT INTO messages", "STATEMENT: ***"),
            ("\tVALUES (how are you)", "***"),
            (" VALUES (how are you)", "***"),
            ("LOG:  statement: SELECT how", "STATEMENT: ***"),
            ("LOG:  duration: 3.1 ms  execute sqlx_s_1: SELECT how", "EXECUTE ***"),
            ("ERROR:  cannot execute INSERT now", "ERROR:  cannot execute INSERT now"),
        ] {
            assert_eq!(without_words(said), told, "{said}");
        }
    }
}
