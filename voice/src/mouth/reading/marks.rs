//! What marks a few words: emphasis, code, links, tags, pictures.
//!
//! A mark that could be one and turns out to be none is read as it stands: no word is lost over it. What waits for its
//! end waits a short while only.

use super::address;
use super::clause::Pause;
use super::cutter::Cutter;
use super::signs::{entity, is_face, is_joiner, is_picture, is_unseen};

/// In bytes. A tag or a link's address that is longer is none.
const LONGEST_WAIT: usize = 400;

#[derive(Default)]
pub struct Marks {
    inside: Inside,
    /// Brackets that may turn out to be the text of a link.
    open: u32,
    /// The word ended within an address, and whatever is glued to it belongs to that.
    is_address: bool,
}

#[derive(Default)]
enum Inside {
    #[default]
    Text,
    /// With as many ticks as it takes to end it.
    Code(usize),
    Tag(Waiting),
    /// From the bracket behind a link's text.
    Link(Waiting),
}

struct Waiting {
    text: String,
    is_apart: bool,
}

impl Marks {
    pub fn word(&mut self, word: &str, is_apart: bool, is_row: bool, to: &mut Cutter) {
        if std::mem::take(&mut self.is_address) && !is_apart {
            self.is_address = true;
            return;
        }
        let is_text = matches!(self.inside, Inside::Text);
        if is_text && (is_face(word) || is_border(word)) {
            return;
        }
        let mut said = Said { to, text: String::new(), is_apart };
        let mut rest = word;
        let mut is_first = true;
        while !rest.is_empty() {
            rest = match std::mem::take(&mut self.inside) {
                Inside::Text => self.text(rest, is_row, &mut said),
                Inside::Code(ticks) => self.code(rest, ticks, is_first, &mut said),
                Inside::Tag(waiting) => self.tag(waiting, rest, is_first && is_apart, &mut said),
                Inside::Link(waiting) => self.link(waiting, rest, is_first && is_apart, &mut said),
            };
            is_first = false;
        }
        said.flush(false);
    }

    /// Whatever is open stays open no longer.
    pub fn end(&mut self, to: &mut Cutter) {
        if let Inside::Tag(waiting) | Inside::Link(waiting) = std::mem::take(&mut self.inside) {
            waiting.read(to);
        }
        (self.open, self.is_address) = (0, false);
    }

    /// Until something opens. What is left.
    fn text<'a>(&mut self, text: &'a str, is_row: bool, said: &mut Said) -> &'a str {
        let link = address::find(text);
        let mut before = None;
        let mut skip = 0;
        for (at, c) in text.char_indices() {
            if at < skip {
                continue;
            }
            let rest = &text[at + c.len_utf8()..];
            let next = rest.chars().next();
            match c {
                _ if link.is_some_and(|(begins, _)| begins == at) => {
                    let (_, length) = link.expect("it begins here");
                    said.text.push_str(address::host(&text[at..at + length]));
                    self.is_address = at + length == text.len();
                    return &text[at + length..];
                }
                '`' => {
                    let ticks = 1 + rest.len() - rest.trim_start_matches('`').len();
                    said.flush(false);
                    self.inside = Inside::Code(ticks);
                    return &text[at + ticks..];
                }
                '<' if next.is_some_and(|next| next.is_ascii_alphabetic() || "/!".contains(next)) => {
                    self.inside = Inside::Tag(said.wait());
                    return &text[at..];
                }
                ']' if self.open > 0 => {
                    self.open -= 1;
                    match next {
                        Some('(') => {
                            self.inside = Inside::Link(said.wait());
                            return &text[at + 1..];
                        }
                        Some('[') => skip = rest.find(']').map_or(0, |end| at + end + 2),
                        _ => {}
                    }
                }
                ']' => {}
                '[' => match note(rest) {
                    Some(length) => skip = at + 1 + length,
                    None => self.open += 1,
                },
                '!' if next == Some('[') => {}
                '\\' if next.is_some_and(|next| next.is_ascii_punctuation()) => {
                    said.text.extend(next);
                    skip = at + 2;
                }
                '&' => match rest.split_once(';').and_then(|(name, _)| Some((entity(name)?, name.len()))) {
                    Some((meant, length)) => {
                        said.text.push(meant);
                        skip = at + length + 2;
                    }
                    None => said.text.push('&'),
                },
                '|' if is_row || text == "|" => said.text.push(','),
                '|' => said.text.push(' '),
                '*' | '_' | '~' => said.mark(c, before, next, text),
                c if is_picture(c) || is_unseen(c) => {}
                c if is_joiner(c) && !before.is_some_and(char::is_alphanumeric) => {}
                c => said.text.push(c),
            }
            before = Some(c);
        }
        ""
    }

    fn code<'a>(&mut self, text: &'a str, ticks: usize, is_first: bool, said: &mut Said) -> &'a str {
        let mut at = 0;
        while let Some(found) = text[at..].find('`') {
            let begins = at + found;
            let run = text.len() - begins - text[begins..].trim_start_matches('`').len();
            at = begins + run;
            if run == ticks {
                said.literally(&text[..begins]);
                said.flush(is_first);
                return &text[at..];
            }
        }
        said.literally(text);
        said.flush(is_first);
        self.inside = Inside::Code(ticks);
        ""
    }

    fn tag<'a>(&mut self, mut tag: Waiting, text: &'a str, is_apart: bool, said: &mut Said) -> &'a str {
        // Behind its name a tag has nothing but what is set equal to something.
        let is_none = !tag.text.contains(['=', '!']) && !text.contains(['=', '>', '/']);
        if is_apart && is_none {
            tag.read(said.to);
            return text;
        }
        tag.take("", is_apart);
        let is_comment = |held: &str| held.starts_with("<!--");
        let end = if is_comment(&tag.text) || is_comment(text) { "-->" } else { ">" };
        let Some(found) = text.find(end) else {
            tag.take(text, false);
            self.wait_on(tag, Inside::Tag, said);
            return "";
        };
        let (whole, rest) = text.split_at(found + end.len());
        tag.take(whole, false);
        said.is_apart = tag.is_apart;
        let inner = tag.text.trim_matches(['<', '>']);
        if address::find(inner).is_some_and(|(at, length)| at == 0 && length == inner.len()) {
            said.text.push_str(address::host(inner));
        } else if end == ">" && inner.contains('@') && !inner.contains(' ') {
            said.text.push_str(inner);
        } else if end == "-->" || is_tag(inner) {
            if parts_lines(inner) {
                said.flush(false);
                said.to.pause(Pause::Sentence);
                said.is_apart = true;
            }
        } else {
            tag.read(said.to);
            said.is_apart = false;
        }
        rest
    }

    fn link<'a>(&mut self, mut link: Waiting, text: &'a str, is_apart: bool, said: &mut Said) -> &'a str {
        // Behind the address there may be a title, and nothing else.
        let is_title = link.text.contains(['"', '\'']) || text.starts_with(['"', '\'', '(', ')']);
        link.take("", is_apart);
        if is_apart && !is_title {
            link.read(said.to);
            return text;
        }
        match closing(&link.text, text) {
            Some(end) => {
                said.is_apart = link.is_apart;
                &text[end..]
            }
            None => {
                link.take(text, false);
                self.wait_on(link, Inside::Link, said);
                ""
            }
        }
    }

    fn wait_on(&mut self, waiting: Waiting, inside: fn(Waiting) -> Inside, said: &mut Said) {
        if waiting.text.len() > LONGEST_WAIT {
            waiting.read(said.to);
        } else {
            self.inside = inside(waiting);
        }
    }
}

impl Waiting {
    fn take(&mut self, text: &str, is_apart: bool) {
        if is_apart {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    /// It was no mark: its words are read.
    fn read(self, to: &mut Cutter) {
        let mut is_apart = self.is_apart;
        for word in self.text.split(' ').filter(|word| !word.is_empty()) {
            to.word(word, is_apart, false);
            is_apart = true;
        }
    }
}

/// What is read of the word that is worked on.
struct Said<'a> {
    to: &'a mut Cutter,
    text: String,
    is_apart: bool,
}

impl Said<'_> {
    fn flush(&mut self, is_firm: bool) {
        for word in self.text.split_whitespace() {
            self.to.word(word, self.is_apart, is_firm);
            self.is_apart = true;
        }
        if !self.text.is_empty() {
            self.is_apart = self.text.ends_with(char::is_whitespace);
            self.text.clear();
        }
    }

    fn wait(&mut self) -> Waiting {
        self.flush(false);
        Waiting { text: String::new(), is_apart: self.is_apart }
    }

    /// Code has names with lines in them, which are said as words.
    fn literally(&mut self, code: &str) {
        let (before, after) = match address::find(code) {
            Some((at, length)) => (&code[..at], &code[at..at + length]),
            None => (code, ""),
        };
        self.text.extend(before.chars().map(|c| if c == '_' { ' ' } else { c }));
        if !after.is_empty() {
            self.text.push_str(address::host(after));
            self.literally(&code[before.len() + after.len()..]);
        }
    }

    /// Emphasis says nothing. Between numbers a star is a sign, and a line within a name parts its words.
    fn mark(&mut self, mark: char, before: Option<char>, next: Option<char>, word: &str) {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match mark {
            '*' if word == "*" || (is_digit(before) && is_digit(next)) => self.text.push('*'),
            '_' if is_letter(before) && is_letter(next) => self.text.push(' '),
            '~' if before != Some('~') && is_digit(next) => self.text.push('~'),
            _ => {}
        }
    }
}

/// Of a table between its head and its rows.
fn is_border(word: &str) -> bool {
    word.len() >= 3
        && word.contains("--")
        && word.chars().all(|c| "|-:+".contains(c))
        && word.contains(['|', ':', '+'])
}

/// Behind an opening bracket: how long the mark of a footnote is, `^1]` or `12]`.
fn note(text: &str) -> Option<usize> {
    let end = text.find(']')?;
    let mark = &text[..end];
    let is_number = (1..=3).contains(&mark.len()) && mark.bytes().all(|byte| byte.is_ascii_digit());
    let is_note = mark.len() > 1 && mark.starts_with('^') || is_number;
    (is_note && !text[end + 1..].starts_with('(')).then_some(end + 1)
}

/// Where the bracket closes that the held text opened, or this one itself.
fn closing(held: &str, text: &str) -> Option<usize> {
    let count = |sign: char| held.matches(sign).count();
    let mut depth = count('(').saturating_sub(count(')'));
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth <= 1 => return Some(at + 1),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Of what stands between `<` and `>`: a name, and nothing but what belongs to it.
fn is_tag(inner: &str) -> bool {
    let mut words = inner.trim_start_matches(['/', '!', '?']).trim_end_matches('/').split_whitespace();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-:_".contains(c))
    };
    words.next().is_some_and(is_name) && words.next().is_none_or(|word| word.contains('='))
}

fn parts_lines(tag: &str) -> bool {
    let name = tag.trim_matches('/').split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        name.as_str(),
        "br" | "p"
            | "div"
            | "li"
            | "ul"
            | "ol"
            | "tr"
            | "td"
            | "th"
            | "hr"
            | "blockquote"
            | "summary"
            | "details"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}
