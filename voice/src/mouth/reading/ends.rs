//! Whether something ends between two words.

use super::language::Language;
use super::shorts;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Sentence,
    /// One may draw breath.
    Comma,
    None,
    /// They belong together.
    Never,
}

/// A sentence does not end with them, whatever follows.
const NEVER: [&str; 44] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "e.g", "i.e", "vs", "approx", "cf", "fig", "gen", "sen", "rep",
    "gov", "capt", "sgt", "col", "lt", "rev", "hon", "viz", "resp", "z.b", "d.h", "bzw", "ca", "nr", "hr",
    "fr", "sog", "vgl", "evtl", "ggf", "inkl", "u.a", "p.ex", "sr", "sra", "mme", "mlle", "núm", "tel",
];
/// Before a number only.
const BEFORE_NUMBERS: [&str; 9] = ["no", "nos", "p", "pp", "ch", "vol", "sec", "art", "str"];
/// A sentence ends with them where another seems to begin.
const SELDOM: [&str; 39] = [
    "etc", "inc", "ltd", "co", "corp", "jr", "bros", "a.m", "p.m", "u.s", "u.k", "ph.d", "b.c", "a.d", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun", "min", "max", "est", "ave", "usw", "usf",
];

const OPENING: [char; 7] = ['"', '\'', '(', '“', '‘', '«', '»'];
const CLOSING: [char; 20] = [
    '」', '』', '）', '”', '»', '"', '\'', ')', '.', ',', '!', '?', ';', ':', '…', '。', '！', '？', '、',
    '，',
];

pub fn between(last: &str, next: &str, language: Language) -> End {
    let bare = last.trim_end_matches(['"', '\'', ')', ']', '}', '”', '’', '»', '」', '』', '）']);
    // What closes a quotation belongs to it.
    if !next.chars().any(char::is_alphanumeric) && next.starts_with(CLOSING) {
        return End::Never;
    }
    let (starts_small, starts_digit) = start(next);
    let Some(mark) = bare.chars().next_back() else { return End::None };
    match mark {
        '!' | '?' | '؟' | '।' | '۔' if !starts_small || bare.len() == last.len() => End::Sentence,
        '…' if starts_small => End::Comma,
        '.' if bare.ends_with("..") && starts_small => End::Comma,
        '.' if is_short(bare.trim_end_matches('.'), next, language) => End::Never,
        '.' | '…' | '。' | '！' | '？' => End::Sentence,
        ',' | ';' | ':' | '،' | '—' | '，' | '、' | '；' | '：' => End::Comma,
        '–' | '-' if bare.len() == mark.len_utf8() && !starts_digit => End::Comma,
        // `10 000`, `5 km`, `No 7`.
        _ if starts_digit || mark.is_numeric() => End::Never,
        _ => End::None,
    }
}

/// A word whose full stop only says that it is short.
pub fn is_short(word: &str, next: &str, language: Language) -> bool {
    let word = word.trim_start_matches(OPENING);
    let (starts_small, starts_digit) = start(next);
    let known = word.to_lowercase();
    let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // `No. 7`, and `3. Mai` where days are written so.
    let is_day = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        BEFORE_NUMBERS.contains(&known.as_str()) && starts_digit || is_day && !language.is_english();
    // An initial, and a small letter where abbreviations have spaces: `z. B.`
    let is_initial = is_letter && known != "i" && (word != known || !language.is_english());
    let is_seldom = SELDOM.contains(&known.as_str());
    let is_known = NEVER.contains(&known.as_str()) || !is_seldom && shorts::is_known(&known, language);
    is_initial || is_number || is_known || is_seldom && (starts_small || starts_digit)
}

/// With a small letter, or with a digit.
fn start(word: &str) -> (bool, bool) {
    let first = word.trim_start_matches(OPENING).chars().next();
    (first.is_some_and(char::is_lowercase), first.is_some_and(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_is_no_end_and_an_end_is_one() {
        let english = |last: &str, next: &str| between(last, next, Language::of("en"));
        for (last, next) in [
            ("Dr.", "Smith"),
            ("(e.g.", "this"),
            ("J.", "R."),
            ("No.", "5"),
            ("p.m.", "on"),
            ("10", "000"),
            ("5", "km"),
            ("Nov.", "5"),
            ("p.", "5"),
            ("他说。", "」"),
            ("fine", "!"),
        ] {
            assert_eq!(english(last, next), End::Never, "{last} {next}");
        }
        for (last, next) in [
            ("home.", "Then"),
            ("home.”", "He"),
            ("rief.", "»Nein!«"),
            ("p.m.", "Then"),
            ("fine.", "how"),
            ("No.", "That"),
            ("3.", "Then"),
            ("what?", "i"),
            ("I.", "You"),
            ("c.", "Then"),
            ("了。", "我"),
        ] {
            assert_eq!(english(last, next), End::Sentence, "{last} {next}");
        }
        for (last, next) in
            [("well,", "I"), ("wait…", "what"), ("wait...", "what"), ("—", "so"), ("it:", "3")]
        {
            assert_eq!(english(last, next), End::Comma, "{last} {next}");
        }
        assert_eq!(english("“really?”", "she"), End::None);
        assert_eq!(between("3.", "Mai", Language::of("de")), End::Never);
    }
}
