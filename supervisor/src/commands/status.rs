//! `status`: whether the box runs, and whether it is well.

use super::context::Context;
use crate::config::load::Config;
use crate::control::wire::{EngineStage, ServiceTold};
use crate::exit::Failure;
use crate::issues::issue::{self, Issue};
use crate::issues::snapshot::EngineSeen;
use crate::issues::{checks, gather};
use crate::reach::{self, Reached};
use engine_client::wire::setup::SetupState;
use engine_client::wire::status::EngineStatus;
use serde_json::{Value, json};
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(2);

pub async fn run(context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let reached = reach::reach(&config).await?;
    let told = tell(&reached, &config, context).await;
    reached.close().await;
    Ok(told?)
}

/// How the box is, as its parts tell it.
struct Told {
    engine: Option<EngineStatus>,
    setup: Option<SetupState>,
    services: Vec<ServiceTold>,
    issues: Vec<Issue>,
}

async fn tell(reached: &Reached, config: &Config, context: &Context) -> anyhow::Result<()> {
    let mut text = match &reached.running {
        Some(status) => {
            let scheme = if status.secure { "https" } else { "http" };
            format!("running at {scheme}://{} (process {}, {})\n", status.address, status.pid, status.mode)
        }
        None => "not running; `whisperengine up` starts it\n".to_owned(),
    };
    let starting = match reached.running.as_ref().map(|status| &status.engine) {
        Some(EngineStage::Starting { detail }) => Some(detail),
        Some(EngineStage::Ready | EngineStage::Stopping) | None => None,
    };
    if let Some(detail) = starting {
        text.push_str(&format!("not ready yet: {detail}\n"));
    }
    let told = ask(reached, config, starting.is_none()).await?;
    for part in told.engine.iter().flat_map(|engine| &engine.parts) {
        let state = if part.ok { "ok" } else { part.detail.as_str() };
        text.push_str(&format!("{:<9} {state}\n", part.name));
    }
    for service in &told.services {
        text.push_str(&format!("{:<9} {} (container)\n", service.name.as_str(), service.sentence()));
    }
    text.push_str(&issue::as_text(&told.issues));
    context.answer(&text, &body(reached, &told))
}

async fn ask(reached: &Reached, config: &Config, is_up: bool) -> anyhow::Result<Told> {
    let client = &reached.client;
    let engine: Option<EngineStatus> = if is_up { Some(client.get("/api/v1/status").await?) } else { None };
    // Who owns the box stands in the store; without it there is nothing to ask.
    let is_ready = engine.as_ref().is_some_and(EngineStatus::ready);
    let setup: Option<SetupState> = if is_ready { Some(client.get("/api/v1/setup").await?) } else { None };
    let (services, issues) = match reached.running {
        Some(_) => (client.get("/appliance/services").await?, client.get("/appliance/issues").await?),
        None => {
            let access = reached.access().ok_or_else(|| EngineSeen::Down("it is not up".to_owned()));
            (Vec::new(), checks::run(&gather::alone(config, access, LOOK).await))
        }
    };
    Ok(Told { engine, setup, services, issues })
}

fn body(reached: &Reached, told: &Told) -> Value {
    json!({
        "running": reached.running.is_some(),
        "box": reached.running,
        "ready": told.engine.as_ref().is_some_and(EngineStatus::ready),
        "engine": told.engine,
        "setup": told.setup,
        "services": told.services,
        "issues": told.issues,
    })
}
