//! From the text of a setting to its value. `None` means "not one of these"; the caller knows which
//! setting it is, where it stands and what it takes, and says so.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

pub fn any(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub fn within<T: FromStr + PartialOrd>(range: RangeInclusive<T>) -> impl Fn(&str) -> Option<T> {
    move |text| text.parse().ok().filter(|value| range.contains(value))
}

pub fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `250ms`, `30s`, `5m`, `2h`, `7d`, or a bare number of seconds; more than nothing.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let millis = match unit.as_str() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let millis = number.checked_mul(millis)?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// The shortest text that [`duration`] reads back.
pub fn show_duration(value: Duration) -> String {
    let millis = value.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if millis >= size && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    format!("{millis}ms")
}

/// `10MB`, `512 KiB`, `2GiB`, or a bare number of bytes; more than nothing. Every unit counts by 1024.
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let scale = match unit.as_str() {
        "" | "b" => 1_u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(scale).filter(|bytes| *bytes > 0)
}

fn number_and_unit(text: &str) -> Option<(u64, String)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim().to_ascii_lowercase()))
}

/// Items between commas; each must be readable.
pub fn list<T>(item: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Vec<T>> {
    move |text| text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(&item).collect()
}

pub fn url(schemes: &'static [&'static str]) -> impl Fn(&str) -> Option<url::Url> {
    move |text| {
        let url = url::Url::parse(text).ok()?;
        (schemes.contains(&url.scheme()) && url.host().is_some()).then_some(url)
    }
}

/// A name as a browser sends it in `Host`, without port; `*.example.org` stands for all below it.
pub fn host_name(text: &str) -> Option<String> {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (labels.len() <= 253 && labels.split('.').all(good)).then(|| text.to_ascii_lowercase())
}

/// Plain words, in which nothing has a meaning of its own.
pub fn plain_name(text: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    ((1..=64).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.to_owned())
}

/// A port, also as Kubernetes writes it for a service of the same name: `tcp://10.0.0.1:5432`.
pub fn port(text: &str) -> Option<u16> {
    let number = if text.starts_with("tcp://") { text.rsplit_once(':')?.1 } else { text };
    number.parse().ok().filter(|port| *port > 0)
}

/// An address or a block of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Network {
    pub fn from_text(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        // IPv4 addresses written as IPv6 are compared as what they are.
        let (address, prefix) = match address.to_canonical() {
            IpAddr::V4(mapped) if address.is_ipv6() && (96..=128).contains(&prefix) => {
                (IpAddr::V4(mapped), prefix - 96)
            }
            _ => (address, prefix),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// An IPv4 address that arrives mapped into IPv6 counts as the IPv4 address it is.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                ours.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                ours.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_come_with_units_or_without() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("90"), Some(Duration::from_secs(90)));
        assert_eq!(duration("2 h"), Some(Duration::from_hours(2)));
        for bad in ["", "0s", "s", "-1s", "1y", "1.5s", "99999999999999999999d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert_eq!(size("10MB"), Some(10 << 20));
        assert_eq!(size("512 KiB"), Some(512 << 10));
        assert_eq!(size("99999999999t"), None);
    }

    #[test]
    fn a_shown_duration_reads_back_the_same() {
        for millis in [1, 250, 1000, 90_000, 60_000, 3_600_000, 86_400_000, 100_000_000] {
            let value = Duration::from_millis(millis);
            assert_eq!(duration(&show_duration(value)), Some(value));
        }
    }

    #[test]
    fn a_network_holds_its_own_addresses_only() {
        let home = Network::from_text("192.168.1.0/24").expect("a network");
        assert!(home.contains("192.168.1.77".parse().expect("an address")));
        assert!(home.contains("::ffff:192.168.1.77".parse().expect("an address")));
        assert!(!home.contains("192.168.2.1".parse().expect("an address")));
        let all = Network::from_text("0.0.0.0/0").expect("a network");
        assert!(all.contains("8.8.8.8".parse().expect("an address")));
        assert!(!all.contains("::1".parse().expect("an address")));
        let mapped = Network::from_text("::ffff:10.0.0.0/104").expect("a network");
        assert!(mapped.contains("10.9.9.9".parse().expect("an address")));
        assert!(!mapped.contains("11.0.0.1".parse().expect("an address")));
        assert_eq!(Network::from_text("10.0.0.0/33"), None);
        assert_eq!(Network::from_text("::1/129"), None);
    }

    #[test]
    fn a_host_name_has_no_port_path_or_scheme() {
        assert_eq!(host_name("Chat.Example.org").as_deref(), Some("chat.example.org"));
        assert_eq!(host_name("*.example.org").as_deref(), Some("*.example.org"));
        for bad in ["", "a..b", "chat.example.org:80", "http://x", "a/b", "*"] {
            assert_eq!(host_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_port_may_be_what_kubernetes_injects() {
        assert_eq!(port("tcp://10.96.0.1:5432"), Some(5432));
        assert_eq!(port("5432"), Some(5432));
        assert_eq!(port("0"), None);
    }
}
