//! The scale tier: one number that sizes everything else. It recommends; it never demands a service.

use super::mode::Mode;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Constrained = 1,
    Balanced = 2,
    HighPerformance = 3,
    Enterprise = 4,
}

impl Tier {
    /// By number or by name.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "1" | "constrained" => Some(Self::Constrained),
            "2" | "balanced" => Some(Self::Balanced),
            "3" | "high_performance" => Some(Self::HighPerformance),
            "4" | "enterprise" => Some(Self::Enterprise),
            _ => None,
        }
    }

    pub fn number(self) -> u8 {
        self as u8
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Constrained => "constrained",
            Self::Balanced => "balanced",
            Self::HighPerformance => "high_performance",
            Self::Enterprise => "enterprise",
        }
    }

    /// The memory that this tier takes on a machine of that size.
    pub fn memory_limit_gib(self, ram_gib: f64) -> f64 {
        let limit = match self {
            Self::Constrained => (0.3 * ram_gib).min(4.0),
            Self::Balanced => (0.4 * ram_gib).min(8.0),
            Self::HighPerformance => (0.5 * ram_gib).min(16.0),
            // A small pod must not plan to use more than it has.
            Self::Enterprise => (0.5 * ram_gib).min(4.0),
        };
        (limit * 100.0).round() / 100.0
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number(), self.name())
    }
}

/// The tier, and the rule that decided it. An owner's memory limit that is smaller than what a tier
/// would take lowers the tier until it fits, unless the mode alone decides.
pub fn choose(mode: Mode, cores: u32, ram_gib: f64, memory_limit_gib: Option<f64>) -> (Tier, String) {
    match mode {
        Mode::Kubernetes => return (Tier::Enterprise, "the mode is kubernetes".to_owned()),
        Mode::MultiBot => return (Tier::HighPerformance, "the mode is multi_bot".to_owned()),
        Mode::Desktop | Mode::Container => {}
    }
    let afforded = by_size(cores, ram_gib);
    let Some(limit) = memory_limit_gib else {
        return (afforded, format!("{cores} cores and {ram_gib} GiB"));
    };
    let fits = [Tier::HighPerformance, Tier::Balanced]
        .into_iter()
        .find(|tier| *tier <= afforded && tier.memory_limit_gib(ram_gib) <= limit)
        .unwrap_or(Tier::Constrained);
    let limited =
        if fits < afforded { format!(", lowered by the memory limit of {limit} GB") } else { String::new() };
    (fits, format!("{cores} cores and {ram_gib} GiB{limited}"))
}

fn by_size(cores: u32, ram_gib: f64) -> Tier {
    if ram_gib >= 64.0 && cores >= 16 {
        Tier::HighPerformance
    } else if ram_gib >= 32.0 && cores >= 8 {
        Tier::Balanced
    } else {
        Tier::Constrained
    }
}
