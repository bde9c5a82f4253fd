//! What is new in the history that a client sends along.
//!
//! Clients of OpenAI's API keep the conversation themselves and send all of it with each call. Here it is
//! kept already, so only the tail is new: what the person said last. Whatever comes before the last
//! reply was asked in an earlier call, and its fingerprint finds that call's turn; the reply itself
//! tells apart two conversations that began alike. A pure rule, no storage.

use crate::domain::message::Author;
use sha2::{Digest, Sha256};

/// One message as a client tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub author: Author,
    pub text: String,
}

/// A client's history, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the person says now.
    pub text: String,
    /// The whole history, in short: what the next call will have before its last reply.
    pub fingerprint: String,
    /// The exchange it goes on from; `None` where it begins.
    pub before: Option<Before>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// What the earlier call's history was, in short.
    pub fingerprint: String,
    pub reply: String,
}

/// `None` where the person does not have the last word.
pub fn read(told: &[Told]) -> Option<Reading> {
    let new = run_at_the_end(told, Author::Person)?;
    let (earlier, tail) = told.split_at(new);
    let before = run_at_the_end(earlier, Author::Companion).and_then(|replied| {
        let (asked, reply) = earlier.split_at(replied);
        // A greeting that nobody asked for begins a conversation; it does not go on from one.
        (!asked.is_empty()).then(|| Before { fingerprint: fingerprint(asked), reply: joined(reply) })
    });
    Some(Reading { text: joined(tail), fingerprint: fingerprint(told), before })
}

/// Which of the turns that were asked alike, newest first, gave this reply: the same words or, where one
/// side saw only a part because the client left early, the beginning of them.
pub fn gave<'a>(reply: &str, texts: impl IntoIterator<Item = &'a str> + Clone) -> Option<usize> {
    let reply = reply.trim();
    let same = |text: &str| text.trim() == reply;
    let part = |text: &str| {
        let text = text.trim();
        !text.is_empty() && !reply.is_empty() && (text.starts_with(reply) || reply.starts_with(text))
    };
    let mut whole = texts.clone().into_iter();
    whole.position(same).or_else(|| texts.into_iter().position(part))
}

/// Where the last messages begin that are all by `author`.
fn run_at_the_end(told: &[Told], author: Author) -> Option<usize> {
    let length = told.iter().rev().take_while(|message| message.author == author).count();
    (length > 0).then(|| told.len() - length)
}

fn joined(messages: &[Told]) -> String {
    messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// Some clients trim what they keep, so spaces around a text do not count.
fn fingerprint(told: &[Told]) -> String {
    let mut digest = Sha256::new();
    for message in told {
        let text = message.text.trim();
        let author: u8 = match message.author {
            Author::Person => 1,
            Author::Companion => 2,
        };
        digest.update([author]);
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `p:` and `c:` say who speaks.
    fn told(lines: &[&str]) -> Vec<Told> {
        let line = |line: &&str| {
            let (who, text) = line.split_once(':').expect("who speaks");
            let author = if who == "p" { Author::Person } else { Author::Companion };
            Told { author, text: text.to_owned() }
        };
        lines.iter().map(line).collect()
    }

    fn print(lines: &[&str]) -> String {
        fingerprint(&told(lines))
    }

    #[test]
    fn only_what_the_person_said_last_is_new() {
        for (lines, text, before) in [
            (vec!["p:hello"], "hello", None),
            (vec!["p:hello", "p:anybody?"], "hello\n\nanybody?", None),
            (vec!["c:welcome", "p:hello"], "hello", None),
            (vec!["p:hello", "c:hi", "p:how are you"], "how are you", Some((vec!["p:hello"], "hi"))),
            (vec!["p:a", "c:b", "c:c", "p:d"], "d", Some((vec!["p:a"], "b\n\nc"))),
            (vec!["p:a", "c:b", "p:c", "c:d", "p:e"], "e", Some((vec!["p:a", "c:b", "p:c"], "d"))),
            (vec!["c:w", "p:a", "c:b", "p:c"], "c", Some((vec!["c:w", "p:a"], "b"))),
        ] {
            let reading = read(&told(&lines)).expect("the person has the last word");
            assert_eq!(reading.text, text, "{lines:?}");
            let before =
                before.map(|(asked, reply)| Before { fingerprint: print(&asked), reply: reply.into() });
            assert_eq!(reading.before, before, "{lines:?}");
            assert_eq!(reading.fingerprint, print(&lines), "{lines:?}");
        }
        for lines in [vec![], vec!["c:welcome"], vec!["p:hello", "c:hi"]] {
            assert_eq!(read(&told(&lines)), None, "{lines:?}");
        }
    }

    #[test]
    fn the_next_call_finds_this_one_and_no_other_history_does() {
        let first = read(&told(&["p:hello"])).expect("it reads");
        let next = read(&told(&["p: hello\n", "c:hi", "p:and?"])).expect("it reads");
        assert_eq!(next.before.expect("it goes on").fingerprint, first.fingerprint);
        for other in [vec!["p:Hello"], vec!["c:hello"], vec!["p:hel", "p:lo"], vec!["p:hello", "p:"], vec![]]
        {
            assert_ne!(print(&other), first.fingerprint, "{other:?}");
        }
    }

    #[test]
    fn the_reply_tells_apart_what_began_alike() {
        for (reply, texts, expected) in [
            ("hi", vec!["hi there", "hi"], Some(1)),
            ("hi ", vec!["hi"], Some(0)),
            ("hi th", vec!["good day", "hi there"], Some(1)),
            ("hi there", vec!["good day", "hi"], Some(1)),
            ("hi", vec!["good day"], None),
            ("hi", vec![""], None),
            ("", vec!["hi"], None),
            ("hi", vec![], None),
        ] {
            assert_eq!(gave(reply, texts.iter().copied()), expected, "{reply:?} {texts:?}");
        }
    }
}
