//! The command line: what every command shares, and the list of commands.
//!
//! To add a command, write `commands/<name>.rs` with a clap type and `pub async fn run(…, &Context) ->
//! Result<(), Failure>`, add a variant to [`Command`] and its arm to [`run`]. Usage errors end with 2,
//! which is clap's own.

use crate::commands::bundle::BundleCommand;
use crate::commands::chat::Chat;
use crate::commands::config::ConfigCommand;
use crate::commands::context::Context;
use crate::commands::diagnostics::Diagnostics;
use crate::commands::engine::EngineCommand;
use crate::commands::key::KeyCommand;
use crate::commands::logs::Logs;
use crate::commands::migrate_store::MigrateStore;
use crate::commands::model::ModelCommand;
use crate::commands::owner::OwnerCommand;
use crate::commands::person::PersonCommand;
use crate::commands::prove_model::ProveModel;
use crate::commands::repair::Repair;
use crate::commands::service::ServiceCommand;
use crate::commands::setup::Setup;
use crate::commands::speak::Speak;
use crate::commands::transcribe::Transcribe;
use crate::commands::uninstall::Uninstall;
use crate::commands::up::Up;
use crate::commands::voice::VoiceCommand;
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
    /// Run the box until it is told to stop.
    Up(Up),
    /// Make the owner and connect a language model, without questions.
    Setup(Setup),
    /// Talk to a companion.
    Chat(Chat),
    /// Write down what is said in a file of sound.
    Transcribe(Transcribe),
    /// Say what is written into a file of sound.
    Speak(Speak),
    /// Add, show and remove what the box listens with.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Say whether the box runs and is well.
    Status,
    /// Have this machine start the box whenever it starts.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Show what the box wrote down about itself.
    Logs(Logs),
    /// Look the box over and say what needs you.
    Doctor,
    /// Write one file for somebody who helps, without secrets and names.
    Diagnostics(Diagnostics),
    /// Settle what the box can repair by itself; without a name, list it.
    Repair(Repair),
    /// Make, show and end API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Invite people, and let them in or keep them out.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Help an owner who lost their way in.
    #[command(subcommand)]
    Owner(OwnerCommand),
    /// Bring the store's schema up to date, for orchestrators.
    Migrate,
    /// Carry everything to the other kind of database.
    MigrateStore(MigrateStore),
    /// Try a model out and say whether it can be used.
    #[command(hide = true)]
    ProveModel(ProveModel),
    /// Run an engine in a process of its own, on PostgreSQL.
    Engine(EngineCommand),
    /// Listen and speak in a process of its own, for the box that asks.
    Voice(VoiceCommand),
    /// Carry the images of services to a machine without a network.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Remove the box and everything it has, after showing what that is.
    Uninstall(Uninstall),
    /// Show, check and write the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Up(up) => Box::pin(commands::up::run(up, context)).await,
        Command::Setup(setup) => commands::setup::run(setup, context).await,
        Command::Chat(chat) => commands::chat::run(chat, context).await,
        Command::Transcribe(asked) => commands::transcribe::run(asked, context).await,
        Command::Speak(asked) => commands::speak::run(asked, context).await,
        Command::Model(command) => commands::model::run(command, context).await,
        Command::ProveModel(asked) => commands::prove_model::run(&asked),
        Command::Status => commands::status::run(context).await,
        Command::Service(command) => commands::service::run(command, context).await,
        Command::Logs(logs) => commands::logs::run(logs, context).await,
        Command::Doctor => commands::doctor::run(context).await,
        Command::Diagnostics(diagnostics) => commands::diagnostics::run(diagnostics, context).await,
        Command::Repair(repair) => commands::repair::run(repair, context).await,
        Command::Key(command) => commands::key::run(command, context).await,
        Command::Person(command) => commands::person::run(command, context).await,
        Command::Owner(command) => commands::owner::run(command, context).await,
        Command::MigrateStore(command) => commands::migrate_store::run(command, context).await,
        Command::Migrate => commands::migrate::run(context).await,
        Command::Engine(command) => commands::engine::run(command, context).await,
        Command::Voice(command) => commands::voice::run(command, context).await,
        Command::Bundle(command) => Box::pin(commands::bundle::run(command, context)).await,
        Command::Uninstall(uninstall) => commands::uninstall::run(uninstall, context).await,
        Command::Config(command) => commands::config::run(command, context).await,
    }
}
