//! What marks a whole line: headings, lists, quotes, tables, rules and blocks of code.

use super::clause::Pause;
use super::cutter::Cutter;
use super::language::Language;
use super::marks::Marks;

pub struct Page {
    language: Language,
    marks: Marks,
    kind: Kind,
    /// Nothing but marks came on this line.
    is_fresh: bool,
    is_blank: bool,
    fence: Option<Fence>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Heading,
    Item,
    Row,
}

/// What opened a block of code. Whatever follows is code until the same comes again.
struct Fence {
    sign: char,
    count: usize,
    is_opening: bool,
    is_closed: bool,
}

impl Page {
    pub fn new(language: Language) -> Self {
        let (marks, kind) = (Marks::default(), Kind::Text);
        Self { language, marks, kind, is_fresh: true, is_blank: true, fence: None }
    }

    pub fn word(&mut self, word: &str, is_apart: bool, to: &mut Cutter) {
        self.is_blank = false;
        if let Some(fence) = &mut self.fence {
            // A block within a quote has the quote's mark on each line.
            if self.is_fresh && word.trim_start_matches('>').is_empty() {
                return;
            }
            fence.is_closed |= if fence.is_opening {
                fence.is_behind(word)
            } else {
                self.is_fresh && fence.is_closed_by(word)
            };
            self.is_fresh = false;
            return;
        }
        let rest = if self.is_fresh { self.beginning(word, is_apart, to) } else { word };
        if !rest.is_empty() {
            self.is_fresh = false;
            self.marks.word(rest, is_apart, self.kind == Kind::Row, to);
        }
    }

    pub fn line_is_over(&mut self, to: &mut Cutter) {
        match &mut self.fence {
            Some(fence) if fence.is_closed => self.fence = None,
            Some(fence) => fence.is_opening = false,
            None if self.is_blank || self.kind == Kind::Heading => {
                self.marks.end(to);
                to.pause(Pause::Paragraph);
            }
            None if self.kind == Kind::Row => {
                self.marks.end(to);
                to.pause(Pause::Sentence);
            }
            None => to.line_is_over(),
        }
        (self.kind, self.is_fresh, self.is_blank) = (Kind::Text, true, true);
    }

    pub fn end(&mut self, to: &mut Cutter) {
        self.marks.end(to);
    }

    /// What is left of a word when the marks of its line are taken from it.
    fn beginning<'a>(&mut self, word: &'a str, is_apart: bool, to: &mut Cutter) -> &'a str {
        let word = word.trim_start_matches('>');
        if let Some(fence) = Fence::opened_by(word) {
            self.marks.end(to);
            to.pause(Pause::Paragraph);
            if let Some(code) = self.language.code() {
                to.word(code, true, false);
                to.pause(Pause::Paragraph);
            }
            self.fence = Some(fence);
            self.is_fresh = false;
            return "";
        }
        if is_heading(word) || is_rule(word) {
            self.marks.end(to);
            to.pause(Pause::Paragraph);
            self.kind = Kind::Heading;
            self.is_fresh = false;
            return "";
        }
        if self.kind == Kind::Item && matches!(word, "[x]" | "[X]" | "[" | "]") {
            return "";
        }
        if matches!(word, "-" | "*" | "+" | "•") {
            self.marks.end(to);
            to.pause(Pause::Sentence);
            self.kind = Kind::Item;
            return "";
        }
        if let Some(number) = numbered(word) {
            self.marks.end(to);
            to.pause(Pause::Sentence);
            self.kind = Kind::Item;
            to.word(number, is_apart, false);
            to.word(":", false, false);
            self.is_fresh = false;
            return "";
        }
        if let Some(cells) = word.strip_prefix('|') {
            self.kind = Kind::Row;
            self.is_fresh = false;
            return cells;
        }
        word
    }
}

impl Fence {
    fn opened_by(word: &str) -> Option<Self> {
        let sign = word.chars().next().filter(|sign| "`~".contains(*sign))?;
        let name = word.trim_start_matches(sign);
        let count = word.len() - name.len();
        // With another one behind it, it is code within a line.
        (count >= 3 && !name.contains(sign)).then_some(Self {
            sign,
            count,
            is_opening: true,
            is_closed: false,
        })
    }

    /// It ended on the line where it began.
    fn is_behind(&self, word: &str) -> bool {
        word.trim_end_matches(|c| c != self.sign).len() >= self.count
    }

    fn is_closed_by(&self, word: &str) -> bool {
        word.len() >= self.count && word.chars().all(|c| c == self.sign)
    }
}

fn is_heading(word: &str) -> bool {
    word.len() <= 6 && !word.is_empty() && word.chars().all(|c| c == '#')
}

fn is_rule(word: &str) -> bool {
    let first = word.chars().next().filter(|c| "-*_=".contains(*c));
    word.len() >= 3 && first.is_some_and(|first| word.chars().all(|c| c == first))
}

/// The number of a list's item.
fn numbered(word: &str) -> Option<&str> {
    let number = word.strip_suffix(['.', ')'])?;
    let is_number = (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(number)
}
