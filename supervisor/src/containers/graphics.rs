//! What a container engine could hand to a container of this machine's graphics cards: this looks, and says why it thinks so
//! and how the engine is asked.
//!
//! There are two ways. A runtime of the card's maker, which an engine lists; and the Container Device Interface (CDI), files
//! that describe devices. Docker tells which devices it found since version 1.50 of its interface, and where it looks for
//! those files before that. Podman tells neither, and looks in two folders, with root and without.

use super::places::Around;
use super::probe::Version;
use super::state::{Answered, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// From this version of its interface on Docker tells which devices it found. It leaves the list away where it is empty.
const TELLS_DEVICES: Version = Version(1, 50);
/// Podman leaves such a wish out before this, and says nothing.
const PODMAN_TAKES_WISHES: Version = Version(5, 5);
/// Runtimes that hand graphics cards on.
const RUNTIMES: [&str; 1] = ["nvidia"];
/// Where an engine looks for descriptions that does not say where. On other platforms it runs in a machine of its own, whose
/// files are not seen from here.
const LINUX: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];
/// What the interface reads; other names are not its files.
const ENDINGS: [&str; 2] = ["json", "yaml"];
/// All devices of a kind, as those who describe them name it.
const EVERY: &str = "=all";
/// Of a description the beginning says of what it is.
const LONGEST_DESCRIPTION: u64 = 1 << 20;
/// More are not named, and none at greater length: what others wrote is shown, but not a novel.
const MOST_NAMED: usize = 4;
const LONGEST_NAME: usize = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Runtime,
    Cdi,
    #[default]
    None,
}

/// How, and what tells so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graphics {
    pub by: By,
    pub evidence: String,
    /// What the engine is asked for by CDI.
    #[serde(skip)]
    pub device: Option<String>,
}

/// How an engine is asked for the cards it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOver {
    Runtime,
    /// A device as CDI names it.
    Cdi(String),
}

/// What an engine says about itself, as far as it is about this.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Said {
    runtimes: Option<BTreeMap<String, Value>>,
    #[serde(rename = "CDISpecDirs")]
    folders: Option<Vec<PathBuf>>,
    discovered_devices: Option<Vec<Device>>,
}

#[derive(Debug, Deserialize)]
struct Device {
    #[serde(rename = "ID", default)]
    id: String,
}

impl Said {
    /// What cannot be read says nothing.
    pub fn read(info: &[u8]) -> Self {
        serde_json::from_slice(info).unwrap_or_default()
    }
}

/// Blocks: it may read files. `api` is the engine's own newest.
pub(super) fn graphics(kind: Kind, api: Version, said: &Said, around: &Around) -> Graphics {
    let who = kind.name();
    let lists = |name: &str| said.runtimes.as_ref().is_some_and(|all| all.contains_key(name));
    if let Some(runtime) = RUNTIMES.into_iter().find(|name| lists(name)) {
        let evidence = format!("{who} lists the runtime `{runtime}`");
        return Graphics { by: By::Runtime, evidence, device: None };
    }
    let devices = said.discovered_devices.iter().flatten().map(|device| device.id.as_str());
    let devices: Vec<_> =
        devices.filter(|id| id.split_once('=').is_some_and(|(kind, _)| is_graphics(kind))).collect();
    if !devices.is_empty() {
        let all = devices.iter().find(|id| id.ends_with(EVERY)).or(devices.first());
        let device = all.map(|id| (*id).to_owned());
        return Graphics { by: By::Cdi, evidence: format!("{who} found {}", named(&devices)), device };
    }
    let folders = match &said.folders {
        _ if kind == Kind::Docker && api >= TELLS_DEVICES => Vec::new(),
        Some(folders) => folders.clone(),
        None if kind == Kind::Podman && around.platform == "linux" => LINUX.map(PathBuf::from).into(),
        None => Vec::new(),
    };
    let described: Vec<_> = folders.iter().flat_map(|folder| described(around, folder)).collect();
    if !described.is_empty() {
        let told: Vec<_> = described.iter().map(|(file, kind)| format!("{file} describes {kind}")).collect();
        let device = described.first().map(|(_, kind)| format!("{kind}{EVERY}"));
        return Graphics { by: By::Cdi, evidence: named(&told), device };
    }
    let evidence = match kind {
        Kind::Docker => format!("{who} lists no runtime for graphics cards and finds none by CDI"),
        Kind::Podman => format!("no CDI file that is seen from here describes a graphics card to {who}"),
    };
    Graphics { by: By::None, evidence, device: None }
}

impl Answered {
    /// `None`: it cannot, or it would start what is to have a card without one and say nothing.
    pub fn hands_over(&self) -> Option<HandOver> {
        let takes_wishes = match self.kind {
            Kind::Docker => true,
            Kind::Podman => Version::of(&self.version).is_some_and(|it| it >= PODMAN_TAKES_WISHES),
        };
        match self.graphics.by {
            By::Runtime if self.kind == Kind::Docker => Some(HandOver::Runtime),
            By::Cdi if takes_wishes => self.graphics.device.clone().map(HandOver::Cdi),
            By::Runtime | By::Cdi | By::None => None,
        }
    }
}

/// Each file in this folder that describes graphics cards, and of which kind.
fn described(around: &Around, folder: &Path) -> Vec<(String, String)> {
    let below_root = |path: &Path| around.root.join(path.strip_prefix("/").unwrap_or(path));
    let entries = std::fs::read_dir(below_root(folder)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| folder.join(entry.file_name())).collect();
    names.sort();
    let is_read = |path: &PathBuf| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending))
    };
    let files = names.into_iter().filter(is_read);
    let described = files.filter_map(|file| {
        let kind = kind_in(&below_root(&file)).filter(|kind| is_graphics(kind))?;
        Some((file.display().to_string(), kind))
    });
    described.collect()
}

/// The kind of device that a description is about: `nvidia.com/gpu`.
fn kind_in(file: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(file).ok()?.take(LONGEST_DESCRIPTION).read_to_string(&mut text).ok()?;
    if let Ok(told) = serde_json::from_str::<Value>(&text) {
        return Some(told["kind"].as_str()?.to_owned());
    }
    // Of the other format one line is enough: what stands at its beginning is of the whole file.
    let told = text.lines().find_map(|line| line.strip_prefix("kind:"))?;
    let told = told.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    Some(told.to_owned())
}

/// By its class, which is the same for every maker.
fn is_graphics(kind: &str) -> bool {
    kind.split_once('/').is_some_and(|(maker, class)| !maker.is_empty() && class == "gpu")
}

fn named(all: &[impl AsRef<str>]) -> String {
    let short = |name: &str| name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect::<String>();
    let some: Vec<_> = all.iter().take(MOST_NAMED).map(|name| short(name.as_ref())).collect();
    match all.len() - some.len() {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::around;
    use super::*;
    use serde_json::json;

    const DOCKER: (Kind, Version) = (Kind::Docker, Version(1, 50));
    const OLDER: (Kind, Version) = (Kind::Docker, Version(1, 47));
    const PODMAN: (Kind, Version) = (Kind::Podman, Version(1, 41));

    /// Of a machine with these files.
    fn of((kind, api): (Kind, Version), platform: &str, info: &Value, files: &[(&str, &str)]) -> Graphics {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let said = Said::read(info.to_string().as_bytes());
        graphics(kind, api, &said, &around(root.path(), platform, &[]))
    }

    /// What it says, without what it is asked for.
    fn told(engine: (Kind, Version), platform: &str, info: &Value, files: &[(&str, &str)]) -> Graphics {
        Graphics { device: None, ..of(engine, platform, info, files) }
    }

    fn found(by: By, evidence: &str) -> Graphics {
        Graphics { by, evidence: evidence.to_owned(), device: None }
    }

    #[test]
    fn a_runtime_in_the_list_is_believed_before_anything_else() {
        let device = json!({"Source": "cdi", "ID": "nvidia.com/gpu=0"});
        let info = json!({"Runtimes": {"runc": {"path": "runc"}, "nvidia": {"path": "nvidia-container-runtime"}},
            "DiscoveredDevices": [device]});
        assert_eq!(
            told(DOCKER, "linux", &info, &[]),
            found(By::Runtime, "Docker lists the runtime `nvidia`")
        );
        assert_eq!(of(PODMAN, "macos", &info, &[]).by, By::Runtime);
        let other = json!({"Runtimes": {"runc": {}, "io.containerd.runc.v2": {}}});
        assert_eq!(of(DOCKER, "linux", &other, &[]).by, By::None);
    }

    #[test]
    fn devices_that_an_engine_found_are_named_if_they_are_graphics_cards() {
        let device = |id: &str| json!({"Source": "cdi", "ID": id});
        let info = json!({"CDISpecDirs": ["/etc/cdi"],
            "DiscoveredDevices": [device("vendor.com/net=1"), device("nvidia.com/gpu=0"), device("nvidia.com/gpu=all")]});
        let told = told(DOCKER, "linux", &info, &[]);
        assert_eq!(told, found(By::Cdi, "Docker found nvidia.com/gpu=0, nvidia.com/gpu=all"));
        let many: Vec<_> = (0..9).map(|number| device(&format!("amd.com/gpu={number}"))).collect();
        let told = of(DOCKER, "linux", &json!({"DiscoveredDevices": many}), &[]);
        assert!(told.evidence.ends_with("amd.com/gpu=3 and 5 more"), "{}", told.evidence);
        let none = json!({"DiscoveredDevices": [device("vendor.com/net=1"), device("gpu"), {}]});
        assert_eq!(of(DOCKER, "linux", &none, &[]).by, By::None);
    }

    #[test]
    fn an_engine_that_tells_no_devices_is_believed_its_folders() {
        let yaml = "---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n";
        let files = [("/home/ada/.config/cdi/nvidia.yaml", yaml), ("/etc/cdi/nvidia.yaml", yaml)];
        let info = json!({"CDISpecDirs": ["/home/ada/.config/cdi", "/run/user/1000/cdi"]});
        let expected = found(By::Cdi, "/home/ada/.config/cdi/nvidia.yaml describes nvidia.com/gpu");
        assert_eq!(told(OLDER, "linux", &info, &files), expected);
        assert_eq!(told(PODMAN, "linux", &info, &files), expected);
        // One that would tell has found none; one that names no folder reads none.
        assert_eq!(of(DOCKER, "linux", &info, &files).by, By::None);
        assert_eq!(of(OLDER, "linux", &json!({}), &files).by, By::None);
    }

    #[test]
    fn for_podman_its_two_folders_are_looked_at_and_only_what_it_reads_there() {
        let of = |platform: &str, files: &[(&str, &str)]| {
            told(PODMAN, platform, &json!({"Runtimes": {"crun": {}}}), files)
        };
        let json = r#"{"cdiVersion":"0.6.0","kind":"nvidia.com/gpu","devices":[{"name":"all"}]}"#;
        for (file, text) in [
            ("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu"),
            ("/etc/cdi/nvidia.yaml", "cdiVersion: \"0.5.0\"\nkind: \"nvidia.com/gpu\" # all of them\n"),
            ("/var/run/cdi/nvidia.json", json),
        ] {
            assert_eq!(
                of("linux", &[(file, text)]),
                found(By::Cdi, &format!("{file} describes nvidia.com/gpu"))
            );
        }
        for (file, text) in [
            ("/etc/cdi/net.yaml", "kind: vendor.com/net"),
            ("/etc/cdi/nvidia.yaml", "devices:\n- name: x\n  kind: nvidia.com/gpu\n"),
            ("/etc/cdi/nvidia.yaml.bak", "kind: nvidia.com/gpu"),
            ("/etc/cdi/broken.json", "{"),
            ("/home/ada/.config/cdi/nvidia.yaml", "kind: nvidia.com/gpu"),
        ] {
            let none =
                found(By::None, "no CDI file that is seen from here describes a graphics card to Podman");
            assert_eq!(of("linux", &[(file, text)]), none, "{file}: {text}");
        }
        let elsewhere = of("macos", &[("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu")]);
        assert_eq!(elsewhere.by, By::None, "its machine has other files");
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for info in
            [json!([]), json!({"Runtimes": 3}), json!({"DiscoveredDevices": "all", "CDISpecDirs": null})]
        {
            let none = found(By::None, "Docker lists no runtime for graphics cards and finds none by CDI");
            assert_eq!(of(DOCKER, "linux", &info, &[]), none, "{info}");
        }
    }

    #[test]
    fn an_engine_is_asked_as_it_hands_cards_on_and_one_that_would_be_silent_is_not_asked() {
        let info = |ids: &[&str]| {
            let devices: Vec<_> = ids.iter().map(|id| json!({"Source": "cdi", "ID": id})).collect();
            json!({ "DiscoveredDevices": devices })
        };
        let by = |engine: (Kind, Version), version: &str, info: &Value, files: &[(&str, &str)]| {
            let graphics = of(engine, "linux", info, files);
            let (version, api) = (version.to_owned(), engine.1.to_string());
            Answered { kind: engine.0, version, api, graphics }.hands_over()
        };
        let cdi = |device: &str| Some(HandOver::Cdi(device.to_owned()));
        let runtime = json!({"Runtimes": {"nvidia": {}}});
        assert_eq!(by(DOCKER, "27.0.1", &runtime, &[]), Some(HandOver::Runtime));
        assert_eq!(by(PODMAN, "5.5.0", &runtime, &[]), None);
        let both = info(&["nvidia.com/gpu=0", "nvidia.com/gpu=all"]);
        assert_eq!(by(DOCKER, "28.2.0", &both, &[]), cdi("nvidia.com/gpu=all"));
        assert_eq!(by(DOCKER, "28.2.0", &info(&["amd.com/gpu=1"]), &[]), cdi("amd.com/gpu=1"));
        assert_eq!(by(DOCKER, "28.2.0", &info(&[]), &[]), None);
        let files = [("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu")];
        for (version, taken) in [
            ("5.5.0", true),
            ("5.10.1", true),
            ("6.0.0-dev", true),
            ("5.4.2", false),
            ("4.3.1", false),
            ("?", false),
        ] {
            let asked = by(PODMAN, version, &json!({}), &files);
            assert_eq!(asked, taken.then(|| HandOver::Cdi("nvidia.com/gpu=all".to_owned())), "{version}");
        }
    }
}
