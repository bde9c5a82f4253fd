//! The port of everything that speaks.

use super::reading::clause::Clause;
use async_trait::async_trait;
use voice_client::speech::VoiceView;

#[async_trait]
pub trait Synthesizer: Send + Sync {
    /// By language, then by name.
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError>;

    /// Says one clause, without silence before or after it. Whoever drops this stops it.
    async fn say(&self, clause: &Clause, manner: &Manner) -> Result<Sound, SpeakError>;
}

/// How it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    /// By id.
    pub voice: String,
    speed: f32,
    volume: f32,
}

impl Manner {
    pub const SPEEDS: std::ops::RangeInclusive<f32> = 0.25..=4.0;
    pub const VOLUMES: std::ops::RangeInclusive<f32> = 0.0..=1.0;

    /// As the voice speaks by itself.
    pub fn of(voice: &str) -> Self {
        Self { voice: voice.to_owned(), speed: 1.0, volume: 1.0 }
    }

    /// By another voice.
    #[must_use]
    pub fn spoken_by(&self, voice: String) -> Self {
        Self { voice, ..self.clone() }
    }

    /// `None`: nobody speaks so slowly or so fast.
    pub fn at_speed(self, speed: f32) -> Option<Self> {
        Self::SPEEDS.contains(&speed).then_some(Self { speed, ..self })
    }

    /// `None`: it is no part of the whole.
    pub fn at_volume(self, volume: f32) -> Option<Self> {
        Self::VOLUMES.contains(&volume).then_some(Self { volume, ..self })
    }

    pub fn speed(&self) -> f32 {
        self.speed
    }

    pub fn volume(&self) -> f32 {
        self.volume
    }
}

/// One channel of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    pub samples: Vec<i16>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpeakError {
    #[error("there is no voice {0}")]
    UnknownVoice(String),
    /// With what to do about it.
    #[error("{0}")]
    Missing(String),
    /// It is on the shelf and cannot be used.
    #[error("{0}")]
    Unfit(String),
    #[error("{0}")]
    Failed(String),
    #[error("it was stopped")]
    Stopped,
}
