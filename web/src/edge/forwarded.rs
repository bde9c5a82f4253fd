//! Reads what proxies write: the lists of `X-Forwarded-*` and the pairs of `Forwarded` (RFC 7239).
//!
//! Only reads; whom to believe is not decided here. What cannot be read stays in its place as `None`, so
//! that nobody takes the hop beside it for the one that is missing.

use http::{HeaderMap, HeaderName, header};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The items of a list that may come in several lines, in order.
pub fn items(headers: &HeaderMap, name: &HeaderName) -> std::vec::IntoIter<String> {
    let lines = headers.get_all(name).iter();
    // A line that is no text is one item that nobody can read.
    let items = lines.flat_map(|line| line.to_str().unwrap_or("?").split(','));
    items.map(|item| item.trim().to_owned()).collect::<Vec<_>>().into_iter()
}

/// The addresses of such a list.
pub fn addresses(
    headers: &HeaderMap,
    name: &HeaderName,
) -> impl DoubleEndedIterator<Item = Option<IpAddr>> + use<> {
    items(headers, name).map(|item| address(&item))
}

/// What each hop of `Forwarded` says under `key`.
pub fn described(headers: &HeaderMap, key: &str) -> std::vec::IntoIter<Option<String>> {
    let lines = headers.get_all(header::FORWARDED).iter();
    let mut found = Vec::new();
    for line in lines {
        for hop in split(line.to_str().unwrap_or("?"), ',') {
            let mut pairs = split(hop, ';').into_iter().filter_map(|pair| pair.trim().split_once('='));
            let pair = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key));
            found.push(pair.and_then(|(_, value)| unquoted(value.trim())));
        }
    }
    found.into_iter()
}

/// An address with or without a port; IPv6 with or without brackets.
pub fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let plain = text.parse::<IpAddr>().ok().or_else(bracketed);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.or_else(with_port).map(|address| address.to_canonical())
}

/// Splits where the separator stands outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let inner = rest.strip_suffix('"')?;
    // No address and no scheme needs an escape; one that has it hides something.
    (!inner.contains(['"', '\\'])).then(|| inner.to_owned())
}
