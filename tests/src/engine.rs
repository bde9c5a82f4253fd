//! `whisperengine engine`: one more engine on a house's PostgreSQL, in a process of its own.

use crate::house::{House, STOP};
use crate::process::Process;
use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use std::path::PathBuf;
use std::time::Duration;

const START: Duration = Duration::from_secs(30);

pub struct Engine {
    pub process: Process,
    socket: PathBuf,
    secret: String,
}

impl Engine {
    /// With the secrets that the house's `up` hands out, so it must have been up.
    pub async fn beside(house: &House, name: &str) -> anyhow::Result<Self> {
        let handed_out = house.home.data_dir().join("run/secrets/engine");
        let (secret, master_key) = (handed_out.join("transport-secret"), handed_out.join("master-key"));
        let socket = house.home.path().join(format!("{name}.sock"));
        let words = [&socket, &secret, &master_key].map(|path| path.display().to_string());
        let [at, with, sealed_by] = &words;
        let arguments = ["engine", "--socket", at, "--secret-file", with, "--master-key-file", sealed_by];
        let mut process = house.home.start(&arguments)?;
        process.wait_for_line("engine ready", START).await?;
        let secret = std::fs::read_to_string(&secret).context("the house handed out no secret")?;
        Ok(Self { process, socket, secret })
    }

    pub fn client(&self) -> EngineClient {
        let transport = socket::unix(self.socket.clone());
        EngineClient::new(transport, Some(self.secret.clone()), Principal::Operator)
    }

    /// SIGTERM, and waits for a good end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate()?;
        let status = self.process.wait_for_exit(STOP).await?;
        ensure!(status.success(), "asked to stop it ended with {status}: {}", self.process.stderr()?);
        Ok(())
    }
}
