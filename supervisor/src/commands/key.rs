//! `key create|list|revoke`: API keys of the owner, for programs.

use super::context::Context;
use crate::exit::Failure;
use crate::reach;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use engine_client::client::EngineClient;
use engine_client::wire::people::{KeyCreated, KeyView, NewKey};
use serde_json::{Value, json};
use std::fmt::Write;

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; it is shown this once.
    Create {
        /// What it is for.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show which keys there are.
    List,
    /// End a key at once.
    Revoke {
        /// Its id, or its name where only one has it.
        #[arg(value_name = "KEY")]
        key: String,
    },
}

pub async fn run(command: KeyCommand, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let (text, json) = reach::with_engine(&config, async |reached| match &command {
        KeyCommand::Create { name } => create(&reached.client, name).await,
        KeyCommand::List => list(&reached.client).await,
        KeyCommand::Revoke { key } => revoke(&reached.client, key).await,
    })
    .await?;
    Ok(context.answer(&text, &json)?)
}

async fn create(client: &EngineClient, name: &str) -> anyhow::Result<(String, Value)> {
    let made: KeyCreated = client.post("/api/v1/keys", &NewKey { name: name.to_owned() }).await?;
    let text = format!("{}\n  send it as `Authorization: Bearer KEY`; it is shown this once\n", made.key);
    Ok((text, serde_json::to_value(&made)?))
}

async fn list(client: &EngineClient) -> anyhow::Result<(String, Value)> {
    let keys: Vec<KeyView> = client.get("/api/v1/keys").await?;
    let mut text = String::new();
    for key in &keys {
        let state = if key.revoked_at.is_some() { "revoked" } else { "good" };
        writeln!(text, "{}  {}…  {state:<7}  {}", key.id, key.hint, key.name)?;
    }
    if keys.is_empty() {
        text.push_str("no keys; `whisperengine key create NAME` makes one\n");
    }
    Ok((text, json!({ "keys": keys })))
}

async fn revoke(client: &EngineClient, wanted: &str) -> anyhow::Result<(String, Value)> {
    let keys: Vec<KeyView> = client.get("/api/v1/keys").await?;
    let mut fitting = keys.iter().filter(|key| key.id.to_string() == wanted);
    let mut named = keys.iter().filter(|key| key.name == wanted && key.revoked_at.is_none());
    let key = match (fitting.next(), named.next(), named.next()) {
        (Some(key), ..) | (None, Some(key), None) => key,
        (None, Some(_), Some(_)) => bail!("more than one key is called {wanted}; name it by its id"),
        (None, None, _) => bail!("there is no key {wanted}; `whisperengine key list` shows all"),
    };
    client.delete(&format!("/api/v1/keys/{}", key.id)).await.context("the key was not revoked")?;
    Ok((format!("{} opens nothing any more\n", key.name), json!({ "revoked": key.id })))
}
