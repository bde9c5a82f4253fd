//! `owner recover`: the way back in for an owner who lost their password and sits at the box.

use super::context::Context;
use super::secret_file;
use crate::exit::Failure;
use crate::reach;
use clap::Subcommand;
use engine_client::client::EngineClient;
use engine_client::wire::setup::{Recover, RecoveryCode};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Make a new recovery code, and set a new password where one is given.
    Recover {
        /// Where the code is written, instead of being shown.
        #[arg(long, value_name = "FILE")]
        recovery_file: Option<PathBuf>,
        /// The file with the new password; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

pub async fn run(command: OwnerCommand, context: &Context) -> Result<(), Failure> {
    let OwnerCommand::Recover { recovery_file, password_file } = command;
    let config = context.load(&context.flags())?;
    let password = password_file.as_deref().map(secret_file::read).transpose()?;
    if let Some(path) = &recovery_file {
        secret_file::check_place(path)?;
    }
    let made = reach::with_engine(&config, async |reached| {
        let client = &reached.client;
        let mut made = new_code(client).await?;
        if let Some(password) = &password {
            let recover = Recover {
                owner: made.owner.clone(),
                recovery_code: made.recovery_code,
                password: password.expose().to_owned(),
            };
            client.post::<()>("/api/v1/owner/recover", &recover).await?;
            // The first code was spent on the password; the owner keeps a good one.
            made = new_code(client).await?;
        }
        Ok(made)
    })
    .await?;
    let (text, json) = told(&made, recovery_file.as_deref(), password.is_some())?;
    Ok(context.answer(&text, &json)?)
}

async fn new_code(client: &EngineClient) -> anyhow::Result<RecoveryCode> {
    Ok(client.post("/api/v1/owner/recovery-code", &json!({})).await?)
}

fn told(made: &RecoveryCode, file: Option<&Path>, has_password: bool) -> anyhow::Result<(String, Value)> {
    let mut text = String::new();
    let mut json = json!({ "owner": made.owner, "person": made.person, "password_set": has_password });
    if has_password {
        writeln!(text, "{} has the new password; wherever they were signed in, that ended", made.owner)?;
    }
    match file {
        Some(path) => {
            secret_file::write(path, &made.recovery_code)?;
            writeln!(text, "the recovery code of {} is in {}", made.owner, path.display())?;
            json["recovery_file"] = json!(path);
        }
        None => {
            writeln!(
                text,
                "recovery code of {}: {}\n  it is shown this once",
                made.owner, made.recovery_code
            )?;
            json["recovery_code"] = json!(made.recovery_code);
        }
    }
    Ok((text, json))
}
