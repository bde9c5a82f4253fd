//! `setup`: from an empty box to one with an owner and, where wanted, a language model. Asks nothing, so
//! that a script can run it; run again, it changes nothing that is there.

use super::context::Context;
use super::secret_file;
use crate::exit::Failure;
use crate::reach;
use clap::Args;
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::connections::{ConnectionTest, ConnectionView, NewConnection};
use engine_client::wire::setup::{SetupDone, SetupRequest, SetupState, SetupStep, StepDone};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Setup {
    /// The owner's name.
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// The file with the owner's password; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Where the recovery code is written, instead of being shown.
    #[arg(long, value_name = "FILE")]
    recovery_file: Option<PathBuf>,
    /// An OpenAI-shaped model server, such as `http://127.0.0.1:11434/v1`.
    #[arg(long, value_name = "URL", requires = "model")]
    model_url: Option<String>,
    /// The model to use there.
    #[arg(long, value_name = "NAME", requires = "model_url")]
    model: Option<String>,
    /// The file with the server's key, where it asks for one.
    #[arg(long, value_name = "FILE", requires = "model_url")]
    model_key_file: Option<PathBuf>,
}

/// What came of it, in both tongues.
struct Outcome {
    text: String,
    json: Value,
}

pub async fn run(setup: Setup, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let password = secret_file::read(&setup.password_file)?;
    let connection = connection(&setup)?;
    if let Some(path) = &setup.recovery_file {
        secret_file::check_place(path)?;
    }
    let outcome = reach::with_engine(&config, async |reached| {
        let request = SetupRequest {
            owner: setup.owner.clone(),
            password: password.expose().to_owned(),
            connection: connection.clone(),
            guided: false,
        };
        set_up(&reached.client, request, &setup).await
    });
    let outcome = outcome.await?;
    Ok(context.answer(&outcome.text, &outcome.json)?)
}

fn connection(setup: &Setup) -> anyhow::Result<Option<NewConnection>> {
    let (Some(url), Some(model)) = (&setup.model_url, &setup.model) else { return Ok(None) };
    let key = setup.model_key_file.as_deref().map(secret_file::read).transpose()?;
    Ok(Some(NewConnection {
        name: None,
        url: url.clone(),
        model: model.clone(),
        key: key.map(|key| key.expose().to_owned()),
        context_tokens: None,
        continues_text: false,
    }))
}

async fn set_up(client: &EngineClient, request: SetupRequest, setup: &Setup) -> anyhow::Result<Outcome> {
    let state: SetupState = client.get("/api/v1/setup").await?;
    let connection = request.connection.clone();
    let mut outcome = if state.has_owner {
        already(client, connection.as_ref()).await?
    } else {
        match client.post::<SetupDone>("/api/v1/setup", &request).await {
            Ok(done) => made(&done, setup)?,
            Err(error) if error.code() == Some(ErrorCode::AlreadySetUp) => {
                already(client, connection.as_ref()).await?
            }
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(wanted) = &connection {
        try_out(client, wanted, &mut outcome).await?;
    }
    outcome.text.push_str("next: whisperengine chat\n");
    Ok(outcome)
}

fn made(done: &SetupDone, setup: &Setup) -> anyhow::Result<Outcome> {
    let mut text = format!("{} owns this box now\n", setup.owner);
    let mut json = json!({ "already_set_up": false, "owner": setup.owner, "person": done.person });
    if let Some(path) = &setup.recovery_file {
        secret_file::write(path, &done.recovery_code)?;
        writeln!(text, "the recovery code is in {}; keep it somewhere else", path.display())?;
        json["recovery_file"] = json!(path);
    } else {
        writeln!(text, "recovery code: {}\n  write it down; it is shown this once", done.recovery_code)?;
        json["recovery_code"] = json!(done.recovery_code);
    }
    Ok(Outcome { text, json })
}

/// The owner stays who they are; a model that is not connected yet is added.
async fn already(client: &EngineClient, wanted: Option<&NewConnection>) -> anyhow::Result<Outcome> {
    let mut text = "this box has an owner already; nothing was changed about that\n".to_owned();
    // Whoever began in the browser and goes on here has no page left to come back to.
    client.post::<()>("/api/v1/setup/steps", &StepDone { step: SetupStep::Model }).await?;
    if let Some(wanted) = wanted
        && find(client, wanted).await?.is_none()
    {
        let added: ConnectionView = client.post("/api/v1/connections", wanted).await?;
        writeln!(text, "connected {}", added.name)?;
    }
    Ok(Outcome { text, json: json!({ "already_set_up": true }) })
}

/// The connection with the same address and model.
async fn find(client: &EngineClient, wanted: &NewConnection) -> anyhow::Result<Option<ConnectionView>> {
    let connections: Vec<ConnectionView> = client.get("/api/v1/connections").await?;
    let same = |there: &ConnectionView| {
        there.url.trim_end_matches('/') == wanted.url.trim_end_matches('/') && there.model == wanted.model
    };
    Ok(connections.into_iter().find(same))
}

/// A server that does not answer yet is no reason to fail: it may be started later.
async fn try_out(client: &EngineClient, wanted: &NewConnection, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(connection) = find(client, wanted).await? else { return Ok(()) };
    let path = format!("/api/v1/connections/{}/test", connection.id);
    let (answers, words) = match client.post::<ConnectionTest>(&path, &json!({})).await {
        Ok(test) if test.knows_model => (true, format!("{} answers", connection.name)),
        Ok(_) => (true, format!("{} answers, but lists no model {}", connection.name, connection.model)),
        Err(error) => (false, format!("{} does not answer yet: {error}", connection.name)),
    };
    writeln!(outcome.text, "{words}")?;
    outcome.json["connection"] = json!({ "id": connection.id, "name": connection.name, "answers": answers });
    Ok(())
}
