//! What an engine tells of one container, read in one place for whoever asks. Engines and releases have words of their own
//! for states: they are not read, since running, started and ended say enough.

use serde::Deserialize;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspected {
    pub id: String,
    /// Its image, by id.
    pub image: String,
    /// What it was started as, by the path inside.
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub config: Configured,
    pub state: State,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    network_settings: Networks,
    mounts: Option<Vec<Mounted>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configured {
    pub labels: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    pub running: bool,
    #[serde(default, rename = "OOMKilled")]
    pub out_of_memory: bool,
    #[serde(default)]
    pub exit_code: i64,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub started_at: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default)]
    network_mode: String,
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

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mounted {
    /// Of the machine. Empty where it is in memory.
    #[serde(default)]
    pub source: String,
    /// In the container.
    pub destination: PathBuf,
}

impl Inspected {
    /// Names of the networks it is in.
    pub fn networks(&self) -> impl Iterator<Item = &str> {
        self.joined().map(|(name, _)| name)
    }

    /// In every network where it has one.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.joined().filter_map(|(_, joined)| joined.ip.parse().ok())
    }

    pub fn address_in(&self, network: &str) -> Option<IpAddr> {
        self.network_settings.networks.as_ref()?.get(network)?.ip.parse().ok()
    }

    fn joined(&self) -> impl Iterator<Item = (&str, &Joined)> {
        self.network_settings.networks.iter().flatten().map(|(name, joined)| (name.as_str(), joined))
    }

    /// It has no network of its own but the machine's.
    pub fn is_on_machines_network(&self) -> bool {
        self.host_config.network_mode == "host"
    }

    /// Where the machine was told to publish this port, running or not.
    pub fn published(&self, port: u16) -> Option<u16> {
        let bindings = self.host_config.port_bindings.as_ref()?;
        bindings.get(&format!("{port}/tcp"))?.as_ref()?.first()?.host_port.parse().ok()
    }

    pub fn mounts(&self) -> &[Mounted] {
        self.mounts.as_deref().unwrap_or_default()
    }

    /// What of the machine is seen at this place.
    pub fn mounted_at(&self, place: &Path) -> Option<PathBuf> {
        self.mounts().iter().find(|mount| mount.destination == place).map(|mount| mount.source.clone().into())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A container of this id in three networks, one of them with this address, as engines tell it.
    pub fn inspected(id: &str, state: &str, ip: &str) -> Inspected {
        let text = format!(
            r#"{{"Id":"{id}","Image":"sha256:2","Config":{{"Labels":null}},"State":{state},
            "HostConfig":{{"NetworkMode":"a","PortBindings":{{"6379/tcp":[{{"HostIp":"127.0.0.1","HostPort":"4711"}}]}}}},
            "Mounts":[{{"Type":"volume","Source":"/var/lib/volumes/data/_data","Destination":"/data"}},
            {{"Type":"bind","Source":"/srv/run","Destination":"/data/run"}},
            {{"Type":"tmpfs","Source":"","Destination":"/data/temp"}}],
            "NetworkSettings":{{"Networks":{{"a":{{"IPAddress":""}},"b":{{"IPAddress":"{ip}"}},
            "c":{{"IPAddress":"10.4.5.6"}}}}}}}}"#
        );
        serde_json::from_str(&text).expect("as engines tell it")
    }

    #[test]
    fn networks_ports_and_mounts_are_told_and_what_is_missing_is_none() {
        let one = inspected("1", r#"{"Running":true}"#, "10.1.2.3");
        let mut names: Vec<_> = one.networks().collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!((one.address_in("a"), one.address_in("d")), (None, None));
        assert_eq!(one.address_in("b"), "10.1.2.3".parse().ok());
        assert_eq!(one.addresses().count(), 2, "without an address it has none");
        assert_eq!((one.published(6379), one.published(5432)), (Some(4711), None));
        assert_eq!(one.mounted_at(Path::new("/data/run")), Some("/srv/run".into()));
        assert_eq!(one.mounted_at(Path::new("/run")), None);
        let bare: Inspected = serde_json::from_str(
            r#"{"Id":"1","Image":"2","State":{"Running":false},"Mounts":null,"NetworkSettings":{"Networks":null}}"#,
        )
        .expect("it says no more");
        assert_eq!((bare.networks().count(), bare.mounts().len(), bare.published(1)), (0, 0, None));
    }
}
