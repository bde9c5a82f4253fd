//! How a reply came about: who wrote it, how long it took, what it cost, and what was remembered for it.
//! And a message as it was written, to be copied.

use super::address::{address, found_at};
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::moment;
use crate::pages::visit::Member;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine_client::wire::conversations::{AuthorView, MessageView};
use engine_client::wire::turns::{AttemptView, RecalledView, TurnView};
use http::header;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "detail.html")]
struct DetailPage {
    frame: Frame,
    back: String,
    begun: String,
    begun_short: String,
    model: Option<String>,
    took: Option<String>,
    failure: Option<String>,
    attempts: Vec<Attempt>,
    recalled: Vec<Recalled>,
}

struct Attempt {
    number: i64,
    model: String,
    outcome: String,
    first_word: String,
    tokens: String,
    cost: String,
}

struct Recalled {
    link: Option<String>,
    author: String,
    at: String,
    at_short: String,
    excerpt: String,
}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Path((conversation, turn)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let turn: TurnView = member.client.get(&format!("/api/v1/turns/{turn}")).await?;
    if turn.conversation != conversation {
        return Err(PageError::NotFound);
    }
    let words = &face.words;
    let took = turn.finished_at.map(|end| seconds(end - turn.created_at));
    let page = DetailPage {
        frame: Frame::new(words.clone(), &words.say("detail-title"), &member.seal),
        back: format!("{}#m-{}", address(conversation), turn.reply),
        begun: moment::exact(turn.created_at),
        begun_short: moment::short(turn.created_at),
        model: turn.model,
        took,
        failure: turn.failure.map(|failure| failure.detail),
        attempts: turn.attempts.iter().map(|attempt| Attempt::new(words, attempt)).collect(),
        recalled: turn.recalled.into_iter().map(|recalled| Recalled::new(words, recalled)).collect(),
    };
    Ok(html(&page))
}

/// The words as they were written, and nothing around them.
pub async fn raw(
    member: Member,
    Path((conversation, message)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let path = format!("/api/v1/conversations/{conversation}/messages/{message}");
    let message: MessageView = member.client.get(&path).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, message.text).into_response())
}

impl Attempt {
    fn new(words: &Words, attempt: &AttemptView) -> Self {
        let guessed = if attempt.estimated { words.say("detail-estimated") } else { String::new() };
        let outcome = match attempt.outcome.as_str() {
            "done" => words.say("detail-done"),
            "stopped" => words.say("detail-stopped"),
            "failed" => words.say("detail-failed"),
            "interrupted" => words.say("detail-interrupted"),
            _ => words.say("detail-open"),
        };
        Self {
            number: attempt.attempt,
            model: attempt.model.clone().unwrap_or_else(|| words.say("detail-memory-alone")),
            outcome,
            first_word: attempt.first_token_us.map_or_else(|| "–".to_owned(), seconds),
            tokens: format!("{} + {} {guessed}", attempt.prompt_tokens, attempt.completion_tokens),
            cost: attempt.cost_micros.map_or_else(|| "–".to_owned(), dollars),
        }
    }
}

impl Recalled {
    fn new(words: &Words, recalled: RecalledView) -> Self {
        let author = match recalled.author {
            Some(AuthorView::Person) => words.say("chat-you"),
            Some(AuthorView::Companion) => words.say("detail-companion"),
            None => words.say("detail-memory"),
        };
        let link = recalled.conversation.zip(recalled.message);
        Self {
            link: link.map(|(conversation, message)| found_at(conversation, message)),
            author,
            at: moment::exact(recalled.said_at),
            at_short: moment::short(recalled.said_at),
            excerpt: recalled.excerpt,
        }
    }
}

/// Microseconds as seconds that a person reads.
fn seconds(micros: i64) -> String {
    format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000)
}

fn dollars(micros: i64) -> String {
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        assert_eq!((seconds(1_239_999), seconds(50_000)), ("1.23 s".to_owned(), "0.05 s".to_owned()));
        assert_eq!(dollars(1_000_020), "$1.000020");
    }
}
