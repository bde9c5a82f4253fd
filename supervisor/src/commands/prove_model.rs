//! `prove-model KIND FILE`: whether a model can be listened or spoken with. The box runs it as a child: some files end the
//! process that loads them.

use crate::exit::Failure;
use anyhow::anyhow;
use clap::Args;
use std::path::PathBuf;
use voice::shelf::models::Kind;
use voice::shelf::proof::prove;

#[derive(Debug, Args)]
pub struct ProveModel {
    /// `ears` or `voices`.
    #[arg(value_name = "KIND")]
    kind: String,
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(asked: &ProveModel) -> Result<(), Failure> {
    let kind = Kind::parse(&asked.kind).ok_or_else(|| anyhow!("there are no models of {}", asked.kind))?;
    Ok(prove(kind, &asked.file).map_err(|why| anyhow!(why))?)
}
