//! A container of the box's own, as its engine tells it: how it lives, and where it is reached.

use super::connection::Daemon;
use super::sorting::{answered, short};
use crate::containers::inspected::{Inspected, State};
use crate::containers::question::{Silence, ask};
use crate::daemon::containers::Life;
use crate::services::fault::{Fault, Trouble};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// An inspection is quick, or the engine hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listed {
    pub id: String,
    pub labels: Option<HashMap<String, String>>,
}

impl Daemon {
    /// One question. `None`: there is no such thing.
    pub(super) async fn look<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Trouble> {
        let answer = match ask(&self.socket, path, PATIENCE).await {
            Ok(answer) => answer,
            Err(Silence::Mute) => return Err(Trouble::new(Fault::EngineHung, "it did not answer in time")),
            Err(silence) => {
                return Err(Trouble::new(Fault::EngineGone, format!("its socket is {silence:?}")));
            }
        };
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map(Some)
                .map_err(|error| Trouble::new(Fault::Refused, short(&error.to_string()))),
            404 => Ok(None),
            status => Err(answered(status, &String::from_utf8_lossy(&answer.body))),
        }
    }
}

pub(super) fn life(state: &State) -> Life {
    if state.running {
        return Life::Runs;
    }
    // Never started: a time before there were containers.
    if state.started_at.is_empty() || state.started_at.starts_with("0001-") {
        return Life::Idle;
    }
    let code = state.exit_code;
    let said = if state.error.is_empty() { format!("it ended with {code}") } else { short(&state.error) };
    let fault = if state.out_of_memory { Fault::OutOfMemory } else { Fault::Crashed };
    Life::Ended(Trouble::new(fault, said))
}

/// Where this machine reaches it: itself in that network, or where it is published. In another network it may be alone: once
/// it is gone, so is that network, and its address belongs to whoever is there on the outside.
pub(super) fn address(found: &Inspected, port: u16, directly_in: Option<&str>) -> Option<SocketAddr> {
    match directly_in {
        Some(network) => Some(SocketAddr::new(found.address_in(network)?, port)),
        None => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), found.published(port)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(state: &str) -> Inspected {
        crate::containers::inspected::tests::inspected("1", state, "10.1.2.3")
    }

    #[test]
    fn a_state_is_told_by_what_happened_whatever_an_engine_calls_it() {
        let life = |state: &str| super::life(&inspected(state).state);
        let started = r#""StartedAt":"2026-11-21T21:00:00Z""#;
        let never = r#"{"Status":"initialized","Running":false,"StartedAt":"0001-01-01T00:00:00Z"}"#;
        assert_eq!(life(never), Life::Idle);
        assert_eq!(life(r#"{"Status":"created","Running":false}"#), Life::Idle);
        assert_eq!(life(&format!(r#"{{"Status":"stopping","Running":true,{started}}}"#)), Life::Runs);
        let ended =
            |more: &str| match life(&format!(r#"{{"Status":"stopped","Running":false,{started},{more}}}"#)) {
                Life::Ended(trouble) => (trouble.fault, trouble.detail),
                other => panic!("{other:?}"),
            };
        assert_eq!(ended(r#""ExitCode":3"#), (Fault::Crashed, "it ended with 3".to_owned()));
        assert_eq!(ended(r#""OOMKilled":true,"ExitCode":137"#).0, Fault::OutOfMemory);
        assert_eq!(ended(r#""Error":"no such file""#).1, "no such file");
    }

    #[test]
    fn it_is_reached_where_it_is_published_or_itself() {
        let one = inspected(r#"{"Running":true}"#);
        assert_eq!(address(&one, 6379, None), "127.0.0.1:4711".parse().ok());
        assert_eq!(address(&one, 6379, Some("b")), "10.1.2.3:6379".parse().ok());
        assert_eq!(address(&one, 6379, Some("c")), "10.4.5.6:6379".parse().ok());
        assert_eq!((address(&one, 6379, Some("a")), address(&one, 6379, Some("d"))), (None, None));
        assert_eq!(address(&one, 5432, None), None);
    }
}
