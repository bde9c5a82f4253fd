//! The browser's cookies, and the seal on its forms.
//!
//! A session cookie says who is signed in; before that, a visit cookie only says that it is the same
//! browser. The seal is a hash of whichever it has: a page of another origin can send our cookies along,
//! but cannot know the seal, and its `Origin` is not ours. A third one, which the page's script sets, says how
//! far the person's clock is from ours.

use super::moment::Zone;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const SESSION: &str = "we_session";
const VISIT: &str = "we_visit";
const ZONE: &str = "we_zone";
const LOOK: &str = "we_look";
const SESSION_SECONDS: u64 = 30 * 24 * 3600;
const VISIT_SECONDS: u64 = 3600;

/// What the browser brought.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    pub session: Option<String>,
    visit: Option<String>,
    pub zone: Zone,
}

impl Cookies {
    pub fn read(headers: &HeaderMap) -> Self {
        let mut cookies = Self::default();
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        for (name, value) in
            pairs.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
        {
            match name {
                SESSION => cookies.session = Some(value.to_owned()),
                VISIT => cookies.visit = Some(value.to_owned()),
                ZONE => cookies.zone = value.parse().map(Zone).unwrap_or_default(),
                _ => {}
            }
        }
        cookies
    }

    /// `None` for a browser that has neither cookie yet.
    pub fn seal(&self) -> Option<String> {
        self.session.as_deref().or(self.visit.as_deref()).map(seal_of)
    }
}

/// What a form must carry, for this secret of the browser's.
pub fn seal_of(secret: &str) -> String {
    let digest = Sha256::digest(format!("a form's seal: {secret}"));
    digest.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A cookie for a browser that has none, and the seal that goes with it.
pub fn first_visit(secure: bool) -> (HeaderValue, String) {
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    (cookie(VISIT, &secret, VISIT_SECONDS, secure), seal_of(&secret))
}

pub fn sign_in(token: &str, secure: bool) -> HeaderValue {
    cookie(SESSION, token, SESSION_SECONDS, secure)
}

pub fn sign_out(secure: bool) -> HeaderValue {
    cookie(SESSION, "", 0, secure)
}

/// Differs whenever somebody has chosen other looks, so that what a browser kept of the old ones is not used.
pub fn look(mark: &str, secure: bool) -> HeaderValue {
    cookie(LOOK, mark, SESSION_SECONDS, secure)
}

fn cookie(name: &str, value: &str, seconds: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&text).expect("our tokens are plain ASCII");
    value.set_sensitive(true);
    value
}

/// Whether this request comes from a page of ours. A browser says so with every form it sends.
pub fn comes_from_us(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == text(header::HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_seal_follows_the_session_and_before_it_the_visit() {
        let visit = Cookies::read(&headers(&[("cookie", "a=b; we_visit=v")]));
        let both = Cookies::read(&headers(&[("cookie", "we_visit=v; we_session=s; we_sessio=x")]));
        assert_eq!(both.session.as_deref(), Some("s"));
        assert_ne!(both.seal(), visit.seal());
        assert!(visit.seal().is_some() && Cookies::default().seal().is_none());
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let ours = [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "http://box:8080"), ("host", "box:8080")],
        ];
        let theirs = [
            &[("sec-fetch-site", "cross-site"), ("origin", "http://box:8080"), ("host", "box:8080")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "http://evil"), ("host", "box:8080")],
            &[("origin", "null"), ("host", "box:8080")],
            &[("host", "box:8080")],
        ];
        assert!(ours.iter().all(|pairs| comes_from_us(&headers(pairs))));
        assert!(!theirs.iter().any(|pairs| comes_from_us(&headers(pairs))));
    }
}
