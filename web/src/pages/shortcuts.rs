//! The keys that do something, on one sheet.

use super::frame::{Frame, html};
use super::visit::Member;
use crate::public::router::Face;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

/// What to press, and what it does, as the scripts have it.
const KEYS: [(&str, &str); 8] = [
    ("Ctrl K", "shortcuts-palette"),
    ("?", "shortcuts-sheet"),
    ("/", "shortcuts-write"),
    ("Enter", "shortcuts-send"),
    ("Shift Enter", "shortcuts-line"),
    ("Esc", "shortcuts-stop"),
    ("↑", "shortcuts-edit"),
    ("Alt ← →", "shortcuts-variants"),
];

#[derive(Template)]
#[template(path = "shortcuts.html")]
struct Shortcuts {
    frame: Frame,
    keys: Vec<(Vec<&'static str>, String)>,
}

pub async fn get(State(face): State<Face>, member: Member) -> Response {
    let keys = KEYS.iter().map(|(keys, name)| (keys.split(' ').collect(), face.words.say(name)));
    let frame = Frame::new(face.words.clone(), &face.words.say("shortcuts-title"), &member.seal);
    html(&Shortcuts { frame, keys: keys.collect() })
}
