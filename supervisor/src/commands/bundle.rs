//! `bundle create|load`: the images of services as one file.

use super::context::Context;
use crate::appliance::services::fetcher;
use crate::config::load::Config;
use crate::daemon::line;
use crate::exit::Failure;
use crate::images::build::{recipe, this_program};
use crate::images::bundle::{Bundled, Index, sum};
use crate::images::pack;
use crate::jobs::board::Board;
use crate::plan::planned::ImageWish;
use crate::plan::recipes::Shares;
use crate::secrets::credentials;
use crate::services::hands::Hands;
use crate::services::name::ServiceName;
use crate::services::secrets::Passwords;
use crate::state::open::State;
use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Write the images of all services into one file, fetching or building what is not there.
    Create {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write what the box's own image is made of into a folder, for a build of it.
    Ground {
        /// The folder to make.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Take the images out of such a file, for the next start.
    Load {
        /// The file that `bundle create` wrote.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub async fn run(command: BundleCommand, context: &Context) -> Result<(), Failure> {
    let config = || -> Result<Config, Failure> {
        let config = context.load(&context.flags())?;
        config.data_dir.create().map_err(anyhow::Error::from)?;
        Ok(config)
    };
    Ok(match command {
        BundleCommand::Create { out } => create(&config()?, &out, context).await,
        BundleCommand::Load { file } => load(&config()?, file, context).await,
        BundleCommand::Ground { folder } => ground(folder, context).await,
    }?)
}

async fn create(config: &Config, out: &Path, context: &Context) -> anyhow::Result<()> {
    let daemon = line::once(&config.containers, PATIENCE).await;
    let mut daemon = daemon
        .map_err(|trouble| anyhow!("a container engine is needed to make a bundle: {}", trouble.detail))?;
    // An image to carry away has the name by which it is looked for elsewhere: it is made, whatever this box runs of.
    daemon.own = None;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let keys = credentials::open_or_make(&config.data_dir, config.master_key_file.as_deref(), &*clock)?;
    let state = State::open(&config.data_dir.appliance_database()).await?;
    let fetcher = fetcher(config, Board::beside(state.clone(), Arc::clone(&clock)));
    let passwords = Passwords::new(&keys.store_key, &keys.transport_secret);
    // Nothing is started here, so nothing is shared out.
    let hands = Hands::new(state.clone(), clock, passwords, Shares { redis_mib: 0, postgres_mib: 0 });

    let named = |reference: &String| ImageWish::Named(reference.clone());
    let wanted = [
        (ServiceName::Postgres, named(&config.images.postgres)),
        (ServiceName::Redis, named(&config.images.redis)),
        (ServiceName::Engine, ImageWish::Own),
    ];
    let (never, folder) = (CancellationToken::new(), tempfile(&config.data_dir.processing())?);
    let mut index = Index::default();
    for (service, wish) in wanted {
        eprintln!("{service}: getting its image");
        fetcher.fetch(&hands, &daemon, service, &wish, &never).await.with_context(|| service.to_string())?;
        let reference = match wish {
            ImageWish::Named(reference) => reference,
            ImageWish::Own => fetcher.own_reference().await?,
        };
        let (file, archive) = (format!("{service}.tar"), folder.path.join(format!("{service}.tar")));
        daemon.save(&reference, &archive).await.with_context(|| service.to_string())?;
        let sha256 = sum(&archive)?;
        index.images.push(Bundled { reference, file, sha256 });
    }
    state.close().await;
    pack::pack(&index, &folder.path, out).with_context(|| format!("{} cannot be written", out.display()))?;
    let bytes = std::fs::metadata(out)?.len();
    let text = format!(
        "{} holds {} images, {} MB\n  next, on the other machine: whisperengine bundle load FILE\n",
        out.display(),
        index.images.len(),
        bytes / 1_000_000
    );
    context.answer(&text, &json!({ "file": out, "bytes": bytes, "images": index.images }))
}

/// Needs no box and no container engine: a build of an image has neither.
async fn ground(folder: PathBuf, context: &Context) -> anyhow::Result<()> {
    let whole = folder.clone();
    let written = tokio::task::spawn_blocking(move || recipe(&this_program(), None)?.lay_out(&whole)).await?;
    written.with_context(|| format!("{} cannot be made", folder.display()))?;
    let text = format!("{} holds what the image is made of\n", folder.display());
    context.answer(&text, &json!({ "folder": folder }))
}

async fn load(config: &Config, file: PathBuf, context: &Context) -> anyhow::Result<()> {
    let folder = config.data_dir.bundles();
    let reading = file.clone();
    let index = tokio::task::spawn_blocking(move || pack::unpack(&reading, &folder)).await?;
    let index =
        index.with_context(|| format!("{} cannot be loaded; nothing of it is used", file.display()))?;
    let text =
        format!("{} images are ready\n  next: whisperengine up --runtime docker\n", index.images.len());
    context.answer(&text, &json!({ "images": index.images }))
}

/// Gone with whatever is in it, however the command ends.
struct Scratch {
    path: PathBuf,
}

fn tempfile(below: &Path) -> anyhow::Result<Scratch> {
    let path = below.join(format!("bundle-{}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    Ok(Scratch { path })
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(error = %error, "{} stays behind", self.path.display());
        }
    }
}
