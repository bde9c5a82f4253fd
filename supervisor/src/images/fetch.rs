//! One image, by the first way that has it, and only if it is the right one.

use super::build::OwnImage;
use super::bundle;
use super::room::Room;
use crate::containers::probe::processor;
use crate::daemon::connection::Daemon;
use crate::daemon::images::Image;
use crate::jobs::board::Board;
use crate::jobs::progress::Progress;
use crate::machine::source::DiskSpace;
use crate::plan::planned::ImageWish;
use crate::services::fault::{Fault, Trouble};
use crate::services::hands::{Hands, unwritten};
use crate::services::name::ServiceName;
use crate::state::images::KnownImage;
use crate::state::journal::Step;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use web::ports::system::IMAGE_JOB;

pub struct Fetcher {
    pub board: Arc<Board>,
    pub bundles: PathBuf,
    /// Of this machine's processor, as Rust names it.
    pub arch: String,
    pub own: OwnImage,
    /// The space of the file system that holds a path.
    pub disk: fn(&Path) -> Option<DiskSpace>,
}

impl Fetcher {
    /// The image's id: containers are made from that, so that nothing comes between the check and the start.
    pub async fn fetch(
        &self,
        hands: &Hands,
        daemon: &Daemon,
        service: ServiceName,
        wish: &ImageWish,
        stop: &CancellationToken,
    ) -> Result<String, Trouble> {
        let ImageWish::Named(reference) = wish else {
            return self.own(hands, daemon, service, stop).await;
        };
        if let Some(image) = daemon.image(reference).await? {
            return self.agreed(hands, reference, image, "present").await;
        }
        let subject = service.as_str();
        let job = self.board.begin(IMAGE_JOB, subject, "looking").await.map_err(|error| unwritten(&error))?;
        let mut progress = Progress::default();
        let got = async {
            let (tell, mut no_room) = mpsc::channel(1);
            let room = Room::of(daemon.keeps_images_in(), &self.bundles, self.disk);
            let say = |said| {
                let before = progress.total();
                progress.hears(&said);
                job.says(progress.stage(), progress.done(), progress.total());
                // Layers tell their sizes one by one; what is told is the least that is still to come.
                if let Some(total) = progress.total().filter(|total| Some(*total) != before)
                    && let Err(trouble) = room.check(total - progress.done())
                {
                    // One word is enough.
                    let _ = tell.try_send(trouble);
                }
            };
            if let Some(archive) = self.bundled(reference).await? {
                let needs = tokio::fs::metadata(&archive).await.map_or(0, |about| about.len());
                room.check(needs)?;
                let load = unless(job.cancel(), stop, daemon.load(&archive, say));
                hands.intend(Step::Load, reference, load).await?;
                return Ok("bundle");
            }
            let pull = async {
                tokio::select! {
                    pulled = unless(job.cancel(), stop, daemon.pull(reference, say)) => pulled,
                    Some(trouble) = no_room.recv() => Err(trouble),
                }
            };
            hands.intend(Step::Pull, reference, pull).await?;
            Ok("pull")
        };
        let got = got.await;
        let done = match got {
            Ok(had_by) => match daemon.image(reference).await {
                Ok(Some(image)) => self.agreed(hands, reference, image, had_by).await,
                Ok(None) => Err(Trouble::new(Fault::ImageUnknown, "what came has another name")),
                Err(trouble) => Err(trouble),
            },
            Err(trouble) => Err(trouble),
        };
        job.end((&done).into()).await.map_err(|error| unwritten(&error))?;
        done
    }

    /// The archive of a bundle that has this image, summed and found whole.
    pub(super) async fn bundled(&self, reference: &str) -> Result<Option<PathBuf>, Trouble> {
        let (folder, name) = (self.bundles.clone(), reference.to_owned());
        let found = tokio::task::spawn_blocking(move || bundle::find(&folder, &name)).await;
        found.map_err(|error| Trouble::new(Fault::BundleDamaged, error.to_string()))?
    }

    /// It is what its reference pins, and what it was the first time; the first time settles it.
    pub(super) async fn agreed(
        &self,
        hands: &Hands,
        reference: &str,
        image: Image,
        had_by: &str,
    ) -> Result<String, Trouble> {
        if !image.architecture.is_empty() && processor(&image.architecture) != processor(&self.arch) {
            let said = format!("it is for {}, and this machine is {}", image.architecture, self.arch);
            return Err(Trouble::new(Fault::WrongPlatform, said));
        }
        let pinned = reference.split_once('@').map(|(_, digest)| digest);
        let digest =
            image.digests.iter().find_map(|whole| whole.split_once('@')).map(|(_, digest)| digest.to_owned());
        let names =
            |whole: &String, pin: &str| whole.split_once('@').is_some_and(|(_, digest)| digest == pin);
        let is_pinned = |pin: &str| image.id == pin || image.digests.iter().any(|whole| names(whole, pin));
        if let Some(pin) = pinned.filter(|pin| !is_pinned(pin)) {
            return Err(Trouble::new(
                Fault::WrongDigest,
                format!("it is {}, and {pin} was agreed on", image.id),
            ));
        }
        let known = hands.state.known_image(reference).await.map_err(|error| unwritten(&error))?;
        match known {
            Some(known) if known.image_id != image.id => {
                let said = format!("it was {} and is {} now", known.image_id, image.id);
                Err(Trouble::new(Fault::WrongDigest, said))
            }
            Some(_) => Ok(image.id),
            None => {
                let known = KnownImage {
                    reference: reference.to_owned(),
                    image_id: image.id.clone(),
                    digest,
                    had_by: had_by.to_owned(),
                };
                let now = hands.clock.now();
                hands.state.remember_image(&known, now).await.map_err(|error| unwritten(&error))?;
                Ok(image.id)
            }
        }
    }
}

/// Dropping what is fetched is what cancels it.
pub(super) async fn unless<T>(
    wish: &CancellationToken,
    stop: &CancellationToken,
    getting: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    tokio::select! {
        got = getting => got,
        () = wish.cancelled() => Err(Trouble::new(Fault::Cancelled, "on the owner's word")),
        () = stop.cancelled() => Err(Trouble::new(Fault::Cancelled, "it is not wanted any more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn what_is_fetched_ends_on_the_owners_word_and_where_nobody_wants_it() {
        let never = || pending::<Result<(), Trouble>>();
        for by_owner in [true, false] {
            let (wish, stop) = (CancellationToken::new(), CancellationToken::new());
            assert_eq!(unless(&wish, &stop, async { Ok(1) }).await, Ok(1));
            let ends = if by_owner { &wish } else { &stop };
            ends.cancel();
            let ended = unless(&wish, &stop, never()).await.expect_err("it was ended");
            assert_eq!(ended.fault, Fault::Cancelled, "by the owner: {by_owner}");
        }
    }
}
