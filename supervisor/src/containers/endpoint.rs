//! Where an engine may listen, and who says so.

use std::fmt;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Socket(PathBuf),
    /// Of Windows: the name behind `//./pipe/`.
    Pipe(String),
    /// A daemon that may be on another machine. The box plans nothing there.
    Elsewhere(String),
    /// What was named is no endpoint; this says why.
    Unclear(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A setting of ours, by its key.
    Setting(&'static str),
    /// A variable, named.
    Variable(&'static str),
    /// A context of Docker's command line.
    Context(String),
    /// Where this engine usually listens.
    Usual(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub endpoint: Endpoint,
    pub origin: Origin,
}

impl Origin {
    /// What somebody named is never replaced by what was found.
    pub fn is_explicit(&self) -> bool {
        !matches!(self, Self::Usual(_))
    }
}

impl Endpoint {
    /// Of this machine, whether or not anything is there.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Socket(_) | Self::Pipe(_))
    }

    /// As `DOCKER_HOST` and contexts write it.
    pub fn parse(host: &str) -> Self {
        let Some((scheme, rest)) = host.split_once("://") else {
            return Self::Unclear(format!("`{host}` is no address of an engine"));
        };
        match scheme {
            "unix" if rest.starts_with('/') => Self::Socket(rest.into()),
            "npipe" => match rest.replace('\\', "/").trim_start_matches('/').strip_prefix("./pipe/") {
                Some(name) if !name.is_empty() => Self::Pipe(name.to_owned()),
                _ => Self::Unclear(format!("`{host}` names no pipe")),
            },
            "tcp" | "http" | "https" | "ssh" => Self::Elsewhere(host.to_owned()),
            _ => Self::Unclear(format!("`{host}` is no address of an engine")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Pipe(name) => write!(f, "npipe:////./pipe/{name}"),
            Self::Elsewhere(host) => f.write_str(host),
            Self::Unclear(_) => f.write_str("none"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(key) => write!(f, "setting {key}"),
            Self::Variable(name) => f.write_str(name),
            Self::Context(name) => write!(f, "docker context `{name}`"),
            Self::Usual(who) => f.write_str(who),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_docker_writes_it_and_written_the_same_way() {
        for host in
            ["unix:///run/user/1000/docker.sock", "npipe:////./pipe/docker_engine", "tcp://10.0.0.1:2375"]
        {
            assert_eq!(Endpoint::parse(host).to_string(), host);
        }
        assert_eq!(Endpoint::parse("npipe://\\\\.\\pipe\\podman"), Endpoint::Pipe("podman".to_owned()));
        assert!(matches!(Endpoint::parse("ssh://ada@nas"), Endpoint::Elsewhere(_)));
        for wrong in ["", "docker.sock", "unix://relative.sock", "npipe://here", "fd://", "unix://"] {
            assert!(matches!(Endpoint::parse(wrong), Endpoint::Unclear(_)), "{wrong}");
        }
    }
}
