//! Making the box's own image: present, out of a bundle, or built on the spot; tried out before anything runs on it.

use super::espeak::Espeak;
use super::fetch::{Fetcher, unless};
use super::own::{NAME, OwnError, PROGRAM, Recipe};
use crate::containers::inside::OwnContainer;
use crate::daemon::connection::Daemon;
use crate::daemon::images::Image;
use crate::jobs::board::Job;
use crate::jobs::progress::Progress;
use crate::services::fault::{Fault, Trouble};
use crate::services::hands::{Hands, unwritten};
use crate::services::name::ServiceName;
use crate::state::images::KnownImage;
use crate::state::journal::Step;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;
use web::ports::system::IMAGE_JOB;

/// The context, the engine's copy of it, and the image.
const TIMES_ITS_SIZE: u64 = 3;

/// What the box's own image is made of, read once.
pub struct OwnImage {
    program: PathBuf,
    /// eSpeak NG, where its owner named one.
    mouth: Option<PathBuf>,
    /// For the context, as long as it is built.
    folder: PathBuf,
    recipe: OnceCell<Arc<Recipe>>,
    /// Two services may want it at the same time: it is made once.
    making: Mutex<()>,
}

impl OwnImage {
    /// Of the program that runs.
    pub fn new(folder: PathBuf, mouth: Option<PathBuf>) -> Self {
        Self { program: this_program(), mouth, folder, recipe: OnceCell::new(), making: Mutex::default() }
    }

    async fn recipe(&self) -> Result<Arc<Recipe>, Trouble> {
        let read = || async {
            let (program, mouth) = (self.program.clone(), self.mouth.clone());
            let made = tokio::task::spawn_blocking(move || recipe(&program, mouth.as_deref())).await;
            made.map_err(|error| failed(&error))?.map(Arc::new).map_err(|error| failed(&error))
        };
        self.recipe.get_or_try_init(read).await.map(Arc::clone)
    }

    async fn context(&self, recipe: &Arc<Recipe>) -> Result<PathBuf, Trouble> {
        let (needs, has) = (recipe.bytes() * TIMES_ITS_SIZE, free(&self.folder));
        if needs > has {
            let said = format!("it needs {} MB and has {} MB", needs / 1_000_000, has / 1_000_000);
            return Err(Trouble::new(Fault::DiskFull, said));
        }
        // A command may make one beside the box.
        let path = self.folder.join(format!("{NAME}-image-{}.tar", std::process::id()));
        let (whole, to) = (Arc::clone(recipe), path.clone());
        let written = tokio::task::spawn_blocking(move || whole.write(&to)).await;
        match written.map_err(|error| failed(&error))? {
            Ok(()) => Ok(path),
            Err(error) => {
                // What was written of it helps nobody; its folder is cleaned after a while anyway.
                let _ = std::fs::remove_file(&path);
                Err(match error {
                    OwnError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                        Trouble::new(Fault::DiskFull, error.to_string())
                    }
                    error => failed(&error),
                })
            }
        }
    }
}

impl Fetcher {
    /// Its name, once it is there.
    pub async fn own_reference(&self) -> Result<String, Trouble> {
        Ok(self.own.recipe().await?.reference())
    }

    /// Whether an image is the one that was made of this program.
    pub async fn is_own(&self, hands: &Hands, daemon: &Daemon, image_id: &str) -> Result<bool, Trouble> {
        if let Some(own) = of_our_image(daemon) {
            return Ok(own.image == image_id);
        }
        let reference = self.own_reference().await?;
        let known = hands.state.known_image(&reference).await.map_err(|error| unwritten(&error))?;
        Ok(known.is_some_and(|known| known.image_id == image_id))
    }

    pub(super) async fn own(
        &self,
        hands: &Hands,
        daemon: &Daemon,
        name: ServiceName,
        stop: &CancellationToken,
    ) -> Result<String, Trouble> {
        let _alone = tokio::select! {
            alone = self.own.making.lock() => alone,
            () = stop.cancelled() => return Err(Trouble::new(Fault::Cancelled, "it is not wanted any more")),
        };
        if let Some(own) = of_our_image(daemon) {
            let image = daemon.image(&own.image).await?;
            let gone = || Trouble::new(Fault::ImageGone, "the image of the box's own container is gone");
            return self.proven(hands, daemon, &own.image, image.ok_or_else(gone)?, "present").await;
        }
        if std::env::consts::OS != "linux" {
            let said = "on this system the box's own image cannot be made: load a bundle";
            return Err(Trouble::new(Fault::ImageUnknown, said));
        }
        let recipe = self.own.recipe().await?;
        let reference = recipe.reference();
        if let Some(image) = daemon.image(&reference).await? {
            return self.proven(hands, daemon, &reference, image, "present").await;
        }
        let job = self.board.begin(IMAGE_JOB, name.as_str(), "building").await;
        let job = job.map_err(|error| unwritten(&error))?;
        let done = self.make_own(hands, daemon, &recipe, &job, stop).await;
        job.end((&done).into()).await.map_err(|error| unwritten(&error))?;
        done
    }

    async fn make_own(
        &self,
        hands: &Hands,
        daemon: &Daemon,
        recipe: &Arc<Recipe>,
        job: &Job,
        stop: &CancellationToken,
    ) -> Result<String, Trouble> {
        let reference = recipe.reference();
        let mut progress = Progress::default();
        let say = |said| {
            progress.hears(&said);
            job.says(progress.stage(), progress.done(), progress.total());
        };
        let had_by = if let Some(archive) = self.bundled(&reference).await? {
            let load = unless(job.cancel(), stop, daemon.load(&archive, say));
            hands.intend(Step::Load, &reference, load).await?;
            "bundle"
        } else {
            let context = self.own.context(recipe).await?;
            let labels = hands.labels.of_box();
            let build = unless(job.cancel(), stop, daemon.build(&context, &reference, &labels, say));
            let outcome = hands.intend(Step::Build, &reference, build).await;
            let removed = std::fs::remove_file(&context);
            outcome?;
            removed.map_err(|error| failed(&error))?;
            "build"
        };
        job.says("trying it out", 0, None);
        let image = daemon.image(&reference).await?;
        let image =
            image.ok_or_else(|| Trouble::new(Fault::BuildFailed, "what was built has another name"))?;
        self.proven(hands, daemon, &reference, image, had_by).await
    }

    /// Tried out when it is first seen; from then on it must be the same one.
    async fn proven(
        &self,
        hands: &Hands,
        daemon: &Daemon,
        reference: &str,
        image: Image,
        had_by: &str,
    ) -> Result<String, Trouble> {
        let known = hands.state.known_image(reference).await.map_err(|error| unwritten(&error))?;
        if known.as_ref().is_some_and(|known: &KnownImage| known.image_id == image.id) {
            return Ok(image.id);
        }
        let said = hands.try_out(daemon, &image.id).await?;
        if !said.iter().any(|line| line.contains(env!("CARGO_PKG_VERSION"))) {
            let said = format!("it says of itself: {}", said.join(" "));
            return Err(Trouble::new(Fault::WrongDigest, said));
        }
        self.agreed(hands, reference, image, had_by).await
    }
}

/// With the mouth of this machine, where it has one. Blocks.
pub fn recipe(program: &Path, mouth: Option<&Path>) -> Result<Recipe, OwnError> {
    let mouth = Espeak::find(mouth, std::env::var_os("PATH").as_deref());
    Recipe::of(program, mouth.as_ref())
}

/// By its process: the file may have been replaced since it was started.
pub fn this_program() -> PathBuf {
    PathBuf::from(format!("/proc/{}/exe", std::process::id()))
}

/// The box's own container, where it runs of an image that has all a companion needs: one where the box was put into
/// somebody's workshop does not.
fn of_our_image(daemon: &Daemon) -> Option<&OwnContainer> {
    daemon.own.as_deref().filter(|own| own.program.trim_start_matches('/') == PROGRAM)
}

fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn failed(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(Fault::BuildFailed, error.to_string())
}
