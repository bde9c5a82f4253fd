//! Addresses, of which only the host is worth hearing.

/// Where one begins in the text, and how much of it belongs to it.
pub fn find(text: &str) -> Option<(usize, usize)> {
    let begins = |at: usize| {
        let is_within = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        !is_within && scheme(&text[at..]).is_some_and(|length| text.len() > at + length)
    };
    let at = text.char_indices().map(|(at, _)| at).find(|at| begins(*at))?;
    Some((at, length(&text[at..])))
}

/// `docs.rs` of `https://docs.rs/tokio?x=1`.
pub fn host(address: &str) -> &str {
    let rest = &address[scheme(address).unwrap_or(0)..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let host = host.rsplit('@').next().unwrap_or(host);
    host.split(':').next().unwrap_or(host)
}

/// How long the beginning is that nobody says.
fn scheme(text: &str) -> Option<usize> {
    let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let www = |at: usize| text.get(at..at + 4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    for with in ["https://", "http://", "ftp://"] {
        if starts(with) {
            return Some(with.len() + if www(with.len()) { 4 } else { 0 });
        }
    }
    if starts("mailto:") { Some(7) } else { www(0).then_some(4) }
}

/// Until something that closes what it stands in. Punctuation at its end is the sentence's.
fn length(text: &str) -> usize {
    let (mut depth, mut end) = (0_u32, text.len());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ')' | '<' | '>' | '"' | '`' | ']' | '|' | '*' | '”' | '»' => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '_', '~']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_and_its_host_told() {
        let found = |text: &str| {
            find(text).map(|(at, length)| {
                let address = &text[at..at + length];
                (address.to_owned(), host(address).to_owned())
            })
        };
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(found("https://docs.rs/tokio?x=1."), pair("https://docs.rs/tokio?x=1", "docs.rs"));
        assert_eq!(
            found("(HTTP://a@www.x.org:80/Foo_(bar))"),
            pair("HTTP://a@www.x.org:80/Foo_(bar)", "www.x.org")
        );
        assert_eq!(found("www.example.com/"), pair("www.example.com/", "example.com"));
        assert_eq!(found("**https://www.example.com**"), pair("https://www.example.com", "example.com"));
        assert_eq!(found("mailto:ada@example.com"), pair("mailto:ada@example.com", "example.com"));
        for none in ["http", "https://", "xhttps://a.b", "ümlaut", ""] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
