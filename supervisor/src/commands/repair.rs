//! `repair [ISSUE]`: what the box can repair, and the repair of one issue.
//!
//! Needs no engine: a box that is not well can still be repaired.

use super::context::Context;
use crate::config::load::Config;
use crate::control::wire::{RepairAsked, RepairDone};
use crate::exit::Failure;
use crate::issues::issue::{self, Issue};
use crate::issues::snapshot::EngineSeen;
use crate::issues::{centre, checks, gather};
use crate::reach;
use clap::Args;
use serde_json::json;
use std::time::Duration;

/// Repairs end in time; this is for the way there and back.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct Repair {
    /// The issue to settle, as `doctor` names it; without one, what can be repaired is listed.
    #[arg(value_name = "ISSUE")]
    issue: Option<String>,
}

pub async fn run(repair: Repair, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    match repair.issue {
        Some(id) => {
            let RepairDone { id, done } = settle(&config, id).await?;
            Ok(context.answer(&format!("{done}\n"), &json!({ "repaired": id, "done": done }))?)
        }
        None => {
            let issues = repairable(&config).await?;
            let text = if issues.is_empty() {
                "Nothing can be repaired. `whisperengine doctor` says how the box is.\n".to_owned()
            } else {
                issue::as_text(&issues).trim_start().to_owned()
            };
            Ok(context.answer(&text, &json!({ "repairable": issues }))?)
        }
    }
}

async fn settle(config: &Config, id: String) -> anyhow::Result<RepairDone> {
    match reach::running(config).await? {
        Some(reached) => {
            let client = reached.client.with_patience(PATIENCE);
            Ok(client.post("/appliance/repair", &RepairAsked { id }).await?)
        }
        None => Ok(RepairDone { done: centre::repair_alone(config, &id).await?, id }),
    }
}

async fn repairable(config: &Config) -> anyhow::Result<Vec<Issue>> {
    let mut issues: Vec<Issue> = match reach::running(config).await? {
        Some(reached) => reached.client.get("/appliance/issues").await?,
        None => {
            let engine = Err(EngineSeen::Down("it is not up".to_owned()));
            checks::run(&gather::alone(config, engine, LOOK).await)
        }
    };
    issues.retain(|issue| issue.repair.is_some());
    Ok(issues)
}
