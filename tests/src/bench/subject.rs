//! The box under measurement: started on a data directory of its own, spoken to over its control socket.

use crate::free_port::free_port;
use crate::http;
use crate::process::{Home, Process};
use anyhow::Context;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use engine_client::wire::connections::{ConnectionView, NewConnection};
use engine_client::wire::setup::{SetupDone, SetupRequest};
use engine_client::wire::status::EngineStatus;
use rustix::process::Pid;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// How often a starting program is asked: a start is measured no finer than this.
const PACE: Duration = Duration::from_millis(1);

pub struct Subject {
    pub home: Home,
    pub client: EngineClient,
    process: Process,
}

/// How long a start took, counted from before the program was spawned.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    pub health: Duration,
    /// The first answer of the contract.
    pub answer: Duration,
}

impl Subject {
    /// Starts `up` and returns when `/health` and the contract have both answered.
    pub async fn start(home: Home) -> anyhow::Result<(Self, Started)> {
        let address = free_port()?;
        let socket = socket::unix(home.data_dir().join("run/control.sock"));
        let client = EngineClient::new(socket, None, Principal::Operator);
        let begun = Instant::now();
        let process = home.start(&["up", "--runtime", "native", "--listen", &address.to_string()])?;
        let healthy = moment("/health", async || {
            http::get(address, "/health").await.is_ok_and(|answer| answer.status().is_success())
        });
        let answered =
            moment("the contract", async || client.get::<EngineStatus>("/api/v1/status").await.is_ok());
        let both = futures::future::try_join(healthy, answered).await;
        let (healthy, answered) = both.with_context(|| {
            format!("the program said: {}", process.stderr().unwrap_or_else(|error| error.to_string()))
        })?;
        let started = Started { health: healthy - begun, answer: answered - begun };
        Ok((Self { home, client, process }, started))
    }

    /// Gives it an owner, so that conversations can be held.
    pub async fn set_up(&self) -> anyhow::Result<()> {
        let request = SetupRequest {
            owner: "bench".into(),
            password: "measured twice, cut once".into(),
            connection: None,
            guided: false,
        };
        self.client.post::<SetupDone>("/api/v1/setup", &request).await?;
        Ok(())
    }

    /// From now on this model answers.
    pub async fn connect(&self, url: String) -> anyhow::Result<()> {
        let connection = NewConnection {
            name: None,
            url,
            model: "scripted".into(),
            key: None,
            context_tokens: None,
            continues_text: false,
        };
        self.client.post::<ConnectionView>("/api/v1/connections", &connection).await?;
        Ok(())
    }

    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Ends it politely and gives its home back for the next start.
    pub async fn stop(mut self) -> anyhow::Result<Home> {
        self.process.terminate()?;
        let status = self.process.wait_for_exit(PATIENCE).await?;
        anyhow::ensure!(status.success(), "a polite end was answered with {status}");
        Ok(self.home)
    }
}

/// When `holds` first held.
async fn moment(what: &str, holds: impl AsyncFn() -> bool) -> anyhow::Result<Instant> {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(PACE).await;
        }
        Instant::now()
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .with_context(|| format!("{what} gave no answer within {PATIENCE:?}"))
}
