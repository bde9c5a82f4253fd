//! The reply when there is no language model: what memory search alone can say.
//!
//! It quotes, with dates, and says that it does. It never pretends to have understood.

use super::context::Context;
use super::recall::Recalled;
use super::words::excerpt;
use crate::domain::message::Author;

const MOST_QUOTES: usize = 5;
const LONGEST_QUOTE: usize = 400;
/// Beside what was found or not, always: how to get a companion that can talk.
const NEXT_STEP: &str = "I can only look things up at the moment, because no language model is connected. \
    Connect one under Settings, Models, or with `whisperengine setup --model-url URL --model NAME`, and I will \
    answer in my own words.";

/// Said before anything else where something came along with the words.
const BLIND: &str = "I have kept what you sent, but cannot look at it yet.";

pub fn reply(context: &Context) -> String {
    let answer = from_memory(context);
    if context.message.attachments.is_empty() { answer } else { format!("{BLIND}\n\n{answer}") }
}

fn from_memory(context: &Context) -> String {
    if !context.recalled.is_empty() {
        return quotes(context);
    }
    let spoke_before = context.window.iter().any(|message| message.author == Author::Person);
    if spoke_before {
        return format!(
            "I looked through everything you told me and found nothing about that.\n\n{NEXT_STEP}"
        );
    }
    let greeting = context.companion.character.greeting.replace("{person}", &context.person.name);
    let already_said = context.window.iter().any(|message| message.text == greeting);
    match greeting.trim() {
        "" => NEXT_STEP.to_owned(),
        _ if already_said => format!("It is good to hear from you, {}.\n\n{NEXT_STEP}", context.person.name),
        greeting => format!("{greeting}\n\n{NEXT_STEP}"),
    }
}

/// What the reply quotes, in its order.
pub fn quoted(context: &Context) -> impl Iterator<Item = &Recalled> {
    // Asking again finds what was asked before; what was told matters more.
    let (asked, told): (Vec<_>, Vec<_>) = context.recalled.iter().partition(|recalled| is_question(recalled));
    told.into_iter().chain(asked).take(MOST_QUOTES)
}

fn quotes(context: &Context) -> String {
    let lines: Vec<String> = quoted(context).map(quote).collect();
    format!("This is what I find in my memory about that:\n\n{}\n\n{NEXT_STEP}", lines.join("\n"))
}

fn is_question(recalled: &Recalled) -> bool {
    recalled.text.trim_end().ends_with(['?', '\u{61F}', '\u{FF1F}'])
}

fn quote(recalled: &Recalled) -> String {
    let who = match recalled.author() {
        None => "I remember",
        Some(Author::Person) => "you said",
        Some(Author::Companion) => "I said",
    };
    format!(
        "- On {} {who}: \u{201c}{}\u{201d}",
        recalled.said_at.date(),
        excerpt(&recalled.text, LONGEST_QUOTE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::tests::world::{context, message, recalled};

    fn found(author: Option<Author>, text: &str) -> Recalled {
        recalled(1_763_600_000_000_000, author, text)
    }

    #[test]
    fn quotes_what_was_found_with_its_date_and_says_how_to_get_more() {
        let mut context = context();
        context.recalled = vec![
            found(Some(Author::Person), "my boat is called Perseverance"),
            found(Some(Author::Companion), "a fine name"),
            found(None, "Ada has a boat"),
        ];
        let reply = reply(&context);
        assert!(
            reply.contains("On 2025-11-20 you said: \u{201c}my boat is called Perseverance\u{201d}"),
            "{reply}"
        );
        assert!(reply.contains("On 2025-11-20 I said: \u{201c}a fine name\u{201d}"));
        assert!(reply.contains("On 2025-11-20 I remember: \u{201c}Ada has a boat\u{201d}"));
        assert!(reply.ends_with(NEXT_STEP));
    }

    #[test]
    fn what_was_told_comes_before_what_was_asked() {
        let mut context = context();
        let asked = "what is my boat called?";
        context.recalled = vec![
            found(Some(Author::Person), asked),
            found(Some(Author::Person), "my boat is called Perseverance"),
        ];
        let reply = reply(&context);
        let place = |text: &str| reply.find(text).expect("both are quoted");
        assert!(place("Perseverance") < place(asked), "{reply}");
    }

    #[test]
    fn greets_first_and_never_twice() {
        let mut context = context();
        let greeting = context.companion.character.greeting.replace("{person}", "Ada");
        assert!(reply(&context).starts_with(&greeting));
        context.window = vec![message(0, Author::Companion, &greeting)];
        assert!(!reply(&context).contains(&greeting));
        assert!(reply(&context).contains("Ada"));
    }

    #[test]
    fn says_so_when_nothing_was_found() {
        let mut context = context();
        context.window = vec![message(0, Author::Person, "hello")];
        assert!(reply(&context).contains("found nothing"));
    }
}
