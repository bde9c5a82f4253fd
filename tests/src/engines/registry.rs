//! A registry on a loopback port, for pulls without the internet. Without accounts; deleting is allowed.

use super::container_engine::ContainerEngine;
use crate::free_port::free_port;
use crate::process::{Home, Process};
use crate::{http, wait};
use ::http::{Request, StatusCode, header};
use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::Full;
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const MANIFESTS: &str =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";

pub struct Registry {
    address: SocketAddr,
    process: Process,
    _home: Home,
}

/// What a pushed image is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// `redis:1`
    pub name: String,
    /// `sha256:…` of its manifest.
    pub digest: String,
}

impl Pushed {
    /// By its tag, at the registry or at a wire that leads there.
    pub fn at(&self, address: SocketAddr) -> String {
        format!("{address}/{}", self.name)
    }

    /// The same, pinned: by its digest alone.
    pub fn pinned_at(&self, address: SocketAddr) -> String {
        let (repository, _tag) = self.name.split_once(':').unwrap_or((&self.name, ""));
        format!("{address}/{repository}@{}", self.digest)
    }
}

impl Registry {
    /// Why this machine has none, in words to skip by.
    pub fn missing() -> Option<String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = std::env::split_paths(&path).any(|folder| folder.join("docker-registry").is_file());
        (!there).then(|| "there is no docker-registry".to_owned())
    }

    pub async fn start() -> anyhow::Result<Self> {
        let (home, address) = (Home::new()?, free_port()?);
        let settings = home.path().join("registry.yml");
        let store = home.path().join("store");
        let text = format!(
            "version: 0.1\nlog: {{ level: warn }}\nstorage:\n  filesystem: {{ rootdirectory: {} }}\n  delete: {{ \
             enabled: true }}\nhttp: {{ addr: \"{address}\" }}\n",
            store.display()
        );
        std::fs::write(&settings, text)?;
        let settings = settings.to_str().context("the temporary folder has an odd name")?;
        let mut process = home.start_neighbour("docker-registry", &["serve", settings])?;
        process.wait_for_answer(address, "/v2/", SOON).await?;
        Ok(Self { address, process, _home: home })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGSTOP: it hangs, until `go_on`.
    pub fn hang(&self) -> anyhow::Result<()> {
        self.process.pause()
    }

    pub fn go_on(&self) -> anyhow::Result<()> {
        self.process.resume()
    }

    /// An image that the engine has, such as `whisperengine-test/redis:1`; it is called `redis:1` here.
    pub async fn push(&self, engine: &ContainerEngine, image: &str) -> anyhow::Result<Pushed> {
        let name = image.rsplit_once('/').map_or(image, |(_, name)| name).to_owned();
        let reference = format!("{}/{name}", self.address);
        engine.run(&["tag", image, &reference]).await?;
        engine.run(&["push", &reference]).await?;
        engine.run(&["rmi", &reference]).await?;
        let digest = self.digest(&name).await?;
        Ok(Pushed { name, digest })
    }

    /// Of the manifest that `name:tag` means now.
    pub async fn digest(&self, name: &str) -> anyhow::Result<String> {
        let (repository, tag) = name.split_once(':').context("the name has a tag")?;
        let path = format!("/v2/{repository}/manifests/{tag}");
        let request = Request::head(path).header(header::ACCEPT, MANIFESTS).body(Full::<Bytes>::default())?;
        let answer = http::send(self.address, request).await?;
        ensure!(answer.status() == StatusCode::OK, "the registry answered {}", answer.status());
        let digest = answer.headers().get("docker-content-digest").context("the registry named no digest")?;
        Ok(digest.to_str()?.to_owned())
    }

    /// Takes the image away, as a publisher might.
    pub async fn delete(&self, pushed: &Pushed) -> anyhow::Result<()> {
        let (repository, _tag) = pushed.name.split_once(':').context("the name has a tag")?;
        let path = format!("/v2/{repository}/manifests/{}", pushed.digest);
        let answer = http::send(self.address, Request::delete(path).body(Full::<Bytes>::default())?).await?;
        ensure!(answer.status() == StatusCode::ACCEPTED, "the registry answered {}", answer.status());
        wait::until("the image to be gone", SOON, async || {
            Ok(self.digest(&pushed.name).await.is_err().then_some(()))
        })
        .await
    }
}
