//! Finds words and lines in what comes, one character after another.

use super::clause::Clause;
use super::cutter::Cutter;
use super::language::Language;
use super::page::Page;
use super::signs::is_wide;

/// In bytes. What is longer is no word, and is worked on in parts.
const LONGEST_WORD: usize = 240;

pub struct Reader {
    page: Page,
    cutter: Cutter,
    word: String,
    /// White space came before it.
    is_apart: bool,
}

impl Reader {
    /// For a language as voices name it: `en-us`. In one that is not known, signs and numbers are left to the voice.
    pub fn new(language: &str) -> Self {
        let language = Language::of(language);
        Self { page: Page::new(language), cutter: Cutter::new(language), word: String::new(), is_apart: true }
    }

    /// What may be spoken now.
    pub fn take(&mut self, piece: &str) -> Vec<Clause> {
        for c in piece.chars() {
            match c {
                '\n' => {
                    self.word_is_over();
                    self.page.line_is_over(&mut self.cutter);
                    self.is_apart = true;
                }
                c if c.is_whitespace() => {
                    self.word_is_over();
                    self.is_apart = true;
                }
                c => {
                    self.word.push(c);
                    // Where nobody writes spaces, every character may be followed by a pause.
                    if is_wide(c) || self.word.len() >= LONGEST_WORD {
                        self.word_is_over();
                    }
                }
            }
        }
        self.cutter.taken()
    }

    /// The rest.
    pub fn end(mut self) -> Vec<Clause> {
        self.word_is_over();
        self.page.end(&mut self.cutter);
        self.cutter.end()
    }

    fn word_is_over(&mut self) {
        if !self.word.is_empty() {
            self.page.word(&self.word, self.is_apart, &mut self.cutter);
            self.word.clear();
            self.is_apart = false;
        }
    }
}
