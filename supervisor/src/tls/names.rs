//! What this machine is called: the names and addresses by which a visitor may reach it.

use crate::config::areas::Server;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use sysinfo::{NetworkData, Networks, System};

/// Names in lower case (`*.example.org` stands for those below it) and addresses, as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub names: BTreeSet<String>,
    pub addresses: BTreeSet<IpAddr>,
}

/// Loopback, the machine's own name and addresses as they are at this moment, and what the owner allows.
pub fn of_this_machine(server: &Server) -> Names {
    gather(server, System::host_name().ok(), local().into_iter())
}

/// A machine that does not tell its addresses still has its names.
fn local() -> Vec<IpAddr> {
    let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
    networks.values().flat_map(NetworkData::ip_networks).map(|network| network.addr).collect()
}

fn gather(server: &Server, host_name: Option<String>, local: impl Iterator<Item = IpAddr>) -> Names {
    let mut gathered = Names::default();
    gathered.names.insert("localhost".to_owned());
    gathered.addresses.extend([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    gathered.addresses.extend(local.chain([server.listen.ip()]).filter(|address| is_reachable(*address)));
    let called = host_name.into_iter().map(|name| name.to_ascii_lowercase());
    for name in called.chain(server.allowed_hosts.iter().cloned()) {
        match name.parse::<IpAddr>() {
            Ok(address) => drop(gathered.addresses.insert(address)),
            Err(_) if is_dns_name(&name) => drop(gathered.names.insert(name)),
            // What no certificate can hold, nobody can check.
            Err(_) => {}
        }
    }
    let public = server.public_url.as_ref().and_then(|url| match url.host()? {
        url::Host::Ipv4(address) => Some(IpAddr::V4(address)),
        url::Host::Ipv6(address) => Some(IpAddr::V6(address)),
        url::Host::Domain(_) => None,
    });
    gathered.addresses.extend(public);
    gathered
}

/// Link-local IPv6 addresses need the name of a network card, which no certificate has.
fn is_reachable(address: IpAddr) -> bool {
    let link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
    !address.is_unspecified() && !address.is_multicast() && !link_local
}

fn is_dns_name(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    !labels.is_empty()
        && labels.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tls::Tls;
    use std::time::Duration;

    #[test]
    fn a_machine_is_called_by_its_name_its_addresses_and_what_is_allowed() {
        let server = Server {
            listen: "0.0.0.0:8080".parse().expect("an address"),
            listen_was_asked_for: false,
            public_url: Some("https://203.0.113.7/".parse().expect("a URL")),
            allowed_hosts: ["box.lan", "*.example.org", "192.168.7.7"].map(str::to_owned).to_vec(),
            trusted_proxies: Vec::new(),
            tls: Tls::Own,
            metrics_token: None,
            request_timeout: Duration::from_secs(30),
        };
        let local = ["192.168.1.5", "fe80::1", "fd00::5", "127.0.0.1"].map(|text| text.parse().expect("one"));
        let found = gather(&server, Some("Kitchen Box".to_owned()), local.into_iter());
        assert_eq!(found.names, ["localhost", "box.lan", "*.example.org"].map(str::to_owned).into());
        let wanted = ["127.0.0.1", "::1", "192.168.1.5", "fd00::5", "192.168.7.7", "203.0.113.7"];
        assert_eq!(found.addresses, wanted.map(|text| text.parse().expect("an address")).into());
        let found = gather(&server, Some("Kitchen".to_owned()), std::iter::empty());
        assert!(found.names.contains("kitchen"));
    }

    #[test]
    fn this_machine_is_at_least_loopback() {
        assert!(local().iter().any(IpAddr::is_loopback), "{:?}", local());
    }
}
