//! The quick way to everything: deeds, conversations and messages for a few letters. A piece of a page for
//! the script; without it the search page does the same.

use super::address::{address, found_at};
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::{Member, url_encoded};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use engine_client::wire::conversations::{ConversationPage, FoundMessage};
use engine_client::wire::people::{PersonView, RoleView};
use serde::Deserialize;

/// Of each kind; more would be a list to read.
const MOST: usize = 6;
/// Enough of a message to know it by.
const EXCERPT: usize = 90;

#[derive(Template)]
#[template(path = "palette.html")]
struct Palette {
    frame: Frame,
    groups: Vec<Group>,
}

struct Group {
    heading: String,
    choices: Vec<Choice>,
}

struct Choice {
    icon: &'static str,
    label: String,
    to: String,
    /// It does something there, rather than show something.
    deed: bool,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// Where one can always go, by name.
const PLACES: [(&str, &str, &str); 5] = [
    ("new", "chat-new", "/chat"),
    ("search", "palette-search", "/search"),
    ("settings", "palette-settings", "/settings"),
    ("keys", "shortcuts-title", "/shortcuts"),
    ("system", "system-title", OWNERS),
];

/// Where only an owner can go.
const OWNERS: &str = "/system";

pub async fn get(
    State(face): State<Face>,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let words = asked.q.trim().to_lowercase();
    let recent: ConversationPage = member.client.get("/api/v1/conversations?limit=200").await?;
    let found: Vec<FoundMessage> = if words.chars().count() < 2 {
        Vec::new()
    } else {
        let path = format!("/api/v1/search?limit={MOST}&q={}", url_encoded(&words));
        member.client.get(&path).await?
    };
    let titled = recent.conversations.into_iter().filter_map(|conversation| {
        let title = conversation.title?;
        let choice =
            || Choice { icon: "on", to: address(conversation.id), label: title.clone(), deed: false };
        title.to_lowercase().contains(&words).then(choice)
    });
    let messages = found.iter().map(|hit| Choice {
        icon: "search",
        label: excerpt(&hit.message.text),
        to: found_at(hit.conversation, hit.message.id),
        deed: false,
    });
    let mut places = places(&face.words, &words);
    if places.iter().any(|place| place.to == OWNERS) {
        let me: PersonView = member.client.get("/api/v1/me").await?;
        places.retain(|place| place.to != OWNERS || me.role == RoleView::Owner);
    }
    let groups = [
        ("palette-do", places),
        ("chat-conversations", titled.take(MOST).collect()),
        ("palette-messages", messages.collect()),
    ];
    let filled = groups.into_iter().filter(|(_, choices)| !choices.is_empty());
    let groups = filled.map(|(heading, choices)| Group { heading: face.words.say(heading), choices });
    let frame = Frame::new(face.words.clone(), &face.words.say("palette-title"), &member.seal);
    Ok(html(&Palette { frame, groups: groups.collect() }))
}

fn places(words: &Words, asked: &str) -> Vec<Choice> {
    let named = PLACES.iter().map(|&(icon, name, to)| Choice {
        icon,
        label: words.say(name),
        to: to.to_owned(),
        deed: to == "/chat",
    });
    named.filter(|choice| choice.label.to_lowercase().contains(asked)).collect()
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(EXCERPT).collect();
    if short.len() < line.len() { short + "…" } else { short }
}
