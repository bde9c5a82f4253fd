//! `uninstall`: the box and everything it has, gone; but first what exactly that is.

use super::context::Context;
use super::service::tools;
use crate::config::load::Config;
use crate::exit::Failure;
use crate::instance::{ClaimError, Instance};
use crate::service::ground::Ground;
use crate::service::manager::Manager;
use crate::uninstall::found::{self, Found};
use crate::uninstall::removal::{Removal, remove_directory};
use anyhow::{Context as _, bail};
use clap::Args;
use engine::adapters::system::SystemClock;
use serde_json::json;
use std::io::{self, BufRead, IsTerminal, Write};

/// What somebody at a terminal types to agree.
const WORD: &str = "remove";

#[derive(Debug, Args)]
pub struct Uninstall {
    /// Leave the data directory and the volumes: the next `up` finds everything again.
    #[arg(long)]
    keep_data: bool,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
    /// Leave what is in a container engine, where that cannot be asked or the box's records cannot be read any more.
    #[arg(long)]
    without_engine: bool,
}

pub async fn run(uninstall: Uninstall, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let around = &context.surroundings;
    let user = rustix::process::geteuid().as_raw();
    let tools = tools(around, user);
    let ground = Ground { machine: &around.machine, environment: &around.environment, runner: &tools, user };
    // Where none is known there is none to be removed from.
    let manager = Manager::of(&ground).ok();
    Ok(remove(&uninstall, &config, manager.as_ref(), context).await?)
}

async fn remove(
    uninstall: &Uninstall,
    config: &Config,
    manager: Option<&Manager<'_>>,
    context: &Context,
) -> anyhow::Result<()> {
    let claim = claim(config)?;
    let found = found::look(config, manager, uninstall.without_engine).await?;
    let listing = found.listing(uninstall.keep_data);
    let json = context.global.json;
    if listing.is_empty() {
        close(&found).await;
        let text = format!("There is nothing to remove.\n{}", listing.as_text().trim_start());
        return context.answer(&text, &json!({ "removed": listing }));
    }
    if !uninstall.yes {
        if json {
            close(&found).await;
            return context.answer("", &json!({ "would_remove": listing }));
        }
        eprint!("This removes, for good:\n{}", listing.as_text());
        if !agrees()? {
            close(&found).await;
            bail!("nothing was removed; say --yes to remove all this");
        }
    }
    let keep_data = uninstall.keep_data;
    let removal = Removal { found: &found, manager, clock: &SystemClock::default(), keep_data };
    let mut notes = listing.notes.clone();
    let done = removal.carry_out().await;
    close(&found).await;
    notes.extend(done?);
    if listing.data_dir.is_some() {
        let root = config.data_dir.root().display();
        let left = remove_directory(&config.data_dir).with_context(|| format!("{root} cannot be removed"))?;
        notes.extend(left.into_iter().map(|path| format!("{path} is not the box's and stays")));
    }
    drop(claim);
    let text = format!("Removed:\n{}", found::Listing { notes: notes.clone(), ..listing.clone() }.as_text());
    context.answer(&text, &json!({ "removed": found::Listing { notes, ..listing } }))
}

/// A box that runs is not pulled from under those who use it.
fn claim(config: &Config) -> anyhow::Result<Option<Instance>> {
    if !config.data_dir.run().exists() {
        return Ok(None);
    }
    match Instance::claim(&config.data_dir) {
        Ok(instance) => Ok(Some(instance)),
        Err(ClaimError::Held { holder, .. }) => bail!(
            "the box runs ({holder}): stop it first, with Ctrl-C where it was started, or with `whisperengine \
             service remove` where it is a service"
        ),
        Err(error) => Err(error.into()),
    }
}

async fn close(found: &Found) {
    if let Some(state) = &found.records {
        state.close().await;
    }
}

/// Only somebody at a terminal can be asked.
fn agrees() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Type \"{WORD}\" to go on: ");
    io::stderr().flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).context("the answer could not be read")?;
    Ok(typed.trim() == WORD)
}
