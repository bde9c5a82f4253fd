//! `doctor`: how the box is, and what needs somebody.

use super::context::Context;
use crate::config::load::Config;
use crate::doctor::{self, Report};
use crate::exit::Failure;
use crate::issues::snapshot::EngineSeen;
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
            let seen = EngineSeen::DoesNotStart(format!("{error:#}"));
            doctor::examine_alone(&config, Err(seen)).await
        }
    };
    let json = serde_json::to_value(&report).map_err(anyhow::Error::from)?;
    Ok(context.answer(&doctor::as_text(&report), &json)?)
}

async fn examine(config: &Config, reached: &Reached) -> anyhow::Result<Report> {
    Ok(match reached.access() {
        Some(access) => doctor::examine_alone(config, Ok(access)).await,
        // The box that runs knows its own configuration.
        None => reached.client.get("/appliance/doctor").await?,
    })
}
