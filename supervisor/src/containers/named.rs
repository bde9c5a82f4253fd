//! What the user says about where the engine is: our own setting first, then variables and Docker's own
//! context, in the order in which Docker's command line believes them.

use super::endpoint::{Candidate, Endpoint, Origin};
use super::places::Around;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The context that means "the usual place".
const USUAL: &str = "default";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: BTreeMap<String, MetaEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetaEndpoint {
    host: String,
}

/// The one that counts, if anybody named one.
pub fn named(around: &Around) -> Option<Candidate> {
    let variable = |name: &'static str| {
        let host = around.variable(name)?;
        Some(Candidate { endpoint: Endpoint::parse(host), origin: Origin::Variable(name) })
    };
    around
        .setting()
        .or_else(|| variable("DOCKER_HOST"))
        .or_else(|| context(around))
        .or_else(|| variable("CONTAINER_HOST"))
}

fn context(around: &Around) -> Option<Candidate> {
    let folder = around.folder("DOCKER_CONFIG").or_else(|| Some(around.home()?.join(".docker")))?;
    let name = match around.variable("DOCKER_CONTEXT") {
        Some(name) => name.to_owned(),
        None => current(&folder)?,
    };
    if name == USUAL {
        return None;
    }
    let endpoint = match host(&folder, &name) {
        Ok(host) => Endpoint::parse(&host),
        Err(reason) => Endpoint::Unclear(format!("the docker context `{name}` cannot be read: {reason}")),
    };
    Some(Candidate { endpoint, origin: Origin::Context(name) })
}

/// A configuration that cannot be read names nothing: Docker's command line goes on without it, too.
fn current(folder: &Path) -> Option<String> {
    let text = std::fs::read(folder.join("config.json")).ok()?;
    let config: DockerConfig = serde_json::from_slice(&text).ok()?;
    config.current_context.filter(|name| !name.is_empty())
}

fn host(folder: &Path, name: &str) -> Result<String, String> {
    let text = std::fs::read(meta(folder, name)).map_err(|error| error.to_string())?;
    let meta: Meta = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let endpoint = meta.endpoints.get("docker").ok_or("it has no endpoint for Docker")?;
    Ok(endpoint.host.clone())
}

fn meta(folder: &Path, name: &str) -> PathBuf {
    let digest = Sha256::digest(name.as_bytes());
    let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join("contexts/meta").join(id).join("meta.json")
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::around;
    use super::*;

    struct Docker(tempfile::TempDir);

    impl Docker {
        fn new(config: &str) -> Self {
            let temp = tempfile::tempdir().expect("a directory");
            std::fs::create_dir(temp.path().join(".docker")).expect("a folder");
            std::fs::write(temp.path().join(".docker/config.json"), config).expect("written");
            Self(temp)
        }

        fn context(&self, name: &str, meta_json: &str) {
            let path = meta(&self.0.path().join(".docker"), name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, meta_json).expect("written");
        }

        fn named(&self, variables: &[(&str, &str)]) -> Option<(String, String)> {
            let home = self.0.path().display().to_string();
            let mut all = vec![("HOME", &*home)];
            all.extend_from_slice(variables);
            let found = named(&around(Path::new("/nowhere"), "linux", &all))?;
            Some((found.origin.to_string(), found.endpoint.to_string()))
        }
    }

    fn said(origin: &str, endpoint: &str) -> (String, String) {
        (origin.to_owned(), endpoint.to_owned())
    }

    #[test]
    fn they_are_believed_in_dockers_own_order() {
        let docker = Docker::new(r#"{"currentContext":"colima","auths":{}}"#);
        docker.context("colima", r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///c.sock"}}}"#);
        docker.context("nas", r#"{"Name":"nas","Endpoints":{"docker":{"Host":"ssh://ada@nas"}}}"#);
        let (host, podman) = (("DOCKER_HOST", "unix:///h.sock"), ("CONTAINER_HOST", "unix:///p.sock"));
        let context = ("DOCKER_CONTEXT", "nas");
        assert_eq!(docker.named(&[host, context, podman]), Some(said("DOCKER_HOST", "unix:///h.sock")));
        assert_eq!(docker.named(&[context, podman]), Some(said("docker context `nas`", "ssh://ada@nas")));
        assert_eq!(docker.named(&[podman]), Some(said("docker context `colima`", "unix:///c.sock")));
        let usual = ("DOCKER_CONTEXT", "default");
        assert_eq!(docker.named(&[usual, podman]), Some(said("CONTAINER_HOST", "unix:///p.sock")));
        assert_eq!(docker.named(&[usual, ("DOCKER_HOST", "")]), None);
    }

    #[test]
    fn our_own_setting_is_believed_before_all_others() {
        let around = around(Path::new("/nowhere"), "linux", &[("DOCKER_HOST", "unix:///h.sock")]);
        let around = around.with_setting("containers.host", Some(Endpoint::parse("unix:///ours.sock")));
        let found = named(&around).expect("one is named");
        assert_eq!(found.origin.to_string(), "setting containers.host");
        assert_eq!(found.endpoint.to_string(), "unix:///ours.sock");
        assert!(found.origin.is_explicit());
    }

    #[test]
    fn what_was_named_and_cannot_be_read_is_told_and_not_passed_over() {
        let docker = Docker::new(r#"{"currentContext":"gone"}"#);
        assert_eq!(docker.named(&[]), Some(said("docker context `gone`", "none")));
        docker.context("gone", r#"{"Endpoints":{}}"#);
        assert_eq!(docker.named(&[]), Some(said("docker context `gone`", "none")));
        assert_eq!(docker.named(&[("DOCKER_HOST", "docker.sock")]), Some(said("DOCKER_HOST", "none")));
        for damaged in ["", "{", r#"{"currentContext":""}"#, "[]"] {
            assert_eq!(Docker::new(damaged).named(&[]), None, "{damaged}");
        }
    }
}
