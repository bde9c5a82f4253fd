//! From the domain to the wire.

use crate::conversation::recall::{Origin, Recalled};
use crate::conversation::words::excerpt;
use crate::domain::access::ApiKey;
use crate::domain::attachment::Attachment;
use crate::domain::companion::Companion;
use crate::domain::connection::Connection;
use crate::domain::conversation::Conversation;
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::person::{Person, PersonState, Role};
use crate::domain::turn::{Turn, TurnState};
use crate::domain::usage::{Outcome, UsageEntry};
use crate::models::offered::{Offered, Target};
use crate::models::scan::{self, Found};
use crate::people::appearance::{Appearance, TextSize, Theme};
use crate::people::sign_in::SignedIn;
use crate::people::steps::Step;
use engine_client::wire::appearance::{AppearanceView, TextSizeView, ThemeView};
use engine_client::wire::attachments::AttachmentView;
use engine_client::wire::companions::CompanionView;
use engine_client::wire::connections::{ConnectionView, FoundModel, FoundServer, ServerKind, Talks};
use engine_client::wire::conversations::{AuthorView, ConversationView, MessageStateView, MessageView};
use engine_client::wire::models::{ModelTarget, ModelView};
use engine_client::wire::people::{KeyView, PersonStateView, PersonView, RoleView};
use engine_client::wire::sessions::SessionBegun;
use engine_client::wire::setup::SetupStep;
use engine_client::wire::turns::{AttemptView, FailureView, RecalledView, TurnStateView, TurnView};

const LONGEST_EXCERPT: usize = 200;

pub fn person(person: &Person) -> PersonView {
    PersonView {
        id: person.id.0,
        name: person.name.clone(),
        role: match person.role {
            Role::Owner => RoleView::Owner,
            Role::Member => RoleView::Member,
        },
        state: match person.state {
            PersonState::Invited => PersonStateView::Invited,
            PersonState::Active => PersonStateView::Active,
            PersonState::Suspended => PersonStateView::Suspended,
        },
        created_at: person.created_at.0,
    }
}

pub fn session(begun: &SignedIn) -> SessionBegun {
    SessionBegun {
        token: begun.token.clone(),
        person: person(&begun.person),
        expires_at: begun.session.expires_at.0,
    }
}

pub fn appearance(appearance: Appearance) -> AppearanceView {
    AppearanceView {
        theme: match appearance.theme {
            Theme::AsTheDevice => ThemeView::Device,
            Theme::Light => ThemeView::Light,
            Theme::Dark => ThemeView::Dark,
        },
        text_size: match appearance.text_size {
            TextSize::Usual => TextSizeView::Usual,
            TextSize::Large => TextSizeView::Large,
            TextSize::Largest => TextSizeView::Largest,
        },
        hue: appearance.hue,
    }
}

pub fn chosen_appearance(chosen: AppearanceView) -> Appearance {
    Appearance {
        theme: match chosen.theme {
            ThemeView::Device => Theme::AsTheDevice,
            ThemeView::Light => Theme::Light,
            ThemeView::Dark => Theme::Dark,
        },
        text_size: match chosen.text_size {
            TextSizeView::Usual => TextSize::Usual,
            TextSizeView::Large => TextSize::Large,
            TextSizeView::Largest => TextSize::Largest,
        },
        hue: chosen.hue,
    }
}

pub fn key(key: &ApiKey) -> KeyView {
    KeyView {
        id: key.id.0,
        name: key.name.clone(),
        hint: key.hint.clone(),
        created_at: key.created_at.0,
        revoked_at: key.revoked_at.map(|at| at.0),
    }
}

pub fn companion(companion: &Companion) -> CompanionView {
    CompanionView {
        id: companion.id.0,
        name: companion.name.clone(),
        description: companion.character.description.clone(),
        created_at: companion.created_at.0,
    }
}

pub fn connection(connection: &Connection) -> ConnectionView {
    ConnectionView {
        id: connection.id.0,
        name: connection.name.clone(),
        url: connection.base_url.clone(),
        model: connection.model.clone(),
        has_key: connection.sealed_key.is_some(),
        context_tokens: connection.context_tokens,
        continues_text: connection.continues_text,
        rank: connection.rank,
    }
}

pub fn model(offered: &Offered) -> ModelView {
    ModelView {
        id: offered.name.clone(),
        target: match offered.target {
            Target::Companion(id) => ModelTarget::Companion(id.0),
            Target::Connection(id) => ModelTarget::Connection(id.0),
        },
        connection: offered.connection.clone(),
        created_at: offered.created_at.0,
    }
}

pub fn conversation(conversation: &Conversation) -> ConversationView {
    ConversationView {
        id: conversation.id.0,
        companion: conversation.companion.0,
        title: conversation.title.clone(),
        pinned: conversation.pinned,
        head: conversation.head.map(|head| head.0),
        created_at: conversation.created_at.0,
        updated_at: conversation.updated_at.0,
    }
}

pub fn message(message: Message) -> MessageView {
    MessageView {
        id: message.id.0,
        parent: message.parent.map(|parent| parent.0),
        author: author(message.author),
        text: message.text,
        state: match message.state {
            MessageState::Complete => MessageStateView::Complete,
            MessageState::Stopped => MessageStateView::Stopped,
            MessageState::Cut => MessageStateView::Cut,
        },
        model: message.model,
        turn: message.turn.map(|turn| turn.0),
        attachments: message.attachments.into_iter().map(|id| id.0).collect(),
        variants: Vec::new(),
        created_at: message.created_at.0,
    }
}

fn author(author: Author) -> AuthorView {
    match author {
        Author::Person => AuthorView::Person,
        Author::Companion => AuthorView::Companion,
    }
}

pub fn recalled(recalled: &Recalled) -> RecalledView {
    let (conversation, message) = match recalled.origin {
        Origin::Memory(_) => (None, None),
        Origin::Message { id, conversation, .. } => (Some(conversation.0), Some(id.0)),
    };
    RecalledView {
        said_at: recalled.said_at.0,
        author: recalled.author().map(author),
        conversation,
        message,
        excerpt: excerpt(&recalled.text, LONGEST_EXCERPT),
    }
}

pub fn turn(turn: Turn, entries: &[UsageEntry]) -> TurnView {
    TurnView {
        id: turn.id.0,
        conversation: turn.conversation.0,
        message: turn.message.0,
        reply: turn.reply.0,
        state: match turn.state {
            TurnState::Running => TurnStateView::Running,
            TurnState::Done => TurnStateView::Done,
            TurnState::Stopped => TurnStateView::Stopped,
            TurnState::Failed => TurnStateView::Failed,
        },
        text: turn.text,
        revision: turn.revision,
        model: turn.model,
        failure: turn.failure.map(|failure| FailureView { code: failure.code, detail: failure.detail }),
        attempts: entries.iter().map(attempt).collect(),
        recalled: Vec::new(),
        created_at: turn.created_at.0,
        finished_at: turn.finished_at.map(|at| at.0),
    }
}

fn attempt(entry: &UsageEntry) -> AttemptView {
    let settled = entry.settlement.as_ref();
    let tokens = settled.map(|settled| settled.tokens).unwrap_or_default();
    AttemptView {
        attempt: entry.attempt,
        model: settled.and_then(|settled| settled.model.clone()).or_else(|| entry.model.clone()),
        outcome: outcome(settled.map_or(Outcome::Open, |settled| settled.outcome)).to_owned(),
        prompt_tokens: tokens.prompt,
        completion_tokens: tokens.completion,
        estimated: tokens.estimated,
        cost_micros: settled.and_then(|settled| settled.cost_micros),
        first_token_us: settled.and_then(|settled| settled.first_token_us),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Done => "done",
        Outcome::Stopped => "stopped",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "interrupted",
    }
}

pub fn attachment(attachment: &Attachment) -> AttachmentView {
    AttachmentView {
        id: attachment.id.0,
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        size: attachment.size,
        sha256: attachment.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        created_at: attachment.created_at.0,
    }
}

pub fn setup_step(step: Step) -> SetupStep {
    match step {
        Step::Recovery => SetupStep::Recovery,
        Step::Machine => SetupStep::Machine,
        Step::Model => SetupStep::Model,
        Step::Done => SetupStep::Done,
    }
}

pub fn found_server(found: Found) -> FoundServer {
    let model = |(name, talks)| FoundModel {
        name,
        talks: match talks {
            scan::Talks::Yes => Talks::Yes,
            scan::Talks::Maybe => Talks::Maybe,
            scan::Talks::AboutCode => Talks::AboutCode,
            scan::Talks::No => Talks::No,
        },
    };
    FoundServer {
        kind: match found.kind {
            scan::ServerKind::Ollama => ServerKind::Ollama,
            scan::ServerKind::LmStudio => ServerKind::LmStudio,
            scan::ServerKind::LlamaCpp => ServerKind::LlamaCpp,
            scan::ServerKind::TextGenerationWebui => ServerKind::TextGenerationWebui,
        },
        url: found.url,
        models: found.models.into_iter().map(model).collect(),
    }
}
