//! Which words of an utterance are final: those that two hearings in a row agree on, and all before them.
//!
//! What is final never changes. A later hearing that understood it otherwise is laid beside it, and only what comes behind
//! counts. The newest word of a hearing may be half said, so it is never final before the end.

/// The words of one utterance.
#[derive(Default)]
pub struct Agreement {
    done: Vec<Word>,
    /// What the last hearing made of the rest.
    rest: Vec<Word>,
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    /// Whether something stands between it and the word before.
    is_apart: bool,
}

/// What one more hearing changed. Each text goes behind what was final before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Final from now on.
    pub settled: String,
    /// Perhaps behind that.
    pub guess: String,
}

impl Agreement {
    /// These were final before.
    pub fn beginning_with(said: &str) -> Self {
        Self { done: words(said), rest: Vec::new() }
    }

    /// The sound so far was heard as this. Nothing new becomes final where it may not settle.
    pub fn guess(&mut self, text: &str, may_settle: bool) -> Told {
        let mut now = self.behind(words(text));
        let same = now.iter().zip(&self.rest).take_while(|(one, other)| one.means(other)).count();
        let sure = if may_settle { same.min(now.len().saturating_sub(1)) } else { 0 };
        let rest = now.split_off(sure);
        let settled = self.settle(now);
        let guess = join(&rest, self.done.is_empty());
        self.rest = rest;
        Told { settled, guess }
    }

    /// All of the sound was heard as this: what is new and final now.
    pub fn end(&mut self, text: &str) -> String {
        let rest = self.behind(words(text));
        self.rest = Vec::new();
        self.settle(rest)
    }

    /// All that is final.
    pub fn text(&self) -> String {
        join(&self.done, true)
    }

    fn settle(&mut self, words: Vec<Word>) -> String {
        let settled = join(&words, self.done.is_empty());
        self.done.extend(words);
        settled
    }

    /// What of it comes behind that which is final: as much is passed over as resembles this most.
    fn behind(&self, mut words: Vec<Word>) -> Vec<Word> {
        // How many changes lead from the final words to each beginning of these.
        let mut changes: Vec<usize> = (0..=words.len()).collect();
        for (nth, done) in self.done.iter().enumerate() {
            let mut before = changes[0];
            changes[0] = nth + 1;
            for (at, word) in words.iter().enumerate() {
                let other = before + usize::from(!word.means(done));
                before = changes[at + 1];
                changes[at + 1] = other.min(before + 1).min(changes[at] + 1);
            }
        }
        let done = self.done.len();
        let passed = (0..=words.len()).min_by_key(|&count| (changes[count], count.abs_diff(done)));
        words.split_off(passed.unwrap_or(0))
    }
}

impl Word {
    /// A sign behind it or a large letter makes no other word.
    fn means(&self, other: &Self) -> bool {
        let letters = |word: &Self| -> Vec<char> {
            word.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let (one, other_one) = (letters(self), letters(other));
        if one.is_empty() { self.text == other.text } else { one == other_one }
    }
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut is_apart, mut goes_on) = (false, false);
    for sign in text.chars() {
        if sign.is_whitespace() {
            (is_apart, goes_on) = (true, false);
            continue;
        }
        let alone = stands_alone(sign);
        match words.last_mut().filter(|_| goes_on && !alone) {
            Some(word) => word.text.push(sign),
            None => {
                words.push(Word { text: sign.into(), is_apart: is_apart || (words.is_empty() && !alone) });
            }
        }
        (is_apart, goes_on) = (false, !alone);
    }
    words
}

/// Where nobody writes spaces, every sign counts as a word.
fn stands_alone(sign: char) -> bool {
    matches!(sign, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn join(words: &[Word], is_first: bool) -> String {
    let mut text = String::new();
    for (nth, word) in words.iter().enumerate() {
        if word.is_apart && !(is_first && nth == 0) {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(settled: &str, guess: &str) -> Told {
        Told { settled: settled.to_owned(), guess: guess.to_owned() }
    }

    #[test]
    fn a_word_is_final_when_two_hearings_agree_and_it_is_not_the_newest() {
        let mut words = Agreement::default();
        assert_eq!(words.guess("turn", true), told("", "turn"));
        assert_eq!(words.guess("Turn on", true), told("Turn", " on"));
        assert_eq!(words.guess("turn on, the lie", true), told(" on,", " the lie"));
        assert_eq!(words.guess("turn on the light", true), told(" the", " light"));
        assert_eq!(words.guess("turn on the light again", false), told("", " light again"));
        assert_eq!(words.end("turn on the light."), " light.");
        assert_eq!(words.text(), "Turn on, the light.");
    }

    #[test]
    fn what_is_final_stays_however_it_is_understood_later() {
        for (last, text) in [
            ("turn on the lights in here", "turn on the light in here"),
            ("turn of the light in here", "turn on the light in here"),
            ("oh turn on the light in here", "turn on the light in here"),
            ("on the light in here", "turn on the light in here"),
            ("turn on", "turn on the light"),
            ("", "turn on the light"),
        ] {
            let mut words = Agreement::beginning_with("turn on the light");
            words.end(last);
            assert_eq!(words.text(), text, "{last}");
        }
    }

    #[test]
    fn words_are_told_apart_where_nobody_writes_spaces() {
        let mut words = Agreement::default();
        assert_eq!(words.guess("今日は", true), told("", "今日は"));
        assert_eq!(words.guess("今日はい", true), told("今日は", "い"));
        assert_eq!(words.end("今日はいい天気 OK"), "いい天気 OK");
        assert_eq!(words.text(), "今日はいい天気 OK");
    }
}
