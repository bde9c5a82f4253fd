//! How the box listens and speaks.

use super::fields::Field;
use super::text;
use super::values::Values;
use super::voice_fields::{VOICE, VOICE_ESPEAK, VOICE_IDLE, VOICE_MODEL, VOICE_SPEAKER};
use crate::machine::tier::Tier;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    pub is_on: bool,
    pub model: Option<String>,
    pub idle: Duration,
    pub speaker: String,
    pub espeak: Option<PathBuf>,
}

impl Voice {
    pub fn read(values: &mut Values, tier: Tier) -> Self {
        let usual = tier != Tier::Enterprise;
        let by = format!("tier {}", tier.number());
        Self {
            is_on: values.or_follow(&VOICE, text::parsed, &usual, bool::to_string, &by),
            model: values
                .find(&VOICE_MODEL, |name| voice::shelf::models::is_name(name).then(|| name.to_owned())),
            idle: values.get(&VOICE_IDLE, text::duration),
            speaker: values.get(&VOICE_SPEAKER, |id| is_voice(id).then(|| id.to_owned())),
            espeak: values
                .find(&VOICE_ESPEAK, |path| Some(PathBuf::from(path)).filter(|path| path.is_file())),
        }
    }
}

impl Voice {
    /// What a voice in a process of its own is told, by the names of variables. Programs are its own.
    pub fn for_another(&self) -> Vec<(String, String)> {
        let pair = |field: &Field, value: String| (field.env.to_owned(), value);
        let model = self.model.clone().map(|name| pair(&VOICE_MODEL, name));
        let speaker = pair(&VOICE_SPEAKER, self.speaker.clone());
        let idle = pair(&VOICE_IDLE, format!("{}ms", self.idle.as_millis()));
        model.into_iter().chain([speaker, idle]).collect()
    }
}

/// As far as can be told without asking who can speak.
fn is_voice(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_+.#".contains(c);
    (1..=64).contains(&id.len()) && id.chars().all(fits) && !id.starts_with('-')
}
