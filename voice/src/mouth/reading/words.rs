//! Puts words for what a voice would read badly, in one clause.
//!
//! Which signs those are was heard: `espeak-ng -q -x` tells. What it reads well in every language is left to it.

use super::address;
use super::ends;
use super::english;
use super::language::Language;
use super::shorts;

/// A word without what surrounds it.
#[derive(Clone, Copy)]
pub struct Word<'a> {
    pub lead: &'a str,
    pub core: &'a str,
    pub trail: &'a str,
}

/// What is said for a word.
pub struct Saying {
    pub text: String,
    /// The next one is said with it.
    pub takes_next: bool,
}

pub fn spoken(clause: &str, language: Language) -> String {
    let words: Vec<Word> = clause.split(' ').filter(|word| !word.is_empty()).map(Word::of).collect();
    let none = Word { lead: "", core: "", trail: "" };
    let mut text = String::with_capacity(clause.len());
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        let before = at.checked_sub(1).map_or(none, |before| words[before]);
        let next = words.get(at + 1).copied().unwrap_or(none);
        let said = if language.is_english() {
            english::say(before, word, next)
        } else {
            shorts::say(word, next, language)
        };
        let (core, takes_next) = match said {
            Some(saying) => (saying.text, saying.takes_next),
            None => (anywhere(before, word, next), false),
        };
        let last = if takes_next { next } else { word };
        at += if takes_next { 2 } else { 1 };
        let is_end = at >= words.len();
        let trail = trail(last, words.get(at).copied().unwrap_or(none), is_end, language);
        add(&mut text, word.lead, &core, &trail);
    }
    text.truncate(text.trim_end_matches([' ', '—']).len());
    text
}

impl<'a> Word<'a> {
    fn of(word: &'a str) -> Self {
        const LEADING: [char; 9] = ['"', '\'', '’', '“', '‘', '«', '(', '[', '{'];
        const TRAILING: [char; 16] =
            ['"', '\'', '”', '’', '»', ')', ']', '}', '.', ',', ';', ':', '!', '?', '…', '،'];
        let rest = word.trim_start_matches(LEADING);
        let core = rest.trim_end_matches(TRAILING);
        Self { lead: &word[..word.len() - rest.len()], core, trail: &rest[core.len()..] }
    }

    pub fn is_number(self) -> bool {
        self.core.starts_with(is_digit) && self.core.chars().all(|c| is_digit(c) || ",.".contains(c))
    }
}

/// Signs that no language reads.
fn anywhere(before: Word, word: Word, next: Word) -> String {
    let core = word.core;
    match core {
        "*" | "·" if before.is_number() && next.is_number() => return "×".to_owned(),
        "-" | "--" | "---" | "–" | "—" => return "—".to_owned(),
        "/" | "->" | "=>" | "→" | "⇒" | "<-" | "←" | "|" | "||" => return ",".to_owned(),
        "=" | "+" | "&" | "@" | "%" | "$" | "€" | "£" => return core.to_owned(),
        _ if !core.chars().any(|c| c.is_alphanumeric() || is_said(c)) => return String::new(),
        _ => {}
    }
    if let Some((at, length)) = address::find(core) {
        let end = at + length;
        return format!("{}{}{}", &core[..at], address::host(&core[at..end]), &core[end..]);
    }
    if is_lettered(core) {
        return core.replace('.', " ");
    }
    // `5 km/h` is no choice of two.
    let is_amount = core.len() <= 5 && before.trail.is_empty() && before.core.ends_with(is_digit);
    let mut text = String::with_capacity(core.len());
    let mut characters = core.chars().peekable();
    let mut last = None;
    while let Some(c) = characters.next() {
        let following = characters.peek().copied();
        let is_between = |test: fn(char) -> bool| last.is_some_and(test) && following.is_some_and(test);
        match c {
            '₀'..='₉' => text.extend(char::from_digit(u32::from(c) - 0x2080, 10)),
            '*' | '·' if is_between(is_digit) => text.push('×'),
            '/' if !is_amount && is_between(char::is_alphabetic) => text.push(' '),
            // A name like C# has it, and one like F♯ does not.
            '#' if last.is_some_and(char::is_alphabetic) && following.is_none() => text.push('#'),
            '—' => text.push_str(" — "),
            '/' if last.is_none() => text.push(' '),
            // Formulas stand between them.
            '$' if ![last, following].into_iter().flatten().any(is_digit) => text.push(' '),
            '\\' | '[' | ']' | '{' | '}' | '<' | '>' | '|' | '`' | '#' | '*' | '^' | '~' | '_' | '"' => {
                text.push(' ');
            }
            ':' if following == Some(':') || last == Some(':') => text.push(' '),
            c => text.push(c),
        }
        last = Some(c);
    }
    text
}

/// `U.S`, `z.B`: each letter is said.
fn is_lettered(core: &str) -> bool {
    let mut letters = core.split('.');
    letters.clone().count() > 1
        && letters.all(|one| one.chars().count() == 1 && one.chars().all(char::is_alphabetic))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Signs that voices have words for.
fn is_said(c: char) -> bool {
    "+=&%@$€£¥°×÷±≈≠≤≥∞√π©®™§".contains(c) || (!c.is_ascii() && c.is_alphabetic())
}

/// One of each, and no full stop behind an abbreviation: a voice would end the sentence there.
fn trail(word: Word, next: Word, is_end: bool, language: Language) -> String {
    let mut text = String::new();
    let is_day = word.core.ends_with(is_digit);
    let is_abbreviation =
        !is_end && word.trail == "." && !is_day && ends::is_short(word.core, next.core, language);
    if is_abbreviation {
        return text;
    }
    let is_closing = |c: &char| "\"')”’»".contains(*c);
    let mut closers = word.trail.chars().filter(is_closing).take(1);
    if word.trail.starts_with(|c| is_closing(&c)) {
        text.extend(closers.next());
    }
    text.extend(stop(word.trail));
    text.extend(closers);
    text
}

/// One for all of them. After an abbreviation's full stop, what follows it counts.
fn stop(trail: &str) -> Option<char> {
    let all: String = trail.chars().filter(|c| ".,;:!?…،".contains(*c)).collect();
    match all.as_str() {
        stops if stops.contains('?') => Some('?'),
        stops if stops.contains('!') => Some('!'),
        stops if stops.contains('…') || stops.contains("..") => Some('…'),
        stops => stops.chars().next_back(),
    }
}

/// With the spaces that were, and none before punctuation.
fn add(text: &mut String, lead: &str, core: &str, trail: &str) {
    let core = core.split_whitespace().collect::<Vec<_>>().join(" ");
    if core.is_empty() || core == "," {
        let mark = if core.is_empty() { trail } else { "," };
        let is_after_word = text.ends_with(char::is_alphanumeric);
        if is_after_word && mark.starts_with(|c: char| ",;:.!?…،".contains(c)) {
            text.push_str(mark);
        }
        return;
    }
    if !text.is_empty() {
        text.push(' ');
    }
    // Brackets are no more than a pause, which a voice makes by itself, and `'80s` is no quotation.
    let is_short = core.starts_with(is_digit) || core.ends_with("ties");
    text.extend(lead.chars().filter(|c| !("[{".contains(*c) || is_short && "'’".contains(*c))).take(1));
    text.push_str(&core);
    text.push_str(trail);
}
