//! `prove-model FILE`: whether a model can be listened with. The box runs it as a child: some files end the process that
//! loads them.

use crate::exit::Failure;
use anyhow::anyhow;
use clap::Args;
use std::path::PathBuf;
use voice::shelf::proof::prove;

#[derive(Debug, Args)]
pub struct ProveModel {
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(asked: &ProveModel) -> Result<(), Failure> {
    Ok(prove(&asked.file).map_err(|why| anyhow!(why))?)
}
