//! `doctor`: how the box is, and what needs somebody.

use super::context::Context;
use crate::config::load::Config;
use crate::doctor::{self, Report, Severity, issue};
use crate::exit::Failure;
use crate::reach::{self, Reached};

pub async fn run(context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let report = match reach::reach(&config).await {
        Ok(reached) => {
            let report = examine(&config, &reached).await;
            reached.close().await;
            report?
        }
        // What keeps the engine from starting is what the owner wants to hear.
        Err(error) => {
            let mut report = doctor::examine(&config, None).await;
            report.issues.retain(|issue| issue.id != "engine_unreachable");
            let next = "see what it says; `whisperengine logs errors` may have more";
            report
                .issues
                .insert(0, issue("engine_does_not_start", Severity::Error, format!("{error:#}"), next));
            report
        }
    };
    let json = serde_json::to_value(&report).map_err(anyhow::Error::from)?;
    Ok(context.answer(&doctor::as_text(&report), &json)?)
}

async fn examine(config: &Config, reached: &Reached) -> anyhow::Result<Report> {
    Ok(match (&reached.running, reached.access()) {
        (None, access) => doctor::examine(config, access.as_ref()).await,
        // The box that runs knows its own configuration.
        (Some(_), _) => reached.client.get("/appliance/doctor").await?,
    })
}
