//! Whether an engine is installed though nobody listens, and how it is started.

use super::places::Around;

pub struct Installed {
    pub who: &'static str,
    /// What to type or click.
    pub start: &'static str,
}

impl Installed {
    pub fn sentence(&self) -> String {
        format!("{} is installed and does not run: {}", self.who, self.start)
    }
}

/// What tells that it is there, whose it is, how to start it.
type Sign = (&'static str, &'static str, &'static str);

/// Files and folders below `/`.
const LINUX: &[Sign] = &[
    ("lib/systemd/system/docker.service", "Docker", "systemctl start docker"),
    ("usr/lib/systemd/system/docker.service", "Docker", "systemctl start docker"),
    ("etc/systemd/system/docker.service", "Docker", "systemctl start docker"),
    ("opt/docker-desktop", "Docker Desktop", "systemctl --user start docker-desktop"),
    ("lib/systemd/system/podman.socket", "Podman", "systemctl --user enable --now podman.socket"),
    ("usr/lib/systemd/system/podman.socket", "Podman", "systemctl --user enable --now podman.socket"),
];
const MACOS: &[Sign] = &[
    ("Applications/Docker.app", "Docker Desktop", "docker desktop start"),
    ("Applications/OrbStack.app", "OrbStack", "open -a OrbStack"),
    ("Applications/Rancher Desktop.app", "Rancher Desktop", "open -a 'Rancher Desktop'"),
];
const WINDOWS: &[Sign] =
    &[("Program Files/Docker/Docker/Docker Desktop.exe", "Docker Desktop", "docker desktop start")];

/// Programs in the search path. Docker's command line alone is no engine.
const PROGRAMS: &[Sign] = &[
    ("dockerd", "Docker", "systemctl start docker"),
    ("podman", "Podman", "podman machine start, or: systemctl --user enable --now podman.socket"),
    ("colima", "Colima", "colima start"),
];

/// The first that is found.
pub fn installed(around: &Around) -> Option<Installed> {
    let signs = match around.platform.as_str() {
        "macos" => MACOS,
        "windows" => WINDOWS,
        _ => LINUX,
    };
    let as_files = signs.iter().find(|(path, ..)| around.root.join(path).exists());
    let found = as_files.or_else(|| PROGRAMS.iter().find(|(program, ..)| around.program(program).is_some()));
    found.map(|&(_, who, start)| Installed { who, start })
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::around;
    use super::*;

    #[test]
    fn a_unit_an_app_or_a_program_says_that_it_is_there() {
        let temp = tempfile::tempdir().expect("a directory");
        let root = temp.path();
        let bin = root.join("bin").display().to_string();
        let found = |platform: &str| installed(&around(root, platform, &[("PATH", &bin)])).map(|it| it.who);
        assert_eq!((found("linux"), found("macos"), found("windows")), (None, None, None));

        std::fs::create_dir(root.join("bin")).expect("a folder");
        std::fs::write(root.join("bin/docker"), "").expect("a command line");
        assert_eq!(found("linux"), None, "Docker's command line alone is no engine");
        std::fs::write(root.join("bin/podman"), "").expect("a program");
        assert_eq!(found("linux"), Some("Podman"));
        std::fs::create_dir_all(root.join("Applications/Docker.app")).expect("an app");
        assert_eq!(found("macos"), Some("Docker Desktop"));
        std::fs::create_dir_all(root.join("lib/systemd/system/docker.service")).expect("a unit");
        assert_eq!(found("linux"), Some("Docker"));
    }
}
