//! Images: found, fetched, loaded, built, each with its progress.

use super::connection::Daemon;
use super::sorting::{Doing, short, sorted};
use crate::services::fault::{Fault, Trouble};
use bollard::models::{BuildInfo, CreateImageInfo};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, BuilderVersion, CreateImageOptionsBuilder, ImportImageOptionsBuilder,
};
use futures::{Stream, StreamExt};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

/// A pull that says nothing for that long has stalled.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    /// As registries name it.
    pub digests: Vec<String>,
    pub architecture: String,
    pub bytes: u64,
}

/// One thing the engine said about how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Of which layer.
    pub part: Option<String>,
    pub what: String,
    pub done: Option<u64>,
    pub total: Option<u64>,
}

impl Daemon {
    pub async fn image(&self, reference: &str) -> Result<Option<Image>, Trouble> {
        match self.docker.inspect_image(reference).await {
            Ok(found) => Ok(Some(Image {
                id: found.id.unwrap_or_default(),
                digests: found.repo_digests.unwrap_or_default(),
                architecture: found.architecture.unwrap_or_default(),
                bytes: found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            })),
            Err(error) => match sorted(&error, Doing::Ask) {
                Trouble { fault: Fault::Removed | Fault::ImageGone, .. } => Ok(None),
                trouble => Err(trouble),
            },
        }
    }

    /// Whoever drops the stream cancels the pull.
    pub async fn pull(&self, reference: &str, mut say: impl FnMut(Said)) -> Result<(), Trouble> {
        let (name, tag) = split(reference);
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
        let docker = self.waiting(LONGEST_SILENCE);
        let stream = docker.create_image(Some(options), None, None);
        follow(stream, Doing::Fetch, |news: CreateImageInfo| {
            let detail = news.progress_detail;
            let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
            say(Said {
                part: news.id,
                what: short(&news.status.unwrap_or_default()),
                done: count(detail.as_ref().and_then(|detail| detail.current)),
                total: count(detail.and_then(|detail| detail.total)),
            });
        })
        .await
    }

    /// From an archive, piece by piece.
    pub async fn load(&self, archive: &Path, say: impl FnMut(Said)) -> Result<(), Trouble> {
        let file = tokio::fs::File::open(archive).await;
        let file = file.map_err(|error| Trouble::new(Fault::BundleDamaged, error.to_string()))?;
        let options = ImportImageOptionsBuilder::new().build();
        let docker = self.waiting(LONGEST_SILENCE);
        let stream = docker.import_image_stream(options, ReaderStream::with_capacity(file, 1 << 18), None);
        let loaded = follow(stream, Doing::Fetch, said_of_build(say)).await;
        // Whatever an engine says about an archive it cannot read, it is the archive.
        loaded.map_err(|trouble| match trouble.fault {
            Fault::Refused => Trouble::new(Fault::BundleDamaged, trouble.detail),
            _ => trouble,
        })
    }

    /// Into an archive that any engine loads.
    pub async fn save(&self, reference: &str, archive: &Path) -> Result<(), Trouble> {
        let file = tokio::fs::File::create(archive).await;
        let mut file = file.map_err(|error| on_disk(&error))?;
        let docker = self.waiting(LONGEST_SILENCE);
        let mut stream = std::pin::pin!(docker.export_image(reference));
        loop {
            match tokio::time::timeout(LONGEST_SILENCE, stream.next()).await {
                Ok(Some(Ok(piece))) => file.write_all(&piece).await.map_err(|error| on_disk(&error))?,
                Ok(Some(Err(error))) => return Err(sorted(&error, Doing::Ask)),
                Ok(None) => break,
                Err(_) => return Err(Trouble::new(Fault::EngineHung, "nothing came for two minutes")),
            }
        }
        file.sync_all().await.map_err(|error| on_disk(&error))
    }

    /// From a context in an archive, under that name.
    pub async fn build(
        &self,
        context: &Path,
        name: &str,
        labels: &HashMap<String, String>,
        say: impl FnMut(Said),
    ) -> Result<(), Trouble> {
        let file = tokio::fs::File::open(context).await;
        let file = file.map_err(|error| Trouble::new(Fault::BuildFailed, error.to_string()))?;
        let body = bollard::body_try_stream(ReaderStream::with_capacity(file, 1 << 18));
        let options = BuildImageOptionsBuilder::new()
            .t(name)
            .labels(labels)
            .networkmode("none")
            .version(BuilderVersion::BuilderV1)
            .rm(true)
            .forcerm(true)
            .build();
        let docker = self.waiting(LONGEST_SILENCE);
        let stream = docker.build_image(options, None, Some(body));
        follow(stream, Doing::Build, said_of_build(say)).await
    }
}

fn on_disk(error: &std::io::Error) -> Trouble {
    let is_full = error.kind() == std::io::ErrorKind::StorageFull;
    Trouble::new(if is_full { Fault::DiskFull } else { Fault::Refused }, error.to_string())
}

async fn follow<T>(
    stream: impl Stream<Item = Result<T, bollard::errors::Error>>,
    doing: Doing,
    mut each: impl FnMut(T),
) -> Result<(), Trouble> {
    let mut stream = std::pin::pin!(stream);
    loop {
        match tokio::time::timeout(LONGEST_SILENCE, stream.next()).await {
            Ok(Some(Ok(news))) => each(news),
            Ok(Some(Err(error))) => return Err(sorted(&error, doing)),
            Ok(None) => return Ok(()),
            Err(_) => return Err(Trouble::new(Fault::PullStalled, "nothing came for two minutes")),
        }
    }
}

fn said_of_build(mut say: impl FnMut(Said)) -> impl FnMut(BuildInfo) {
    move |news| {
        let what = news.stream.or(news.status).unwrap_or_default();
        if what.trim().is_empty() {
            return;
        }
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let detail = news.progress_detail;
        say(Said {
            part: news.id,
            what: short(&what),
            done: count(detail.as_ref().and_then(|detail| detail.current)),
            total: count(detail.and_then(|detail| detail.total)),
        });
    }
}

/// A name without a tag would fetch all of them.
fn split(reference: &str) -> (&str, &str) {
    if let Some((name, digest)) = reference.split_once('@') {
        return (name, digest);
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pull_that_says_nothing_for_two_minutes_has_stalled() {
        let begun = tokio::time::Instant::now();
        let mut heard = Vec::new();
        let lines = futures::stream::iter([1, 2]).map(Ok).chain(futures::stream::pending());
        let stalled = follow(lines, Doing::Fetch, |line: i32| heard.push(line)).await;
        assert_eq!(stalled.expect_err("it says no more").fault, Fault::PullStalled);
        assert_eq!((heard, begun.elapsed()), (vec![1, 2], LONGEST_SILENCE));
    }

    #[test]
    fn a_reference_is_split_where_its_tag_or_digest_begins() {
        for (reference, name, tag) in [
            ("redis", "redis", "latest"),
            ("docker.io/library/redis:8", "docker.io/library/redis", "8"),
            ("127.0.0.1:5000/redis", "127.0.0.1:5000/redis", "latest"),
            ("127.0.0.1:5000/redis:1", "127.0.0.1:5000/redis", "1"),
            ("redis@sha256:0a", "redis", "sha256:0a"),
        ] {
            assert_eq!(split(reference), (name, tag), "{reference}");
        }
    }
}
