//! Which addresses may be called: a pure table from an address to its class.
//!
//! Forms that carry an IPv4 address inside an IPv6 one are judged by what is inside, or refused
//! where no honest server is reached that way. Names and URLs are not the business of this file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// Anybody may be called there.
    Public,
    /// This machine or its network: only for origins on the owner's list.
    Local(&'static str),
    /// Never a server the owner could mean, listed or not.
    Never(&'static str),
}

pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass::{Local, Never, Public};
    match address.octets() {
        // Instance metadata of the large clouds: credentials for whoever asks.
        [169, 254, 169 | 170, _] | [100, 100, 100, 200] | [168, 63, 129, 16] => Never("cloud metadata"),
        [0, ..] => Never("this network"),
        [127, ..] => Local("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Local("private"),
        [100, 64..=127, ..] => Local("carrier-grade NAT"),
        [169, 254, ..] => Local("link-local"),
        // Benchmark addresses are also what some local DNS proxies hand out.
        [198, 18..=19, ..] => Local("benchmark"),
        [192, 0, 0, _] => Never("protocol assignments"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Never("documentation"),
        [192, 88, 99, _] => Never("6to4 relay"),
        [224..=239, ..] => Never("multicast"),
        [255, 255, 255, 255] => Never("broadcast"),
        [240..=255, ..] => Never("reserved"),
        _ => Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass::{Local, Never, Public};
    let low = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Local("loopback"),
        // IPv4-mapped: the kernel really connects to the IPv4 address.
        [0, 0, 0, 0, 0, 0xffff, a, b] => classify_v4(low(a, b)),
        [0, 0, 0, 0, 0xffff, 0, _, _] => Never("IPv4-translated"),
        [0, 0, 0, 0, 0, 0, _, _] => Never("IPv4-compatible"),
        // NAT64 is how an IPv6-only network reaches public IPv4 servers, and nothing else.
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => match classify_v4(low(a, b)) {
            Public => Public,
            Local(_) | Never(_) => Never("NAT64 of an address that is not public"),
        },
        [0x64, 0xff9b, ..] => Never("local NAT64"),
        [0x100, 0, 0, 0, ..] => Never("discard"),
        [0x2001, 0, ..] => Never("Teredo"),
        [0x2001, 0x1..=0x1ff, ..] => Never("protocol assignments"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Never("documentation"),
        [0x2002, ..] => Never("6to4"),
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Never("ISATAP"),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            Never("cloud metadata")
        }
        [0xfc00..=0xfdff, ..] => Local("unique local"),
        [0xfe80..=0xfebf, ..] => Local("link-local"),
        [0xfec0..=0xfeff, ..] => Local("site-local"),
        [0xff00..=0xffff, ..] => Never("multicast"),
        [0x2000..=0x3fff, ..] => Public,
        _ => Never("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        for text in public {
            assert_eq!(classify(parse(text)), AddressClass::Public, "{text}");
        }
    }

    #[test]
    fn local_addresses_are_local_in_every_form_that_reaches_them() {
        let local = [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:192.168.0.1",
            "fc00::1",
            "fdff:ffff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
        ];
        for text in local {
            assert!(matches!(classify(parse(text)), AddressClass::Local(_)), "{text}");
        }
    }

    #[test]
    fn what_no_owner_can_mean_is_never_called() {
        let never = [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::7f00:1",
            "::8.8.8.8",
            "::ffff:a9fe:a9fe",
            "::ffff:0.0.0.0",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:ffff::127.0.0.1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:10::1",
            "2001:db8::1",
            "3fff::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2002:808:808::1",
            "2606:4700::5efe:7f00:1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "ff02::1",
            "4000::1",
            "5f00::1",
        ];
        for text in never {
            assert!(matches!(classify(parse(text)), AddressClass::Never(_)), "{text}");
        }
    }

    fn parse(text: &str) -> IpAddr {
        text.parse().expect("the table holds addresses")
    }
}
