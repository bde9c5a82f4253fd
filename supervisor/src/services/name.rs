//! What the box can run in containers.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceName {
    Postgres,
    Redis,
    /// The companion itself, on the same database as the engine in this process.
    Engine,
    /// Ears and a mouth; those of this process stand by.
    Voice,
}

impl ServiceName {
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Redis, Self::Engine, Self::Voice];

    /// As labels, names of containers and the command line have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Engine => "engine",
            Self::Voice => "voice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    /// What must answer before this one is started.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Postgres | Self::Redis | Self::Voice => &[],
            Self::Engine => &[Self::Postgres],
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_nothing_needs_itself() {
        for name in ServiceName::ALL {
            assert_eq!(ServiceName::parse(name.as_str()), Some(name));
            // A need comes before who needs it, so there are no circles.
            let place = |of: ServiceName| ServiceName::ALL.iter().position(|other| *other == of);
            assert!(name.needs().iter().all(|need| place(*need) < place(name)), "{name}");
        }
    }
}
