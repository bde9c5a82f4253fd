//! The engines a story runs over.

/// Which program, and for whom it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Docker,
    Podman,
    RootlessPodman,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::RootlessPodman];

    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::RootlessPodman => "rootless podman",
        }
    }

    /// Why this machine cannot start one, in words to skip by.
    pub fn missing(self) -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some(format!("only root can start a private {}", self.name()));
        }
        self.needs().iter().find(|program| !is_there(program)).map(|program| format!("there is no {program}"))
    }

    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Docker => &["docker", "dockerd", "containerd", "runc", "iptables", "ip"],
            Self::Podman => &[
                "docker",
                "podman",
                "iptables",
                "ip",
                "/usr/lib/podman/netavark",
                "/usr/lib/podman/aardvark-dns",
            ],
            Self::RootlessPodman => &[
                "docker",
                "podman",
                "newuidmap",
                "slirp4netns",
                "setpriv",
                "unshare",
                "/usr/lib/podman/netavark",
                "/usr/lib/podman/aardvark-dns",
                "/dev/net/tun",
                "/proc/self/ns/user",
            ],
        }
    }
}

/// A bare name in `PATH`; a path by itself, which joining leaves as it is.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}
