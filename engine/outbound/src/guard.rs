//! The one judge: is this URL, and is this address, allowed? The same parsed `Url` that is judged
//! here is the one that is called. Does no I/O.

use crate::address::{AddressClass, classify};
use crate::error::OutboundError;
use std::net::IpAddr;
use url::{Host, Url};

/// Whether the origin being called is on the owner's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    PublicOnly,
    Listed,
}

impl Reach {
    pub(crate) fn check(self, address: IpAddr) -> Result<(), OutboundError> {
        match (classify(address), self) {
            (AddressClass::Public, _) | (AddressClass::Local(_), Self::Listed) => Ok(()),
            (AddressClass::Local(kind), Self::PublicOnly) => Err(OutboundError::Forbidden {
                reason: format!("{address} is a local address ({kind}) that is not on the owner's list"),
            }),
            (AddressClass::Never(kind), _) => {
                Err(OutboundError::Forbidden { reason: format!("{address} is never called ({kind})") })
            }
        }
    }
}

/// Judges the URL itself; a literal address is judged here because it never meets the resolver.
pub(crate) fn check_url(url: &Url, reach: Reach) -> Result<(), OutboundError> {
    check_shape(url)?;
    match url.host() {
        Some(Host::Ipv4(address)) => reach.check(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => reach.check(IpAddr::V6(address)),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

pub(crate) fn check_shape(url: &Url) -> Result<(), OutboundError> {
    let bad = |reason: &str| Err(OutboundError::BadUrl { reason: reason.to_owned() });
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http and https are spoken");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it carries a user name or password");
    }
    if url.port() == Some(0) {
        return bad("port 0 is no port");
    }
    let Some(host) = url.host_str() else { return bad("it names no host") };
    // The transport reads the text once more, with another parser: both must see the same host.
    let Ok(wire) = url.as_str().parse::<http::Uri>() else { return bad("it cannot be sent") };
    if wire.host() != Some(host) || wire.port_u16() != url.port() {
        return bad("it can be read in two ways");
    }
    Ok(())
}
