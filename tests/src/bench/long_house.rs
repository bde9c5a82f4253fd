//! A box in which somebody has talked for years: built once, for every subject that needs it.

use super::exchange::{open_conversation, say};
use super::model_thread::ModelThread;
use super::prose::Prose;
use super::subject::Subject;
use crate::model_server::script::Script;
use crate::process::Home;
use engine_client::client::EngineClient;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const LONG_TURNS: usize = 5000;
pub const WORDS: usize = 12;

pub struct LongHouse {
    pub model: ModelThread,
    pub subject: Subject,
    /// The conversation of ten thousand messages.
    pub long: Uuid,
    /// How long it took to say them.
    pub filling: Duration,
}

impl LongHouse {
    pub async fn build() -> anyhow::Result<Self> {
        let model = ModelThread::start()?;
        model.server.by_default(Script::tokens(8));
        let (subject, _) = Subject::start(Home::new()?).await?;
        subject.set_up().await?;
        subject.connect(model.server.base_url()).await?;
        let begun = Instant::now();
        let long = conversation_of(&subject.client, LONG_TURNS, 1).await?;
        Ok(Self { model, subject, long, filling: begun.elapsed() })
    }

    pub async fn leave(self) -> anyhow::Result<()> {
        self.subject.stop().await.map(drop)
    }
}

/// Sent one by one, each waiting for its reply, as a person would.
pub async fn conversation_of(client: &EngineClient, turns: usize, seed: u64) -> anyhow::Result<Uuid> {
    let conversation = open_conversation(client).await?;
    let mut prose = Prose::new(seed);
    for number in 1..=turns {
        say(client, conversation, prose.sentence(WORDS)).await?;
        if number % 1000 == 0 {
            eprintln!("long conversation: {number} of {turns} turns");
        }
    }
    Ok(conversation)
}
