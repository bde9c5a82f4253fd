//! The `whisperengine` program: reads the command line, runs one command, ends with its exit code.

use clap::Parser;
use std::process::ExitCode;
use supervisor::cli::{self, Cli};
use supervisor::commands::context::Context;
use supervisor::config::load::Surroundings;
use supervisor::exit::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.global.json;
    let context = Context::new(cli.global, Surroundings::of_this_process());
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))
        .and_then(|runtime| runtime.block_on(cli::run(cli.command, &context)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(json);
            failure.code()
        }
    }
}
