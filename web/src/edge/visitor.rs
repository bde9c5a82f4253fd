//! Who is visiting, and whether nobody could listen in: told by the connection, or by a proxy we trust.
//!
//! In go the connection's end and, where that is a trusted proxy, what it says in `X-Forwarded-*` or
//! `Forwarded`; out comes one [`Visitor`] among the request's extensions. From anybody else these headers
//! mean nothing. Each proxy adds to the right of what it was given, so the right-most address that is not a
//! trusted proxy's is the last one that somebody we trust has seen; everything left of it is hearsay.

use super::forwarded;
use crate::serve::{Encrypted, Peer};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whom a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// An IPv4 address that arrived mapped into IPv6 is the IPv4 address it is. A process of this machine
    /// that came over a Unix socket is at the loopback address.
    pub address: IpAddr,
    /// Whether the way from the visitor is encrypted, as far as we and those we trust can see.
    pub secure: bool,
}

/// Tells which addresses are proxies that may speak for others.
#[derive(Clone)]
pub struct TrustedProxies(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl TrustedProxies {
    /// `holds` is asked for canonical addresses.
    pub fn new(holds: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    pub fn nobody() -> Self {
        Self::new(|_| false)
    }

    fn holds(&self, address: IpAddr) -> bool {
        (self.0)(address)
    }
}

impl fmt::Debug for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustedProxies")
    }
}

/// Leaves the visitor in the request, and the name it was meant for in its `Host`.
pub async fn know(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    let peer = match request.extensions().get::<Peer>() {
        Some(Peer::Network(address)) => address.ip().to_canonical(),
        Some(Peer::Local) | None => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let encrypted = request.extensions().get::<Encrypted>().is_some();
    let mut visitor = Visitor { address: peer, secure: encrypted };
    if proxies.holds(peer) {
        let headers = request.headers();
        visitor.address = on_behalf_of(headers, peer, &proxies);
        visitor.secure = scheme(headers).map_or(encrypted, |scheme| scheme == "https" || scheme == "wss");
        if let Some(host) = host_not_sent_on(headers) {
            request.headers_mut().insert(header::HOST, host);
        }
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// The visitor's address as `peer`, whom we trust, tells it. Where both headers are there and differ, one of
/// them was made up by the visitor and let through: then the proxy's own address is all we know.
fn on_behalf_of(headers: &HeaderMap, peer: IpAddr, proxies: &TrustedProxies) -> IpAddr {
    let listed =
        headers.contains_key(FOR).then(|| furthest(forwarded::addresses(headers, &FOR), peer, proxies));
    let described = headers.contains_key(header::FORWARDED).then(|| {
        furthest(forwarded::described(headers, "for").map(|node| forwarded::address(&node?)), peer, proxies)
    });
    match (listed, described) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(address), _) | (None, Some(address)) => address,
        (None, None) => peer,
    }
}

/// Walks from the proxy before us towards the visitor, over those we trust. A hop that cannot be read ends
/// the walk: beyond it nothing is known.
fn furthest(
    hops: impl DoubleEndedIterator<Item = Option<IpAddr>>,
    peer: IpAddr,
    proxies: &TrustedProxies,
) -> IpAddr {
    let mut known = peer;
    for hop in hops.rev() {
        let Some(address) = hop else { break };
        known = address;
        if !proxies.holds(address) {
            break;
        }
    }
    known
}

/// The scheme that the proxy before us was asked with, in lower case.
fn scheme(headers: &HeaderMap) -> Option<String> {
    let listed = forwarded::items(headers, &PROTO).next_back();
    let described = || forwarded::described(headers, "proto").next_back().flatten();
    listed.or_else(described).map(|scheme| scheme.to_ascii_lowercase())
}

/// The host that was asked for, where the proxy did not send it on: there is no `Host`, or it is the address
/// by which the proxy reaches us, which no visitor knows us by.
fn host_not_sent_on(headers: &HeaderMap) -> Option<HeaderValue> {
    let told = forwarded::items(headers, &HOST).next_back()?;
    let mut given = headers.get_all(header::HOST).iter();
    let sent_on = match (given.next(), given.next()) {
        (None, _) => false,
        (Some(host), None) => host.to_str().is_ok_and(|host| forwarded::address(host).is_none()),
        // More than one is refused later on.
        (Some(_), Some(_)) => true,
    };
    if sent_on { None } else { HeaderValue::from_str(&told).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::{Extension, Router, middleware, routing::get};
    use http_body_util::BodyExt;
    use std::net::SocketAddr;
    use tower::ServiceExt;

    /// Ours are 10.0.0.0/8, `fd00::/8` and this machine.
    fn ours(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address.octets()[0] == 10 || address.is_loopback(),
            IpAddr::V6(address) => address.octets()[0] == 0xfd || address.is_loopback(),
        }
    }

    async fn seen(peer: &str, lines: &[(&str, &str)]) -> (Visitor, String) {
        seen_over(None, peer, lines).await
    }

    async fn seen_over(tls: Option<Encrypted>, peer: &str, lines: &[(&str, &str)]) -> (Visitor, String) {
        let tell = |Extension(visitor): Extension<Visitor>, headers: HeaderMap| async move {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            format!("{} {} {}", visitor.address, visitor.secure, host.unwrap_or("none"))
        };
        let router = Router::new()
            .route("/", get(tell))
            .layer(middleware::from_fn_with_state(TrustedProxies::new(ours), know));
        let peer: SocketAddr = peer.parse().expect("an address with a port");
        let mut request = Request::get("/").extension(Peer::Network(peer));
        if let Some(encrypted) = tls {
            request = request.extension(encrypted);
        }
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let body = answer.into_body().collect().await.expect("text").to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let mut words = text.split(' ').map(str::to_owned);
        let mut word = || words.next().expect("three words");
        let address = word().parse().expect("an address");
        (Visitor { address, secure: word() == "true" }, word())
    }

    #[tokio::test]
    async fn the_visitor_is_the_last_one_that_somebody_trusted_has_seen() {
        let many = ["198.51.100.1"; 300].join(", ") + ", 203.0.113.9" + &", 10.1.1.1".repeat(300);
        for (peer, chain, visitor) in [
            // Nobody we trust: the header means nothing.
            ("203.0.113.5:9", "198.51.100.1", "203.0.113.5"),
            ("192.168.1.1:9", "127.0.0.1", "192.168.1.1"),
            ("10.0.0.1:9", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:9", "  203.0.113.9  ", "203.0.113.9"),
            // What stands further left was sent by the visitor.
            ("10.0.0.1:9", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:9", "10.0.0.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("127.0.0.1:9", "not an address, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:9", &many, "203.0.113.9"),
            // All the way from one of ours.
            ("10.0.0.1:9", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            // Mapped into IPv6, with ports, in brackets.
            ("[::ffff:10.0.0.1]:9", "::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.5]:9", "198.51.100.1", "203.0.113.5"),
            ("10.0.0.1:9", "203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.1:9", "[2001:db8::9]:4711", "2001:db8::9"),
            ("[fd00::1]:9", "[2001:db8::9], [::ffff:10.0.0.2]:80", "2001:db8::9"),
            ("[fd00::1]:9", "2001:db8::9", "2001:db8::9"),
            // Beyond what cannot be read nothing is known.
            ("10.0.0.1:9", "", "10.0.0.1"),
            ("10.0.0.1:9", "unknown", "10.0.0.1"),
            ("10.0.0.1:9", "203.0.113.9,", "10.0.0.1"),
            ("10.0.0.1:9", "203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1:9", "203.0.113.9, 10.0.0.2:99999", "10.0.0.1"),
            ("10.0.0.1:9", "203.0.113.9; 10.0.0.2", "10.0.0.1"),
            ("10.0.0.1:9", "203.0.113.256", "10.0.0.1"),
        ] {
            let (found, _) = seen(peer, &[("x-forwarded-for", chain)]).await;
            assert_eq!(found.address.to_string(), visitor, "{peer} says {chain}");
        }
    }

    #[tokio::test]
    async fn a_chain_may_come_in_several_lines_and_in_either_header() {
        let of = async |lines: &[(&str, &str)]| seen("10.0.0.1:9", lines).await.0.address.to_string();
        let split = [("x-forwarded-for", "127.0.0.1, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")];
        assert_eq!(of(&split).await, "203.0.113.9");
        for (line, visitor) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("For=\"[2001:db8::9]:4711\";proto=https;by=10.0.0.1", "2001:db8::9"),
            ("for=127.0.0.1, for=203.0.113.9;host=\"a,b;for=1.2.3.4\", for=10.0.0.2", "203.0.113.9"),
            ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("for=203.0.113.9, proto=https", "10.0.0.1"),
            ("for=\"203.0.113.9", "10.0.0.1"),
            ("nonsense", "10.0.0.1"),
        ] {
            assert_eq!(of(&[("forwarded", line)]).await, visitor, "{line}");
        }
        let agreed = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(of(&agreed).await, "203.0.113.9");
        let one_is_made_up = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(of(&one_is_made_up).await, "10.0.0.1");
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_says_that_the_way_is_encrypted() {
        for (peer, name, value, secure) in [
            ("203.0.113.5:9", "x-forwarded-proto", "https", false),
            ("203.0.113.5:9", "forwarded", "for=1.2.3.4;proto=https", false),
            ("10.0.0.1:9", "x-forwarded-proto", "https", true),
            ("10.0.0.1:9", "x-forwarded-proto", "HTTPS", true),
            ("10.0.0.1:9", "x-forwarded-proto", "https, http", false),
            ("10.0.0.1:9", "x-forwarded-proto", "http, https", true),
            ("10.0.0.1:9", "x-forwarded-proto", "httpsx", false),
            ("10.0.0.1:9", "forwarded", "proto=http, for=1.2.3.4;proto=https", true),
            ("10.0.0.1:9", "x-other", "https", false),
        ] {
            let (visitor, _) = seen(peer, &[(name, value)]).await;
            assert_eq!(visitor.secure, secure, "{peer} says {name}: {value}");
        }
    }

    #[tokio::test]
    async fn over_tls_the_way_is_encrypted_unless_a_trusted_proxy_knows_better() {
        for (peer, scheme, secure) in [
            ("203.0.113.5:9", None, true),
            ("203.0.113.5:9", Some("http"), true),
            ("10.0.0.1:9", None, true),
            ("10.0.0.1:9", Some("http"), false),
        ] {
            let lines: Vec<_> = scheme.map(|scheme| ("x-forwarded-proto", scheme)).into_iter().collect();
            let (visitor, _) = seen_over(Some(Encrypted), peer, &lines).await;
            assert_eq!(visitor.secure, secure, "{peer} says {scheme:?}");
        }
    }

    #[tokio::test]
    async fn the_host_is_the_proxys_word_only_where_the_plain_one_was_not_sent_on() {
        for (peer, host, told, wanted) in [
            ("10.0.0.1:9", None, "box.lan", "box.lan"),
            ("10.0.0.1:9", Some("127.0.0.1:8080"), "box.lan", "box.lan"),
            ("10.0.0.1:9", Some("[::1]:8080"), "first.example, box.lan", "box.lan"),
            ("10.0.0.1:9", Some("box.lan"), "evil.example", "box.lan"),
            ("203.0.113.5:9", None, "evil.example", "none"),
            ("203.0.113.5:9", Some("127.0.0.1"), "evil.example", "127.0.0.1"),
        ] {
            let mut lines = vec![("x-forwarded-host", told)];
            lines.extend(host.map(|host| ("host", host)));
            assert_eq!(seen(peer, &lines).await.1, wanted, "{peer}: {lines:?}");
        }
    }
}
