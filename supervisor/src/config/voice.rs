//! How the box listens and speaks.

use super::text;
use super::values::Values;
use super::voice_fields::{VOICE, VOICE_IDLE, VOICE_MODEL};
use crate::machine::tier::Tier;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    pub is_on: bool,
    pub model: Option<String>,
    pub idle: Duration,
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
        }
    }
}
