//! Searching everything that was said to one's companions and by them.

use super::chat::address::found_at;
use super::error::PageError;
use super::frame::{Frame, html};
use super::moment;
use super::visit::{Member, url_encoded};
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use engine_client::wire::conversations::FoundMessage;
use serde::Deserialize;

/// Enough of a message to know it by.
const EXCERPT: usize = 200;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    asked: String,
    found: Vec<Hit>,
    nothing: Option<String>,
}

struct Hit {
    to: String,
    at: String,
    at_short: String,
    excerpt: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let words = asked.q.trim();
    let found: Vec<FoundMessage> = if words.is_empty() {
        Vec::new()
    } else {
        member.client.get(&format!("/api/v1/search?limit=50&q={}", url_encoded(words))).await?
    };
    let nothing = (found.is_empty() && !words.is_empty())
        .then(|| face.words.say_with("search-nothing", "words", words));
    let page = SearchPage {
        frame: Frame::new(face.words.clone(), &face.words.say("search-title"), &member.seal),
        asked: words.to_owned(),
        found: found.iter().map(hit).collect(),
        nothing,
    };
    Ok(html(&page))
}

fn hit(found: &FoundMessage) -> Hit {
    let mut excerpt: String = found.message.text.chars().take(EXCERPT).collect();
    if excerpt.len() < found.message.text.len() {
        excerpt.push('…');
    }
    Hit {
        to: found_at(found.conversation, found.message.id),
        at: moment::exact(found.message.created_at),
        at_short: moment::short(found.message.created_at),
        excerpt,
    }
}
