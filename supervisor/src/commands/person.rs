//! `person invite|list|reset-password|suspend|resume`: who may come in.

use super::context::Context;
use super::secret_file;
use crate::config::secret::Secret;
use crate::exit::Failure;
use crate::reach;
use anyhow::Context as _;
use clap::Subcommand;
use engine_client::client::EngineClient;
use engine_client::wire::people::{
    Invite, Invited, PersonStateView, PersonView, RoleView, SetPassword, SetPersonState,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Make a place for somebody; their code is shown this once.
    Invite {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show everybody.
    List,
    /// Give somebody a new password; wherever they are signed in, that ends.
    ResetPassword {
        #[arg(value_name = "NAME")]
        name: String,
        /// The file with the new password; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Keep somebody out from now on; what is theirs stays.
    Suspend {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let somebody in again.
    Resume {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub async fn run(command: PersonCommand, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let password = match &command {
        PersonCommand::ResetPassword { password_file, .. } => Some(secret_file::read(password_file)?),
        _ => None,
    };
    let (text, json) = reach::with_engine(&config, async |reached| {
        let client = &reached.client;
        match &command {
            PersonCommand::Invite { name } => invite(client, name).await,
            PersonCommand::List => list(client).await,
            PersonCommand::ResetPassword { name, .. } => reset(client, name, password.as_ref()).await,
            PersonCommand::Suspend { name } => set_state(client, name, PersonStateView::Suspended).await,
            PersonCommand::Resume { name } => set_state(client, name, PersonStateView::Active).await,
        }
    })
    .await?;
    Ok(context.answer(&text, &json)?)
}

async fn invite(client: &EngineClient, name: &str) -> anyhow::Result<(String, Value)> {
    let invited: Invited = client.post("/api/v1/people", &Invite { name: name.to_owned() }).await?;
    let text = format!(
        "{} is invited\n  code: {}\n  it is spent on their first password, and shown this once\n",
        invited.person.name, invited.code
    );
    Ok((text, serde_json::to_value(&invited)?))
}

async fn list(client: &EngineClient) -> anyhow::Result<(String, Value)> {
    let people: Vec<PersonView> = client.get("/api/v1/people").await?;
    let mut text = String::new();
    for person in &people {
        let role = match person.role {
            RoleView::Owner => "owner",
            RoleView::Member => "member",
        };
        writeln!(text, "{role:<6}  {:<9}  {}", state_word(person.state), person.name)?;
    }
    if people.is_empty() {
        text.push_str("nobody yet; next: whisperengine setup --owner NAME --password-file FILE\n");
    }
    Ok((text, json!({ "people": people })))
}

async fn reset(
    client: &EngineClient,
    name: &str,
    password: Option<&Secret>,
) -> anyhow::Result<(String, Value)> {
    let person = find(client, name).await?;
    let password = password.context("a password file is needed")?.expose().to_owned();
    let path = format!("/api/v1/people/{}/password", person.id);
    client.post::<()>(&path, &SetPassword { password }).await?;
    Ok((format!("{} has the new password\n", person.name), json!({ "person": person.id })))
}

async fn set_state(
    client: &EngineClient,
    name: &str,
    state: PersonStateView,
) -> anyhow::Result<(String, Value)> {
    let person = find(client, name).await?;
    let path = format!("/api/v1/people/{}/state", person.id);
    let person: PersonView = client.post(&path, &SetPersonState { state }).await?;
    Ok((format!("{} is {}\n", person.name, state_word(person.state)), serde_json::to_value(&person)?))
}

/// By name as it is written, or by id.
async fn find(client: &EngineClient, wanted: &str) -> anyhow::Result<PersonView> {
    let people: Vec<PersonView> = client.get("/api/v1/people").await?;
    let found = people.into_iter().find(|person| person.name == wanted || person.id.to_string() == wanted);
    found.with_context(|| format!("there is nobody called {wanted}; `whisperengine person list` shows all"))
}

fn state_word(state: PersonStateView) -> &'static str {
    match state {
        PersonStateView::Invited => "invited",
        PersonStateView::Active => "active",
        PersonStateView::Suspended => "suspended",
    }
}
