//! Makes clauses of words.
//!
//! Between two words it knows both, so that an abbreviation or a number is not taken for an end. The first clause is cut
//! early, since somebody waits for it; later ones are sentences, since they sound better.

use super::clause::{Clause, Pause};
use super::ends::{self, End};
use super::language::Language;
use super::signs::{is_unseen, is_wide};
use super::words;

/// Words of the first clause.
const FEWEST: usize = 3;
const MOST: usize = 12;
/// In characters: longer sentences are cut where they pause, where two words meet, and anywhere.
const LONG: usize = 160;
const LONGER: usize = 280;
const LONGEST: usize = 400;

pub struct Cutter {
    language: Language,
    done: Vec<Clause>,
    /// What ended last.
    after: Pause,
    is_first: bool,
    clause: String,
    characters: usize,
    /// Of words: a character of a script without spaces is about one.
    halves: usize,
    last: usize,
    is_line_over: bool,
}

impl Cutter {
    pub fn new(language: Language) -> Self {
        let (done, clause) = (Vec::new(), String::new());
        Self {
            language,
            done,
            after: Pause::None,
            is_first: true,
            clause,
            characters: 0,
            halves: 0,
            last: 0,
            is_line_over: false,
        }
    }

    /// One word, or the rest of the former. Before one that is firm no clause ends.
    pub fn word(&mut self, word: &str, is_apart: bool, is_firm: bool) {
        let is_wide_too = |c: Option<char>| c.is_some_and(is_wide);
        let meets = is_wide_too(self.clause.chars().next_back()) || is_wide_too(word.chars().next());
        let is_line_over = std::mem::take(&mut self.is_line_over);
        if !self.clause.is_empty() {
            let may_part = (is_apart || meets) && !is_firm;
            match may_part.then(|| self.pause_before(word)).flatten() {
                Some(pause) => self.cut(pause),
                None if is_line_over && !is_firm && begins(word) => self.cut(Pause::Comma),
                None if self.characters >= LONGEST => self.cut(Pause::None),
                None => {}
            }
        }
        if is_apart && !self.clause.is_empty() {
            self.clause.push(' ');
            self.characters += 1;
        }
        if is_apart || meets || self.clause.is_empty() {
            self.last = self.clause.len();
            self.halves += if word.chars().next().is_some_and(is_wide) { 1 } else { 2 };
        }
        let seen = word.chars().filter(|c| !is_unseen(*c));
        self.characters += seen.clone().count();
        self.clause.extend(seen);
    }

    /// A line of a poem ends here, or the sentence goes on in the next one.
    pub fn line_is_over(&mut self) {
        self.is_line_over = true;
    }

    /// A clause ends here, whatever comes.
    pub fn pause(&mut self, pause: Pause) {
        if !self.clause.is_empty() {
            self.cut(pause);
        }
        self.after = self.after.max(pause);
    }

    pub fn taken(&mut self) -> Vec<Clause> {
        std::mem::take(&mut self.done)
    }

    pub fn end(mut self) -> Vec<Clause> {
        self.pause(Pause::Paragraph);
        self.done
    }

    fn pause_before(&self, next: &str) -> Option<Pause> {
        let last = &self.clause[self.last..];
        let (is_enough, is_most) = (self.halves >= 2 * FEWEST, self.halves >= 2 * MOST);
        match ends::between(last, next, self.language) {
            End::Sentence if !self.is_first || is_enough => return Some(Pause::Sentence),
            End::Comma if self.is_first && is_enough || self.characters >= LONG => return Some(Pause::Comma),
            End::Never if self.characters < LONGEST => return None,
            _ => {}
        }
        let is_long = self.is_first && is_most || self.characters >= LONGER;
        is_long.then_some(Pause::None)
    }

    fn cut(&mut self, pause: Pause) {
        let text = words::spoken(&self.clause, self.language);
        (self.characters, self.halves, self.last) = (0, 0, 0);
        self.clause.clear();
        if text.chars().any(char::is_alphanumeric) {
            let after = if self.is_first { Pause::None } else { self.after };
            self.done.push(Clause { text, after });
            (self.is_first, self.after) = (false, Pause::None);
        }
        self.after = self.after.max(pause);
    }
}

/// As a line does that goes on with nothing.
fn begins(word: &str) -> bool {
    word.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| c.is_uppercase() || is_wide(c))
}
