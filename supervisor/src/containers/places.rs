//! Where container engines of this machine listen: what the user says, then the usual sockets.
//!
//! Only sockets of this machine. A daemon elsewhere is not looked for: what runs there is not ours to use.

use crate::machine::source::Environment;
use std::path::{Path, PathBuf};

/// Below `/`.
const OF_THE_SYSTEM: [&str; 2] = ["run/docker.sock", "run/podman/podman.sock"];
/// Below `$XDG_RUNTIME_DIR`: engines without root.
const OF_THE_SESSION: [&str; 2] = ["docker.sock", "podman/podman.sock"];
/// Below the home directory: desktop programs that bring an engine along.
const OF_THE_DESKTOP: [&str; 5] = [
    ".docker/desktop/docker.sock",
    ".docker/run/docker.sock",
    ".rd/docker.sock",
    ".colima/default/docker.sock",
    ".orbstack/run/docker.sock",
];

/// In the order they are believed; none of them need exist.
pub fn usual(root: &Path, environment: &Environment) -> Vec<PathBuf> {
    let folder = |name: &str| environment.get(name).filter(|path| path.starts_with('/')).map(Path::new);
    let below = |folder: Option<&Path>, names: &[&str]| -> Vec<PathBuf> {
        folder.map(|folder| names.iter().map(|name| folder.join(name)).collect()).unwrap_or_default()
    };
    let said = environment.get("DOCKER_HOST").and_then(|host| host.strip_prefix("unix://"));
    let mut places: Vec<PathBuf> =
        said.filter(|path| path.starts_with('/')).map(PathBuf::from).into_iter().collect();
    places.extend(below(folder("XDG_RUNTIME_DIR"), &OF_THE_SESSION));
    places.extend(below(Some(root), &OF_THE_SYSTEM));
    places.extend(below(folder("HOME"), &OF_THE_DESKTOP));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Vec<String> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let found = usual(Path::new("/"), &variables.iter().map(pair).collect());
        found.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn what_the_user_says_comes_first_and_nothing_relative_is_a_place() {
        let all = places(&[
            ("DOCKER_HOST", "unix:///srv/engine.sock"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
            ("HOME", "/home/ada"),
        ]);
        assert_eq!(
            all[..3],
            ["/srv/engine.sock", "/run/user/1000/docker.sock", "/run/user/1000/podman/podman.sock"]
        );
        assert_eq!(all[3..5], ["/run/docker.sock", "/run/podman/podman.sock"]);
        assert_eq!(all[5], "/home/ada/.docker/desktop/docker.sock");
        for elsewhere in ["tcp://10.0.0.1:2375", "ssh://ada@nas", "unix://relative.sock", ""] {
            let found = places(&[("DOCKER_HOST", elsewhere), ("HOME", "home"), ("XDG_RUNTIME_DIR", "")]);
            assert_eq!(found, ["/run/docker.sock", "/run/podman/podman.sock"], "{elsewhere}");
        }
    }
}
