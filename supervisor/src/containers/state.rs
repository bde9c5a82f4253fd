//! How a container engine is. The names are part of what `doctor --json` promises.

use super::graphics::Graphics;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    NotInstalled,
    /// It is installed, or has left a socket, and nobody listens.
    Stopped,
    /// It takes calls and does not answer them yet.
    Starting,
    PermissionDenied,
    /// The engine is older than what we know how to talk to.
    ApiTooOld,
    /// We are.
    ClientTooOld,
    /// Something else listens there.
    NotDocker,
    /// It runs, and not all of it works as it should.
    Degraded,
    Running,
    /// It ran, and is gone.
    Lost,
    /// Nobody looks: the owner said so, or the daemon is elsewhere.
    Disabled,
}

impl State {
    /// In the order in which one of several engines counts.
    pub const BY_WORTH: [Self; 11] = [
        Self::Running,
        Self::Degraded,
        Self::Starting,
        Self::PermissionDenied,
        Self::ClientTooOld,
        Self::ApiTooOld,
        Self::Lost,
        Self::Stopped,
        Self::NotDocker,
        Self::Disabled,
        Self::NotInstalled,
    ];

    pub fn works(self) -> bool {
        matches!(self, Self::Running | Self::Degraded)
    }

    pub fn worth(self) -> usize {
        Self::BY_WORTH.iter().position(|state| *state == self).unwrap_or(Self::BY_WORTH.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Docker,
    Podman,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        }
    }
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub kind: Kind,
    pub version: String,
    /// The newest version of the API that both sides know.
    pub api: String,
    /// What it could hand to a container.
    pub graphics: Graphics,
}

/// What came of asking one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub answered: Option<Answered>,
    /// In words for the owner, with what to do about it.
    pub detail: String,
}

impl Verdict {
    pub fn new(state: State, detail: impl Into<String>) -> Self {
        Self { state, answered: None, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_worth_of_its_own_and_its_promised_name() {
        let mut names: Vec<_> = State::BY_WORTH
            .iter()
            .map(|state| serde_json::to_value(state).expect("a name").as_str().expect("text").to_owned())
            .collect();
        names.sort();
        names.dedup();
        let promised = "api_too_old client_too_old degraded disabled lost not_docker not_installed \
                        permission_denied running starting stopped";
        assert_eq!(names.join(" "), promised.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}
