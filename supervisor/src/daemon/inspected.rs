//! What an engine tells of a container, as far as it is asked here. Engines and releases have words of their own for
//! states: they are not read, since running, started and ended say enough.

use super::connection::Daemon;
use super::sorting::{answered, short};
use crate::containers::inside::Mounted;
use crate::containers::question::{Silence, ask};
use crate::daemon::containers::Life;
use crate::services::fault::{Fault, Trouble};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An inspection is quick, or the engine hangs.
const PATIENCE: Duration = Duration::from_secs(20);

type Labelled = Option<HashMap<String, String>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listed {
    pub id: String,
    pub labels: Labelled,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspected {
    pub id: String,
    pub image: String,
    pub config: Configured,
    state: State,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    network_settings: Networks,
    mounts: Option<Vec<Mounted>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configured {
    pub labels: Labelled,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    #[serde(default, rename = "OOMKilled")]
    out_of_memory: bool,
    #[serde(default)]
    exit_code: i64,
    #[serde(default)]
    error: String,
    #[serde(default)]
    started_at: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    port_bindings: Option<HashMap<String, Option<Vec<Binding>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Binding {
    host_port: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Networks {
    networks: Option<HashMap<String, Joined>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Joined {
    #[serde(default, rename = "IPAddress")]
    ip: String,
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

impl Inspected {
    pub fn life(&self) -> Life {
        let state = &self.state;
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

    pub fn networks(&self) -> Vec<String> {
        self.network_settings.networks.iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// What of the machine is seen at this place.
    pub fn mounted_at(&self, place: &str) -> Option<PathBuf> {
        let mut mounts = self.mounts.iter().flatten();
        mounts.find(|mount| mount.destination == Path::new(place)).map(|mount| mount.source.clone().into())
    }

    /// Where this machine reaches it: itself in that network, or where it is published. In another network it may be
    /// alone: once it is gone, so is that network, and its address belongs to whoever is there on the outside.
    pub fn address(&self, port: u16, directly_in: Option<&str>) -> Option<SocketAddr> {
        if let Some(network) = directly_in {
            let joined = self.network_settings.networks.as_ref()?.get(network)?;
            return Some(SocketAddr::new(joined.ip.parse::<IpAddr>().ok()?, port));
        }
        let bindings = self.host_config.port_bindings.as_ref()?;
        let host_port = bindings.get(&format!("{port}/tcp"))?.as_ref()?.first()?.host_port.parse().ok()?;
        Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), host_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(state: &str) -> Inspected {
        let text = format!(
            r#"{{"Id":"1","Image":"sha256:2","Config":{{"Labels":null}},"State":{state},
            "HostConfig":{{"PortBindings":{{"6379/tcp":[{{"HostIp":"127.0.0.1","HostPort":"4711"}}]}}}},
            "NetworkSettings":{{"Networks":{{"a":{{"IPAddress":""}},"b":{{"IPAddress":"10.1.2.3"}},
            "c":{{"IPAddress":"10.4.5.6"}}}}}}}}"#
        );
        serde_json::from_str(&text).expect("as engines tell it")
    }

    #[test]
    fn a_state_is_told_by_what_happened_whatever_an_engine_calls_it() {
        let life = |state: &str| inspected(state).life();
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
        assert_eq!(one.address(6379, None), "127.0.0.1:4711".parse().ok());
        assert_eq!(one.address(6379, Some("b")), "10.1.2.3:6379".parse().ok());
        assert_eq!(one.address(6379, Some("c")), "10.4.5.6:6379".parse().ok());
        assert_eq!((one.address(6379, Some("a")), one.address(6379, Some("d"))), (None, None));
        assert_eq!(one.address(5432, None), None);
    }
}
