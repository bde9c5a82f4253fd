//! Which names this box answers to.
//!
//! A page of a stranger can make a browser send requests here under the stranger's own host name (DNS
//! rebinding); such a name is not on the list. Loopback names and IP addresses need no list, since
//! rebinding needs a name.

use crate::pages::strange_host;
use crate::problem::Refusal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_client::problem::ErrorCode;
use http::uri::Authority;
use http::{Method, header};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Names in lower case; `*.example.org` stands for all names below it.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts {
    listed: Arc<[String]>,
    certified: CertifiedNames,
}

/// The names in the certificate that the box made for itself, as they are now. Whoever reached us by one of
/// them met our own certificate, which no stranger's page can show for a name of its own.
#[derive(Clone, Debug, Default)]
pub struct CertifiedNames(Arc<RwLock<Vec<String>>>);

impl CertifiedNames {
    pub fn replace(&self, names: impl IntoIterator<Item = String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names.into_iter().collect();
    }
}

impl AllowedHosts {
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { listed: names.into_iter().collect(), certified: CertifiedNames::default() }
    }

    #[must_use]
    pub fn with(self, certified: CertifiedNames) -> Self {
        Self { certified, ..self }
    }

    /// `host` is without its port.
    pub fn accepts(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        host == "localhost"
            || host.ends_with(".localhost")
            || unbracketed.parse::<IpAddr>().is_ok()
            || self.listed.iter().any(|allowed| matches(allowed, &host))
            || self.certified.0.read().unwrap_or_else(PoisonError::into_inner).contains(&host)
    }
}

fn matches(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(parent) => {
            host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
        }
        None => allowed == host,
    }
}

/// Lets nobody in who calls us by a name that is not ours.
pub async fn check(State(hosts): State<AllowedHosts>, request: Request, next: Next) -> Response {
    match named(&request) {
        Ok(host) if hosts.accepts(&host) => next.run(request).await,
        // Style and pictures ship with the program and tell nothing; the page that explains this wants them.
        Ok(_) if request.method() == Method::GET && request.uri().path().starts_with("/assets/") => {
            next.run(request).await
        }
        Ok(host) if reads_pages(&request) => strange_host::page(&host),
        Ok(host) => not_allowed(&host).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn reads_pages(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn not_allowed(host: &str) -> Refusal {
    let detail = match strange_host::allowable(host) {
        Some(name) => format!(
            "this box does not answer to the name {name}; its owner can allow it with --allow-host {name}, \
             with WHISPERENGINE_ALLOWED_HOSTS or with allowed_hosts in settings.toml"
        ),
        None => "this box does not answer to this name, and it is none that could be allowed".to_owned(),
    };
    Refusal::new(ErrorCode::HostNotAllowed, detail)
}

/// The host this request is for. A target with a host wins over the header, as HTTP says.
fn named(request: &Request) -> Result<String, Refusal> {
    if let Some(host) = request.uri().host() {
        return Ok(host.to_owned());
    }
    let bad = |why| Refusal::new(ErrorCode::Invalid, why);
    let mut given = request.headers().get_all(header::HOST).iter();
    match (given.next(), given.next()) {
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes());
            let authority = authority.map_err(|_| bad("the Host header is not a host"))?;
            if authority.as_str().contains('@') {
                return Err(bad("the Host header is not a host"));
            }
            Ok(authority.host().to_owned())
        }
        (None, _) => Err(bad("the Host header is missing")),
        (Some(_), Some(_)) => Err(bad("there is more than one Host header")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_loopback_names_need_no_list() {
        let hosts = AllowedHosts::default();
        for host in
            ["localhost", "LOCALHOST", "chat.localhost", "127.0.0.1", "[::1]", "192.168.1.7", "localhost."]
        {
            assert!(hosts.accepts(host), "{host}");
        }
        for host in ["box.lan", "localhost.evil.example", "127.0.0.1.nip.io", "evil-localhost", "", "[box]"] {
            assert!(!hosts.accepts(host), "{host}");
        }
    }

    #[test]
    fn a_listed_name_is_itself_and_a_star_is_what_lies_below() {
        let hosts = AllowedHosts::new(["box.lan".to_owned(), "*.example.org".to_owned()]);
        for host in ["box.lan", "Box.LAN", "a.example.org", "a.b.example.org"] {
            assert!(hosts.accepts(host), "{host}");
        }
        for host in ["example.org", ".example.org", "evilexample.org", "a.box.lan", "box.lan.evil.example"] {
            assert!(!hosts.accepts(host), "{host}");
        }
    }

    #[test]
    fn the_names_of_our_own_certificate_are_ours_while_they_are_in_it() {
        let certified = CertifiedNames::default();
        let hosts = AllowedHosts::new(["box.lan".to_owned()]).with(certified.clone());
        assert!(!hosts.accepts("kitchen"));
        certified.replace(["kitchen".to_owned()]);
        for host in ["kitchen", "Kitchen.", "box.lan"] {
            assert!(hosts.accepts(host), "{host}");
        }
        for host in ["kitchen.evil.example", "evil.kitchen", "evil.example"] {
            assert!(!hosts.accepts(host), "{host}");
        }
        certified.replace(["study".to_owned()]);
        assert!(!hosts.accepts("kitchen") && hosts.accepts("study"));
    }
}
