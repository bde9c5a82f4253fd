//! How somebody likes the pages to look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThemeView {
    /// Light or dark as the device says.
    Device,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextSizeView {
    Usual,
    Large,
    Largest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppearanceView {
    pub theme: ThemeView,
    pub text_size: TextSizeView,
    /// Of what stands out, in degrees from 0 to 359.
    pub hue: u16,
}
