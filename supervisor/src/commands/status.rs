//! `status`: whether the box runs, and whether it is well.

use super::context::Context;
use crate::control::wire::EngineStage;
use crate::exit::Failure;
use crate::reach::{self, Reached};
use engine_client::wire::setup::SetupState;
use engine_client::wire::status::EngineStatus;
use serde_json::{Value, json};

pub async fn run(context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let reached = reach::reach(&config).await?;
    let told = tell(&reached, context).await;
    reached.close().await;
    Ok(told?)
}

async fn tell(reached: &Reached, context: &Context) -> anyhow::Result<()> {
    let mut text = match &reached.running {
        Some(status) => {
            let scheme = if status.secure { "https" } else { "http" };
            format!("running at {scheme}://{} (process {}, {})\n", status.address, status.pid, status.mode)
        }
        None => "not running; `whisperengine up` starts it\n".to_owned(),
    };
    if let Some(EngineStage::Starting { detail }) = reached.running.as_ref().map(|status| &status.engine) {
        text.push_str(&format!("not ready yet: {detail}\n"));
        return context.answer(&text, &body(reached, None, None));
    }
    let engine: EngineStatus = reached.client.get("/api/v1/status").await?;
    // Who owns the box stands in the store; without it there is nothing to ask.
    let setup: Option<SetupState> =
        if engine.ready() { Some(reached.client.get("/api/v1/setup").await?) } else { None };
    for part in &engine.parts {
        let state = if part.ok { "ok" } else { part.detail.as_str() };
        text.push_str(&format!("{:<9} {state}\n", part.name));
    }
    text.push_str(match setup.as_ref().map(|setup| (setup.has_owner, setup.connections)) {
        Some((false, _)) => "no owner yet; next: whisperengine setup --owner NAME --password-file FILE\n",
        Some((true, 0)) => "no language model connected; replies come from memory alone\n",
        Some(_) => "",
        None => "not ready: nothing is acknowledged until the store answers again\n",
    });
    context.answer(&text, &body(reached, Some(&engine), setup.as_ref()))
}

fn body(reached: &Reached, engine: Option<&EngineStatus>, setup: Option<&SetupState>) -> Value {
    json!({
        "running": reached.running.is_some(),
        "box": reached.running,
        "ready": engine.is_some_and(EngineStatus::ready),
        "engine": engine,
        "setup": setup,
    })
}
