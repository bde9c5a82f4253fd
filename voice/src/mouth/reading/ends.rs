//! Whether something ends between two words.

use super::language::Language;

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
/// A sentence ends with them where another seems to begin.
const SELDOM: [&str; 39] = [
    "etc", "inc", "ltd", "co", "corp", "jr", "bros", "a.m", "p.m", "u.s", "u.k", "ph.d", "b.c", "a.d", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun", "min", "max", "est", "ave", "usw", "usf",
];

pub fn between(last: &str, next: &str, language: Language) -> End {
    let bare = last.trim_end_matches(['"', '\'', ')', ']', '}', '”', '’', '»', '」', '』', '）']);
    let (starts_small, starts_digit) =
        match next.trim_start_matches(['"', '\'', '(', '“', '‘', '«']).chars().next() {
            // What closes a quotation belongs to it.
            None => return End::Never,
            Some(c) if "」』）”»".contains(c) || ".,!?;:…。！？、，".contains(c) => {
                return End::Never;
            }
            Some(c) => (c.is_lowercase(), c.is_numeric()),
        };
    let Some(mark) = bare.chars().next_back() else { return End::None };
    match mark {
        '!' | '?' | '؟' | '।' | '۔' if !starts_small || bare.len() == last.len() => End::Sentence,
        '…' if starts_small => End::Comma,
        '…' | '。' | '！' | '？' => End::Sentence,
        '.' if bare.ends_with("..") && starts_small => End::Comma,
        '.' => full_stop(bare, starts_small, starts_digit, language),
        ',' | ';' | ':' | '،' | '—' | '，' | '、' | '；' | '：' => End::Comma,
        '–' | '-' if bare.len() == mark.len_utf8() && !starts_digit => End::Comma,
        // `10 000`, `5 km`, `No 7`.
        _ if starts_digit || mark.is_numeric() => End::Never,
        _ => End::None,
    }
}

fn full_stop(bare: &str, starts_small: bool, starts_digit: bool, language: Language) -> End {
    let word = bare.trim_end_matches('.').trim_start_matches(['"', '\'', '(', '“', '‘', '«']);
    let known = word.to_lowercase();
    let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // `No. 7`, and `3. Mai` where days are written so.
    let is_number = known == "no" && starts_digit
        || !language.is_english() && word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = is_letter && known != "i" || NEVER.contains(&known.as_str());
    if is_name || is_number || SELDOM.contains(&known.as_str()) && (starts_small || starts_digit) {
        return End::Never;
    }
    End::Sentence
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
            ("他说。", "」"),
        ] {
            assert_eq!(english(last, next), End::Never, "{last} {next}");
        }
        for (last, next) in [
            ("home.", "Then"),
            ("home.”", "He"),
            ("p.m.", "Then"),
            ("fine.", "how"),
            ("No.", "That"),
            ("3.", "Then"),
            ("what?", "i"),
            ("I.", "You"),
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
