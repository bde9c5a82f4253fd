//! The owner's list: origins that may be local. An origin is a scheme, a host and a port.

use std::collections::HashSet;
use url::Url;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    origins: HashSet<Origin>,
}

impl AllowList {
    /// Public addresses only.
    pub fn none() -> Self {
        Self::default()
    }

    /// Also the origin of `url`, wherever its name leads. Paths and queries do not matter.
    #[must_use]
    pub fn with(mut self, url: &Url) -> Self {
        self.origins.extend(Origin::of(url));
        self
    }

    pub fn contains(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.origins.contains(&origin))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// `None` for URLs that have no network origin, which are never called.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_listed_with_its_scheme_host_and_port_and_nothing_near_it() {
        let url = |text: &str| Url::parse(text).expect("the table holds URLs");
        let list = AllowList::none().with(&url("http://192.168.1.5:11434/v1"));
        assert!(list.contains(&url("http://192.168.1.5:11434/other?x=1")));
        for other in [
            "https://192.168.1.5:11434/",
            "http://192.168.1.5/",
            "http://192.168.1.6:11434/",
            "http://nas:11434/",
        ] {
            assert!(!list.contains(&url(other)), "{other}");
        }
        let default_port = AllowList::none().with(&url("http://nas"));
        assert!(default_port.contains(&url("http://NAS:80/")));
    }
}
