//! Puts words for what a voice would read badly, in one clause.
//!
//! Which signs those are was heard: `espeak-ng -q -x` tells. What it reads well in every language is left to it.

use super::ends::{self, End};
use super::english;
use super::language::Language;

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
        let said = if language.is_english() { english::say(before, word, next) } else { None };
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
        const LEADING: [char; 8] = ['"', '\'', '“', '‘', '«', '(', '[', '{'];
        const TRAILING: [char; 16] =
            ['"', '\'', '”', '’', '»', ')', ']', '}', '.', ',', ';', ':', '!', '?', '…', '،'];
        let rest = word.trim_start_matches(LEADING);
        let core = rest.trim_end_matches(TRAILING);
        Self { lead: &word[..word.len() - rest.len()], core, trail: &rest[core.len()..] }
    }

    pub fn is_number(self) -> bool {
        self.core.starts_with(|c: char| c.is_ascii_digit())
            && self.core.chars().all(|c| c.is_ascii_digit() || ",.".contains(c))
    }
}

/// Signs that no language reads.
fn anywhere(before: Word, word: Word, next: Word) -> String {
    let core = word.core;
    match core {
        "*" | "·" if before.is_number() && next.is_number() => return "×".to_owned(),
        "-" | "--" | "---" | "–" | "—" => return "—".to_owned(),
        "->" | "=>" | "→" | "⇒" | "<-" | "←" | "|" | "||" => return ",".to_owned(),
        "=" | "+" | "&" | "@" | "%" | "$" | "€" | "£" => return core.to_owned(),
        _ if !core.chars().any(|c| c.is_alphanumeric() || is_said(c)) => return String::new(),
        _ => {}
    }
    let mut text = String::with_capacity(core.len());
    let mut characters = core.chars().peekable();
    let mut last = None;
    while let Some(c) = characters.next() {
        let following = characters.peek().copied();
        let is_between = |test: fn(char) -> bool| last.is_some_and(test) && following.is_some_and(test);
        match c {
            '₀'..='₉' => text.extend(char::from_digit(u32::from(c) - 0x2080, 10)),
            '*' | '·' if is_between(|c| c.is_ascii_digit()) => text.push('×'),
            '/' if !before.is_number() && is_between(char::is_alphabetic) => text.push(' '),
            // A name like C# has it, and one like F♯ does not.
            '#' if last.is_some_and(char::is_alphabetic) && following.is_none() => text.push('#'),
            '—' => text.push_str(" — "),
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

/// Signs that voices have words for.
fn is_said(c: char) -> bool {
    "+=&%@$€£¥°×÷±≈≠≤≥∞√π©®™§".contains(c) || (!c.is_ascii() && c.is_alphabetic())
}

/// One of each, and no full stop behind an abbreviation: a voice would end the sentence there.
fn trail(word: Word, next: Word, is_end: bool, language: Language) -> String {
    let mut text = String::new();
    let is_abbreviation = !is_end
        && word.trail == "."
        && !word.core.ends_with(|c: char| c.is_ascii_digit())
        && ends::between(&format!("{}.", word.core), next.core, language) == End::Never;
    if is_abbreviation {
        return text;
    }
    let stops: String = word.trail.chars().filter(|c| ".!?…".contains(*c)).collect();
    let stop = match stops.as_str() {
        "" => None,
        stops if stops.contains('?') => Some('?'),
        stops if stops.contains('!') => Some('!'),
        "." => Some('.'),
        _ => Some('…'),
    };
    text.extend(stop);
    if stop.is_none() {
        text.extend(word.trail.chars().find(|c| ",;:،".contains(*c)));
    }
    text.extend(word.trail.chars().filter(|c| ")”’»".contains(*c)).take(1));
    text
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
    // Brackets are no more than a pause, which a voice makes by itself.
    text.extend(lead.chars().filter(|c| !"[{".contains(*c)).take(1));
    text.push_str(&core);
    text.push_str(trail);
}
