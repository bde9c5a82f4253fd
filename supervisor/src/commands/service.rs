//! `service install|remove|status`: the box as a service of this machine.

use super::context::Context;
use super::up::Up;
use crate::config::data_dir::DataDir;
use crate::config::fields::{DATA_DIR, FIELDS};
use crate::config::load::{self, Config, SettingsFile, Surroundings};
use crate::config::values::Flags;
use crate::exit::Failure;
use crate::machine::hardware::Assumed;
use crate::service::account;
use crate::service::ground::Ground;
use crate::service::launch::Launch;
use crate::service::manager::Manager;
use crate::service::outcome::{Done, Standing};
use crate::service::runner::Tools;
use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

/// A program needs a privilege to listen below it.
const FIRST_FREE_PORT: u16 = 1024;

#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Start the box now and whenever this machine starts; as root for the machine, else for you.
    Install(Install),
    /// Stop the box and start it no more; everything it keeps stays.
    Remove,
    /// Say whether the box is a service here, and whether it runs.
    Status,
}

#[derive(Debug, Args)]
pub struct Install {
    /// Show what would be written, and touch nothing.
    #[arg(long, visible_alias = "print")]
    dry_run: bool,
    /// Whose rights the service has, for root to say [default: the owner of the data directory].
    #[arg(long, value_name = "USER")]
    run_as: Option<String>,
    #[command(flatten)]
    up: Up,
}

pub async fn run(command: ServiceCommand, context: &Context) -> Result<(), Failure> {
    let around = &context.surroundings;
    let user = rustix::process::geteuid().as_raw();
    let tools = tools(around, user);
    let ground = Ground { machine: &around.machine, environment: &around.environment, runner: &tools, user };
    let manager = Manager::of(&ground).map_err(anyhow::Error::from)?;
    match command {
        ServiceCommand::Install(install) => self::install(&install, &manager, &ground, context).await,
        ServiceCommand::Remove => {
            let dir = context.load(&context.flags())?.data_dir;
            let done = manager.remove(dir.root()).await.map_err(anyhow::Error::from)?;
            Ok(tell(&done, &dir, context)?)
        }
        ServiceCommand::Status => {
            let dir = context.load(&context.flags())?.data_dir;
            let standing = manager.status(dir.root()).await.map_err(anyhow::Error::from)?;
            let json = serde_json::to_value(&standing).map_err(anyhow::Error::from)?;
            Ok(context.answer(&as_text(&standing), &json)?)
        }
    }
}

async fn install(
    install: &Install,
    manager: &Manager<'_>,
    ground: &Ground<'_>,
    context: &Context,
) -> Result<(), Failure> {
    let mut flags = context.flags();
    install.up.lay_over(&mut flags);
    let here = context.load(&flags)?;
    let (config, unseen) = as_the_service_sees_it(&context.surroundings, &here, &install.up)?;
    let launch = launch(install, ground, &config).await?;
    if install.dry_run {
        let (path, unit) = manager.preview(&launch, ground.scope()).map_err(anyhow::Error::from)?;
        let json = json!({ "dry_run": true, "path": path, "unit": unit, "unseen": unseen });
        return Ok(context.answer(&unit, &json)?);
    }
    let mut done = manager.install(&launch).await.map_err(anyhow::Error::from)?;
    done.notes.extend(unseen.iter().map(|name| {
        format!("{name} is set here, but the service does not see it; put it into config/settings.toml")
    }));
    Ok(tell(&done, &config.data_dir, context)?)
}

async fn launch(install: &Install, ground: &Ground<'_>, config: &Config) -> anyhow::Result<Launch> {
    let program = std::env::current_exe().context("this program cannot tell where it is")?;
    ensure!(program.is_file(), "{} is gone: run this again with the program in its place", program.display());
    let mut launch = Launch::new(&program, &config.data_dir, install.up.words())?;
    launch.account = account::choose(ground, install.run_as.as_deref(), &config.data_dir).await?;
    // Port 0 is any free one.
    launch.wants_low_port = (1..FIRST_FREE_PORT).contains(&config.server.listen.port());
    Ok(launch)
}

/// A service starts without the settings in this terminal's environment. What is wrong without them is said
/// now, not at the next reboot. Also names those settings.
fn as_the_service_sees_it(
    around: &Surroundings,
    here: &Config,
    up: &Up,
) -> Result<(Config, Vec<String>), Failure> {
    let ours = |name: &str| {
        FIELDS.iter().any(|field| field.env == name || name.strip_suffix("_FILE") == Some(field.env))
    };
    let mut there = around.clone();
    let mut unseen: Vec<String> = there.environment.keys().filter(|name| ours(name)).cloned().collect();
    there.environment.retain(|name, _| !ours(name));
    unseen.retain(|name| name != DATA_DIR.env);
    let mut flags = Flags::default();
    flags.set(&DATA_DIR, here.data_dir.root().to_string_lossy());
    up.lay_over(&mut flags);
    let config = load::load(&there, &flags, Assumed::default(), SettingsFile::Read)?;
    Ok((config, unseen))
}

/// A user's manager is found by a variable that some ways to log in leave out.
pub(super) fn tools(around: &Surroundings, user: u32) -> Tools {
    let mut tools = Tools::default();
    let (name, path) = ("XDG_RUNTIME_DIR", format!("/run/user/{user}"));
    if !around.environment.contains_key(name) && around.machine.exists(&path) {
        tools.environment.push((name.to_owned(), path));
    }
    tools
}

fn tell(done: &Done, dir: &DataDir, context: &Context) -> anyhow::Result<()> {
    let mut text = format!("{}\n  unit  {}\n", capital(&done.said), done.unit.display());
    text.push_str(&format!("  data  {}\n", dir.root().display()));
    if let Some(see) = &done.see {
        text.push_str(&format!("  see   {see}\n"));
    }
    text.extend(done.notes.iter().map(|note| format!("note: {note}\n")));
    context.answer(&text, &serde_json::to_value(done)?)
}

fn as_text(standing: &Standing) -> String {
    let mut text = match (standing.installed, standing.running) {
        (false, _) => "not installed; `whisperengine service install` does it\n".to_owned(),
        (true, true) => match standing.pid {
            Some(pid) => format!("installed and running (process {pid})\n"),
            None => "installed and running\n".to_owned(),
        },
        (true, false) => "installed, not running\n".to_owned(),
    };
    if standing.installed {
        let enabled = if standing.enabled { "yes" } else { "no; `whisperengine service install` does it" };
        text.push_str(&format!(
            "starts by itself  {enabled}\nunit              {}\n",
            standing.unit.display()
        ));
    }
    text.extend(standing.notes.iter().map(|note| format!("note: {note}\n")));
    text
}

/// A sentence that stands alone begins with a capital and ends with a full stop.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
