//! Where container engines listen on each platform, as data.
//!
//! What the user names comes first (`named`); these are what is left when nobody says anything. Only places
//! on this machine: what runs elsewhere is not ours to use.

use super::endpoint::{Candidate, Endpoint, Origin};
use crate::machine::source::{Environment, Machine};
use std::path::{Path, PathBuf};

/// The variables that say where an engine is. Nothing else of the environment is kept.
const VARIABLES: [&str; 11] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "CONTAINER_HOST",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "COLIMA_HOME",
    "HOME",
    "USERPROFILE",
    "TMPDIR",
    "PATH",
];

/// What of the machine is looked at.
#[derive(Clone, Debug)]
pub struct Around {
    pub root: PathBuf,
    pub platform: String,
    /// `x86_64`, `aarch64`…
    pub arch: String,
    variables: Environment,
    setting: Option<Candidate>,
    data: Option<PathBuf>,
}

/// Where a usual path begins.
#[derive(Clone, Copy)]
enum Base {
    Root,
    Home,
    /// `$XDG_RUNTIME_DIR`, or where it would be.
    Session,
    Colima,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    Config,
    Temp,
}

/// A place, and whose it is. `*` stands for every entry of a folder.
type Usual = (&'static str, Base, &'static str);

const LINUX: &[Usual] = &[
    ("Docker without root", Base::Session, "docker.sock"),
    ("Docker", Base::Root, "run/docker.sock"),
    ("Docker", Base::Root, "var/run/docker.sock"),
    ("Podman without root", Base::Session, "podman/podman.sock"),
    ("Podman", Base::Root, "run/podman/podman.sock"),
    ("Docker Desktop", Base::Home, ".docker/desktop/docker.sock"),
    ("Docker without root", Base::Home, ".docker/run/docker.sock"),
    ("Rancher Desktop", Base::Home, ".rd/docker.sock"),
    ("Colima", Base::Colima, "*/docker.sock"),
    ("Lima", Base::Home, ".lima/docker/sock/docker.sock"),
    ("Synology", Base::Root, "volume1/docker/docker.sock"),
];

const MACOS: &[Usual] = &[
    ("Docker Desktop", Base::Home, ".docker/run/docker.sock"),
    ("OrbStack", Base::Home, ".orbstack/run/docker.sock"),
    ("Docker", Base::Root, "var/run/docker.sock"),
    ("Colima", Base::Colima, "*/docker.sock"),
    ("Colima", Base::Colima, "docker.sock"),
    ("Colima", Base::Config, "colima/*/docker.sock"),
    ("Rancher Desktop", Base::Home, ".rd/docker.sock"),
    ("Lima", Base::Home, ".lima/docker/sock/docker.sock"),
    ("Podman", Base::Temp, "podman/podman-machine-default-api.sock"),
    ("Podman", Base::Home, ".local/share/containers/podman/machine/podman.sock"),
    ("Podman", Base::Home, ".local/share/containers/podman/machine/*/podman.sock"),
];

const WINDOWS: &[(&str, &str)] = &[
    ("Docker", "docker_engine"),
    ("Docker Desktop", "dockerDesktopLinuxEngine"),
    ("Docker Desktop", "docker_engine_linux"),
    ("Podman", "podman-machine-default"),
];

impl Around {
    pub fn of(machine: &Machine, environment: &Environment) -> Self {
        let variables = environment.iter().filter(|(name, _)| VARIABLES.contains(&name.as_str()));
        Self {
            root: machine.root.clone(),
            platform: machine.platform.clone(),
            arch: machine.arch.clone(),
            variables: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
            setting: None,
            data: None,
        }
    }

    /// With what our own setting names, which is believed before anything else.
    #[must_use]
    pub fn with_setting(self, key: &'static str, endpoint: Option<Endpoint>) -> Self {
        let setting = endpoint.map(|endpoint| Candidate { endpoint, origin: Origin::Setting(key) });
        Self { setting, ..self }
    }

    /// With where the box keeps what it hands to services.
    #[must_use]
    pub fn with_data(self, root: &Path) -> Self {
        Self { data: Some(root.to_owned()), ..self }
    }

    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    pub fn setting(&self) -> Option<Candidate> {
        self.setting.clone()
    }

    /// What a program that looks for its own engine may know.
    pub fn variables(&self) -> &Environment {
        &self.variables
    }

    /// Where this program is, by the search path.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = self.variable("PATH").map(std::env::split_paths).into_iter().flatten();
        let names = [name.to_owned(), format!("{name}.exe")];
        let mut places = folders
            .filter(|folder| folder.is_absolute())
            .flat_map(|folder| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>());
        places.find(|place| place.is_file())
    }

    /// An empty variable is as good as none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn home(&self) -> Option<PathBuf> {
        self.folder(if self.platform == "windows" { "USERPROFILE" } else { "HOME" })
    }

    /// Of a variable; nothing relative is a place.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from).filter(|path| self.platform == "windows" || path.is_absolute())
    }

    fn base(&self, base: Base) -> Option<PathBuf> {
        match base {
            Base::Root => Some(self.root.clone()),
            Base::Home => self.home(),
            Base::Session => Some(self.folder("XDG_RUNTIME_DIR").unwrap_or_else(|| {
                self.root.join("run/user").join(rustix::process::geteuid().as_raw().to_string())
            })),
            Base::Colima => self.folder("COLIMA_HOME").or_else(|| Some(self.home()?.join(".colima"))),
            Base::Config => self.folder("XDG_CONFIG_HOME").or_else(|| Some(self.home()?.join(".config"))),
            Base::Temp => self.folder("TMPDIR"),
        }
    }

    /// Where engines usually listen here, the most usual first; none of them need exist.
    pub fn usual(&self) -> Vec<Candidate> {
        let list = match self.platform.as_str() {
            "windows" => {
                let pipe = |&(who, name): &(_, &str)| Candidate {
                    endpoint: Endpoint::Pipe(name.to_owned()),
                    origin: Origin::Usual(who),
                };
                return WINDOWS.iter().map(pipe).collect();
            }
            "macos" => MACOS,
            _ => LINUX,
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        for &(who, base, path) in list {
            let Some(base) = self.base(base) else { continue };
            for path in expanded(&base, path) {
                let endpoint = Endpoint::Socket(path);
                if candidates.iter().all(|known| known.endpoint != endpoint) {
                    candidates.push(Candidate { endpoint, origin: Origin::Usual(who) });
                }
            }
        }
        candidates
    }
}

/// The path itself, or with every entry of the folder in the place of its `*`, sorted.
fn expanded(base: &Path, path: &str) -> Vec<PathBuf> {
    let Some((before, after)) = path.split_once("*/") else { return vec![base.join(path)] };
    let entries = std::fs::read_dir(base.join(before)).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path().join(after)).collect();
    paths.sort();
    paths
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn around(root: &Path, platform: &str, variables: &[(&str, &str)]) -> Around {
        let machine = Machine { root: root.to_owned(), platform: platform.to_owned(), ..Machine::this() };
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Around::of(&machine, &variables.iter().map(pair).collect())
    }

    fn usual(platform: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let found = around(Path::new("/nowhere"), platform, variables).usual();
        found.iter().map(|candidate| format!("{} {}", candidate.origin, candidate.endpoint)).collect()
    }

    #[test]
    fn each_platform_has_its_places() {
        let user = ("HOME", "/home/ada");
        let linux = usual("linux", &[user, ("XDG_RUNTIME_DIR", "/run/user/1000")]);
        assert_eq!(
            linux[..5],
            [
                "Docker without root unix:///run/user/1000/docker.sock",
                "Docker unix:///nowhere/run/docker.sock",
                "Docker unix:///nowhere/var/run/docker.sock",
                "Podman without root unix:///run/user/1000/podman/podman.sock",
                "Podman unix:///nowhere/run/podman/podman.sock",
            ]
        );
        let macos = usual("macos", &[user, ("TMPDIR", "/var/folders/x")]);
        assert_eq!(macos[0], "Docker Desktop unix:///home/ada/.docker/run/docker.sock");
        let podman = "Podman unix:///var/folders/x/podman/podman-machine-default-api.sock";
        assert!(macos.iter().any(|place| place == podman), "{macos:?}");
        let windows = usual("windows", &[]);
        assert_eq!(windows[0], "Docker npipe:////./pipe/docker_engine");
        assert_eq!(windows.len(), WINDOWS.len());
    }

    #[test]
    fn without_a_home_only_the_machines_own_places_are_left_and_nothing_relative_is_one() {
        for home in ["", "home/ada"] {
            let left = usual("linux", &[("HOME", home), ("XDG_RUNTIME_DIR", "/s")]);
            assert!(left.iter().all(|place| place.contains("unix:///nowhere/") || place.contains("/s/")));
            assert_eq!(left.len(), 6, "{left:?}");
        }
    }

    #[test]
    fn every_profile_is_a_place_and_no_variable_but_ours_is_kept() {
        let temp = tempfile::tempdir().expect("a directory");
        for profile in ["work", "default"] {
            std::fs::create_dir_all(temp.path().join(profile)).expect("a profile");
        }
        let colima = temp.path().display().to_string();
        let variables = [("COLIMA_HOME", &*colima), ("HOME", "/home/ada"), ("WHISPERENGINE_SECRET", "x")];
        let around = around(Path::new("/nowhere"), "macos", &variables);
        let found = around.usual();
        let mine: Vec<_> =
            found.iter().filter(|c| c.endpoint.to_string().contains(&colima)).map(|c| &c.endpoint).collect();
        let socket = |profile: &str| Endpoint::Socket(temp.path().join(profile).join("docker.sock"));
        assert_eq!(mine, [&socket("default"), &socket("work"), &socket("")]);
        assert!(!format!("{around:?}").contains("SECRET"));
    }
}
