//! How somebody likes the pages to look. It follows them to every device they sign in on.

use crate::domain::ids::{PersonId, TenantId};
use crate::ports::access::Settings;
use crate::ports::clock::Clock;
use crate::ports::error::Stored;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A whole turn of the colour wheel.
pub const HUES: u16 = 360;
/// The warm amber-rose that pages have by themselves.
const USUAL_HUE: u16 = 35;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    AsTheDevice,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextSize {
    Usual,
    Large,
    Largest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appearance {
    pub theme: Theme,
    pub text_size: TextSize,
    /// Degrees, below `HUES`.
    pub hue: u16,
}

impl Default for Appearance {
    fn default() -> Self {
        Self { theme: Theme::AsTheDevice, text_size: TextSize::Usual, hue: USUAL_HUE }
    }
}

#[derive(Clone)]
pub struct Appearances {
    pub settings: Arc<dyn Settings>,
    pub clock: Arc<dyn Clock>,
}

impl Appearances {
    /// The usual one where nothing was chosen, or what was kept is not understood any more.
    pub async fn of(&self, tenant: TenantId, person: PersonId) -> Stored<Appearance> {
        let kept = self.settings.get(tenant, &key(person)).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    pub async fn choose(&self, tenant: TenantId, person: PersonId, chosen: Appearance) -> Stored<()> {
        let text = serde_json::to_string(&chosen).expect("plain words and a number");
        self.settings.set(tenant, &key(person), &text, self.clock.now()).await
    }
}

pub(super) fn key(person: PersonId) -> String {
    format!("appearance:{person}")
}
