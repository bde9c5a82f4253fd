//! One message as the page shows it, with what can be done about it.

use crate::markdown::render::CleanHtml;
use crate::pages::moment;
use crate::public::router::Face;
use engine_client::wire::attachments::AttachmentView;
use engine_client::wire::conversations::{AuthorView, MessageStateView, MessageView};
use uuid::Uuid;

pub struct Line {
    pub id: Uuid,
    /// The turn it belongs to; without one there is nothing to try again and nothing to tell.
    pub turn: Option<Uuid>,
    pub from_person: bool,
    pub author: String,
    pub at: String,
    pub at_short: String,
    /// What must be said about it: that it was stopped or cut.
    pub note: Option<String>,
    pub variants: Option<Variants>,
    pub files: Vec<File>,
    pub html: CleanHtml,
}

pub struct File {
    pub id: Uuid,
    pub name: String,
    pub is_picture: bool,
}

/// Where it stands among the wordings of its place.
pub struct Variants {
    pub place: String,
    pub before: Option<Uuid>,
    pub after: Option<Uuid>,
}

impl Line {
    pub fn new(face: &Face, companion: &str, message: &MessageView, files: &[AttachmentView]) -> Self {
        let from_person = message.author == AuthorView::Person;
        let note = match message.state {
            MessageStateView::Complete => None,
            MessageStateView::Stopped => Some(face.words.say("chat-stopped")),
            MessageStateView::Cut => Some(face.words.say("chat-cut")),
        };
        Self {
            id: message.id,
            turn: message.turn,
            from_person,
            author: if from_person { face.words.say("chat-you") } else { companion.to_owned() },
            at: moment::exact(message.created_at),
            at_short: moment::short(message.created_at),
            note,
            variants: Variants::of(message),
            files: files
                .iter()
                .filter(|file| message.attachments.contains(&file.id))
                .map(File::new)
                .collect(),
            html: CleanHtml::joined(face.markdown.blocks(&message.text)),
        }
    }
}

impl File {
    fn new(file: &AttachmentView) -> Self {
        Self { id: file.id, name: file.name.clone(), is_picture: file.media_type.starts_with("image/") }
    }
}

impl Variants {
    fn of(message: &MessageView) -> Option<Self> {
        let all = &message.variants;
        let here = all.iter().position(|&id| id == message.id).filter(|_| all.len() > 1)?;
        Some(Self {
            place: format!("{}/{}", here + 1, all.len()),
            before: here.checked_sub(1).map(|at| all[at]),
            after: all.get(here + 1).copied(),
        })
    }
}
