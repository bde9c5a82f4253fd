//! The box under measurement: started on a data directory of its own, spoken to over its control socket.

use crate::free_port::free_port;
use crate::http;
use crate::process::{Home, Process};
use crate::visitor::Visitor;
use anyhow::Context;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use engine_client::wire::connections::{ConnectionView, NewConnection};
use engine_client::wire::setup::{SetupDone, SetupRequest};
use engine_client::wire::status::EngineStatus;
use rustix::process::Pid;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// How often a starting program is asked: a start is measured no finer than this.
const PACE: Duration = Duration::from_millis(1);

const OWNER: &str = "bench";
const PASSWORD: &str = "measured twice, cut once";

pub struct Subject {
    pub home: Home,
    pub client: EngineClient,
    /// Where its pages are.
    pub address: SocketAddr,
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
        let (subject, begun) = Self::begin(home)?;
        let (address, client) = (subject.address, &subject.client);
        let healthy = moment("/health", async || {
            http::get(address, "/health").await.is_ok_and(|answer| answer.status().is_success())
        });
        let answered =
            moment("the contract", async || client.get::<EngineStatus>("/api/v1/status").await.is_ok());
        let both = futures::future::try_join(healthy, answered).await;
        let (healthy, answered) = both.with_context(|| subject.said())?;
        let started = Started { health: healthy - begun, answer: answered - begun };
        Ok((subject, started))
    }

    /// Starts `up` and returns when whoever opens `/` has been led to a page, with how long that took. Nothing
    /// else is asked meanwhile.
    pub async fn start_to_page(home: Home) -> anyhow::Result<(Self, Duration)> {
        let (subject, begun) = Self::begin(home)?;
        let seen = moment("the first page", async || {
            let mut visitor = Visitor::at(subject.address);
            visitor.open("/").await.is_ok_and(|page| page.status.is_success() && page.html.contains("<h1>"))
        });
        let seen = seen.await.with_context(|| subject.said())?;
        Ok((subject, seen - begun))
    }

    fn begin(home: Home) -> anyhow::Result<(Self, Instant)> {
        let address = free_port()?;
        let socket = socket::unix(home.data_dir().join("run/control.sock"));
        let client = EngineClient::new(socket, None, Principal::Operator);
        let begun = Instant::now();
        let process = home.start(&["up", "--runtime", "native", "--listen", &address.to_string()])?;
        Ok((Self { home, client, address, process }, begun))
    }

    fn said(&self) -> String {
        format!("the program said: {}", self.process.stderr().unwrap_or_else(|error| error.to_string()))
    }

    /// Somebody with a browser who has signed in as the owner.
    pub async fn visitor(&self) -> anyhow::Result<Visitor> {
        let mut visitor = Visitor::at(self.address);
        visitor.open("/sign-in").await?;
        let page = visitor.submit("/sign-in", &[("name", OWNER), ("password", PASSWORD)]).await?;
        anyhow::ensure!(page.path.starts_with("/chat/"), "signing in leads to {}", page.path);
        Ok(visitor)
    }

    /// Gives it an owner, so that conversations can be held.
    pub async fn set_up(&self) -> anyhow::Result<()> {
        let request =
            SetupRequest { owner: OWNER.into(), password: PASSWORD.into(), connection: None, guided: false };
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
