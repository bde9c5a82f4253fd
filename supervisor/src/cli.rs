//! The command line: what every command shares, and the list of commands.
//!
//! To add a command, write `commands/<name>.rs` with a clap type and `pub async fn run(…, &Context) ->
//! Result<(), Failure>`, add a variant to [`Command`] and its arm to [`run`]. Usage errors end with 2,
//! which is clap's own.

use crate::commands::config::ConfigCommand;
use crate::commands::context::Context;
use crate::commands::{self};
use crate::exit::Failure;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(
    name = "whisperengine",
    version,
    about = "Your own AI companion, in one box.",
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Print JSON for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where everything is kept [default: ~/.whisperengine].
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show, check and write the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Config(command) => commands::config::run(command, context).await,
    }
}
