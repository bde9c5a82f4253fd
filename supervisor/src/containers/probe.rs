//! One endpoint: who listens there, how it does, and what to do about it.

use super::endpoint::Endpoint;
use super::graphics::{Graphics, Said, graphics};
use super::places::Around;
use super::question::{Answer, Silence, ask};
use super::state::{Answered, Kind, State, Verdict};
use serde::Deserialize;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

/// The versions of the API that this program talks.
const OLDEST: Version = Version(1, 41);
const NEWEST: Version = Version(1, 53);
/// What an engine says of itself is shown, but not a novel.
const LONGEST_WORD: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub u32, pub u32);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }

    /// The first two numbers of a program's version, such as `5.5.0-rc1`.
    pub fn of(text: &str) -> Option<Self> {
        let mut numbers = text.split(['.', '-']);
        Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versions {
    version: String,
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Info {
    driver: String,
    docker_root_dir: String,
    cgroup_version: String,
    #[serde(rename = "OSType")]
    os_type: String,
    architecture: String,
    security_options: Option<Vec<String>>,
}

/// `patience` is for each of a few questions.
pub async fn probe(endpoint: &Endpoint, around: &Around, patience: Duration) -> Verdict {
    match endpoint {
        Endpoint::Socket(path) => socket(path, around, patience).await,
        Endpoint::Pipe(name) => pipe(name),
        Endpoint::Elsewhere(_) => {
            let detail = "that may be another machine, where the box starts nothing: unset it, or name a socket of \
                this machine, to use containers";
            Verdict::new(State::Disabled, detail)
        }
        Endpoint::Unclear(reason) => Verdict::new(State::NotInstalled, reason.clone()),
    }
}

/// Pipes are Windows's; here none can be there.
fn pipe(name: &str) -> Verdict {
    Verdict::new(State::NotInstalled, format!("the pipe {name} is not there"))
}

/// Whether the engine is still there. Cheap, and says nothing about how it does.
pub async fn answers(endpoint: &Endpoint, patience: Duration) -> bool {
    let Endpoint::Socket(path) = endpoint else { return false };
    let ping = ask(path, "/_ping", patience).await;
    ping.is_ok_and(|ping| ping.status == 200 && ping.api_version.is_some())
}

async fn socket(path: &Path, around: &Around, patience: Duration) -> Verdict {
    let ping = match ask(path, "/_ping", patience).await {
        Ok(ping) => ping,
        Err(silence) => return silent(path, &silence),
    };
    if ping.status >= 500 {
        return Verdict::new(State::Starting, format!("it answers {} and is not ready yet", ping.status));
    }
    if ping.status != 200 || ping.api_version.is_none() {
        return Verdict::new(State::NotDocker, "something listens there that is no container engine");
    }
    let versions = match ask(path, "/version", patience).await {
        Ok(answer) => answer,
        Err(silence) => return silent(path, &silence),
    };
    let Some((mut verdict, mut answered, api)) = versions_of(&versions) else {
        return Verdict::new(State::NotDocker, "it does not tell its version as a container engine does");
    };
    if verdict.state != State::Running {
        verdict.answered = Some(answered);
        return verdict;
    }
    let notes = match ask(path, "/info", patience).await {
        Ok(Answer { status: 200, body, .. }) => {
            answered.graphics = handed_on(answered.kind, api, Said::read(&body), around, patience).await;
            match serde_json::from_slice::<Info>(&body) {
                Ok(info) => notes(&info, &around.arch),
                Err(_) => vec!["what it tells about itself cannot be read".to_owned()],
            }
        }
        Ok(_) | Err(_) => vec!["it does not tell how it is set up".to_owned()],
    };
    verdict.answered = Some(answered);
    if !notes.is_empty() {
        verdict.state = State::Degraded;
        verdict.detail = format!("{}; {}", verdict.detail, notes.join("; "));
    }
    verdict
}

/// Files are read for it. A disk that is gone is not waited for.
async fn handed_on(kind: Kind, api: Version, said: Said, around: &Around, patience: Duration) -> Graphics {
    let around = around.clone();
    let looking = tokio::task::spawn_blocking(move || graphics(kind, api, &said, &around));
    tokio::time::timeout(patience, looking).await.ok().and_then(Result::ok).unwrap_or_default()
}

fn silent(path: &Path, silence: &Silence) -> Verdict {
    match silence {
        Silence::Absent => Verdict::new(State::NotInstalled, "nothing is there"),
        Silence::Refused => Verdict::new(State::Stopped, "nobody listens there: start the engine"),
        Silence::Mute => Verdict::new(State::Starting, "it takes calls and does not answer yet"),
        Silence::Closed => Verdict::new(State::PermissionDenied, closed(path)),
    }
}

/// Whose it is, and how to be let in.
fn closed(path: &Path) -> String {
    let Ok(metadata) = std::fs::metadata(path) else {
        // The first that can be seen is the one that hides what is in it.
        let closed = path.ancestors().skip(1).find(|folder| folder.metadata().is_ok()).unwrap_or(path);
        return format!("the folder {} is closed to this user", closed.display());
    };
    let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777);
    let kind = if metadata.file_type().is_socket() { "socket" } else { "file" };
    format!(
        "the {kind} belongs to user {owner} and group {group} (mode {mode:o}) and is closed to this user. Add the \
         user to that group and sign in again; whoever is in it can do anything on this machine"
    )
}

/// With the newest version of its interface.
fn versions_of(answer: &Answer) -> Option<(Verdict, Answered, Version)> {
    let found: Versions = serde_json::from_slice(&answer.body).ok()?;
    let theirs = Version::parse(&found.api_version)?;
    let oldest = found.min_api_version.as_deref().and_then(Version::parse);
    let is_podman = found.components.iter().any(|component| component.name.contains("Podman"));
    let kind = if is_podman { Kind::Podman } else { Kind::Docker };
    let (name, version) = (kind.name(), word(&found.version));
    let detail = format!("{name} {version}");
    let verdict = if theirs < OLDEST {
        let why = format!(
            "{detail} speaks version {theirs} of its interface, and {OLDEST} is the oldest that is understood here: \
             update {name}"
        );
        Verdict::new(State::ApiTooOld, why)
    } else if oldest.is_some_and(|oldest| oldest > NEWEST) {
        let oldest = oldest.unwrap_or(NEWEST);
        let why = format!(
            "{detail} wants version {oldest} of its interface at least, and {NEWEST} is the newest that is known here: \
             update WhisperEngine"
        );
        Verdict::new(State::ClientTooOld, why)
    } else {
        Verdict::new(State::Running, detail)
    };
    let api = theirs.min(NEWEST).to_string();
    Some((verdict, Answered { kind, version, api, graphics: Graphics::default() }, theirs))
}

/// What works less well than it could, each in a few words.
fn notes(info: &Info, arch: &str) -> Vec<String> {
    let rootless = info.security_options.iter().flatten().any(|option| option.contains("rootless"));
    let same_processor = info.architecture.is_empty() || processor(&info.architecture) == processor(arch);
    let found = [
        (info.os_type == "windows", "it runs Windows containers: switch it to Linux containers".to_owned()),
        (
            matches!(info.driver.as_str(), "vfs" | "fuse-overlayfs"),
            format!("its storage driver `{}` is slow and takes more room", word(&info.driver)),
        ),
        (
            info.docker_root_dir.starts_with("/var/snap/"),
            "it was installed as a snap, which cannot see every folder".to_owned(),
        ),
        (
            rootless && info.cgroup_version == "1",
            "without root on this kernel's first control groups, limits of memory do not hold".to_owned(),
        ),
        (!same_processor, format!("it runs on another processor ({}), slowly", word(&info.architecture))),
    ];
    found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| note).collect()
}

/// Docker and Podman name the same one differently.
pub fn processor(name: &str) -> &str {
    match name {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    }
}

fn word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_one_name_whoever_names_it() {
        assert_eq!(processor("amd64"), processor("x86_64"));
        assert_eq!(processor("arm64"), processor("aarch64"));
        assert_ne!(processor("amd64"), processor("arm64"));
    }
}
