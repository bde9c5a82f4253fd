//! How this box is deployed: on somebody's machine, in a container, under Kubernetes, or many at once.

use super::hardware::Evidence;
use super::source::{Environment, Machine};
use serde::Serialize;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Desktop,
    Container,
    Kubernetes,
    MultiBot,
}

impl Mode {
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "desktop" => Some(Self::Desktop),
            "container" => Some(Self::Container),
            "kubernetes" => Some(Self::Kubernetes),
            "multi_bot" => Some(Self::MultiBot),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Container => "container",
            Self::Kubernetes => "kubernetes",
            Self::MultiBot => "multi_bot",
        }
    }

    /// Whether the only way in is through a published port, so that loopback would reach nobody.
    pub fn is_contained(self) -> bool {
        matches!(self, Self::Container | Self::Kubernetes)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Kubernetes is asked for first: every pod is a container too, and some runtimes leave a marker file.
/// `multi_bot` cannot be seen from inside; it is always set by the owner.
pub fn detect(machine: &Machine, environment: &Environment) -> (Mode, Evidence) {
    if environment.get("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty()) {
        return (Mode::Kubernetes, Evidence::new("mode", "kubernetes", "KUBERNETES_SERVICE_HOST is set"));
    }
    for marker in ["/.dockerenv", "/run/.containerenv"] {
        if machine.exists(marker) {
            return (Mode::Container, Evidence::new("mode", "container", format!("{marker} exists")));
        }
    }
    let from = "no container marker, no KUBERNETES_SERVICE_HOST";
    (Mode::Desktop, Evidence::new("mode", "desktop", from))
}
