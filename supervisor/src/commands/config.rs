//! `config show|generate|example|check`: looks at the configuration, and writes a first one.
//!
//! Only `generate` changes anything, and that is `config/settings.toml` in the data directory.

use super::context::Context;
use crate::config::fields::MODE;
use crate::config::load::{self, SettingsFile};
use crate::config::{data_dir, document, example, show};
use crate::exit::Failure;
use crate::machine::hardware::Assumed;
use crate::tls::files;
use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every value in force and where it comes from.
    Show(Assume),
    /// Write config/settings.toml for this machine.
    Generate(Generate),
    /// Print a commented settings.toml.
    Example,
    /// Name everything that is wrong with the configuration, at once.
    Check,
    /// Print docs/CONFIG.md.
    #[command(hide = true)]
    Docs,
}

#[derive(Debug, Args)]
pub struct Assume {
    /// Go by this many cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    assume_cores: Option<u32>,
    /// Go by this much memory.
    #[arg(long, value_name = "N", value_parser = positive)]
    assume_ram_gib: Option<f64>,
    /// Go by this mode.
    #[arg(long, value_name = "MODE", value_parser = ["desktop", "container", "kubernetes", "multi_bot"])]
    assume_mode: Option<String>,
}

#[derive(Debug, Args)]
pub struct Generate {
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
    /// Print variables for an environment file instead.
    #[arg(long)]
    env: bool,
}

pub async fn run(command: ConfigCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show(assume) => show(assume, context),
        ConfigCommand::Generate(how) => generate(&how, context).await,
        ConfigCommand::Example => {
            let text = example::settings_file();
            Ok(context.answer(&text, &json!({ "settings_toml": text }))?)
        }
        ConfigCommand::Check => {
            let config = files::checked(context.load(&context.flags())?)?;
            let mut lines: Vec<String> =
                config.warnings.iter().map(|text| format!("warning: {text}")).collect();
            lines.push("fine\n".to_owned());
            let body = json!({ "fine": true, "problems": [], "warnings": config.warnings });
            Ok(context.answer(&lines.join("\n"), &body)?)
        }
        ConfigCommand::Docs => {
            let text = document::render();
            Ok(context.answer(&text, &json!({ "markdown": text }))?)
        }
    }
}

fn show(assume: Assume, context: &Context) -> Result<(), Failure> {
    let mut flags = context.flags();
    if let Some(mode) = assume.assume_mode {
        flags.set(&MODE, mode);
    }
    let assumed = Assumed { cores: assume.assume_cores, ram_gib: assume.assume_ram_gib };
    let config = load::load(&context.surroundings, &flags, assumed, SettingsFile::Read)?;
    Ok(context.answer(&show::as_text(&config), &show::as_json(&config))?)
}

async fn generate(how: &Generate, context: &Context) -> Result<(), Failure> {
    let file = if how.force { SettingsFile::Ignore } else { SettingsFile::Read };
    let config = load::load(&context.surroundings, &context.flags(), Assumed::default(), file)?;
    if how.env {
        let text = example::environment_file_for(&config);
        return Ok(context.answer(&text, &json!({ "env": text }))?);
    }
    let path = config.data_dir.settings_file();
    if path.exists() && !how.force {
        let message = format!("{} is there already: --force replaces it", path.display());
        return Err(anyhow!(message).into());
    }
    let settings = example::settings_file_for(&config);
    let (dir, target) = (config.data_dir.clone(), path.clone());
    let written = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        dir.create()?;
        data_dir::write_private(&target, settings.as_bytes())
            .with_context(|| format!("{} could not be written", target.display()))
    });
    written.await.map_err(anyhow::Error::from)??;
    let text = format!("wrote {}\n", path.display());
    Ok(context.answer(&text, &json!({ "path": path }))?)
}

fn positive(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|n| n.is_finite() && *n > 0.0).ok_or_else(|| "a number above 0".to_owned())
}
