//! A box that somebody lives in: a data directory, a database where it needs one, and `up`.
//!
//! A `House` outlives its processes: it can be killed and brought up again on the same data. It is
//! spoken to as the terminal does, over the control socket.

use crate::free_port::free_port;
use crate::process::{Home, Process};
use crate::services::postgres::Database;
use crate::stores::Store;
use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket;
use engine_client::wire::connections::{ConnectionView, NewConnection};
use engine_client::wire::setup::{SetupDone, SetupRequest};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A debug build on a busy machine.
const START: Duration = Duration::from_secs(90);
/// For a stop; the box gives itself nine seconds.
pub const STOP: Duration = Duration::from_secs(30);
pub const PASSWORD: &str = "a harbour at four in the morning";

pub struct House {
    pub home: Home,
    address: SocketAddr,
    process: Option<Process>,
    database: Option<Database>,
    /// Every start goes through these words, such as `strace`.
    wrapper: Vec<String>,
}

impl House {
    /// Empty and not yet up.
    pub fn new(store: Store) -> anyhow::Result<Self> {
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(Database::create()?),
        };
        let mut house = Self::over(Home::new()?)?;
        if let Some(database) = database {
            database.enter(&mut house.home)?;
            house.database = Some(database);
        }
        Ok(house)
    }

    /// In a home that was prepared.
    pub fn over(home: Home) -> anyhow::Result<Self> {
        Ok(Self { home, address: free_port()?, process: None, database: None, wrapper: Vec::new() })
    }

    /// Up, with an owner and no model.
    pub async fn inhabited(store: Store) -> anyhow::Result<Self> {
        let mut house = Self::new(store)?;
        house.up().await?;
        house.set_up().await?;
        Ok(house)
    }

    /// Starts `up` and waits until it can be talked to.
    pub async fn up(&mut self) -> anyhow::Result<()> {
        self.start().await?;
        self.until_ready().await
    }

    /// Starts `up` and waits until it answers, be it ready or not.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        ensure!(self.process.is_none(), "the house is up already");
        let mut process = self.begin()?;
        process.wait_for_health(self.address, START).await?;
        self.process = Some(process);
        Ok(())
    }

    pub async fn until_ready(&mut self) -> anyhow::Result<()> {
        let process = self.process.as_mut().context("the house is not up")?;
        process.wait_for_answer(self.address, "/ready", START).await.map(drop)
    }

    /// Starts `up` and waits until it ends by itself; tells how, and what it said.
    pub async fn fail_up(&mut self) -> anyhow::Result<(Option<i32>, String)> {
        let mut process = self.begin()?;
        let status = process.wait_for_exit(START).await?;
        Ok((status.code(), process.stdout()? + &process.stderr()?))
    }

    fn begin(&self) -> anyhow::Result<Process> {
        let listen = self.address.to_string();
        let wrapper: Vec<&str> = self.wrapper.iter().map(String::as_str).collect();
        self.home.start_under(&wrapper, &["up", "--listen", &listen])
    }

    /// For every start from now on.
    pub fn start_under(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    pub fn process(&self) -> anyhow::Result<&Process> {
        self.process.as_ref().context("the house is not up")
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("the house is not up")?.kill()
    }

    /// SIGTERM, and waits for a good end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.process()?.terminate()?;
        self.until_it_ends().await
    }

    /// Asked by somebody else to stop, it does so and ends well.
    pub async fn until_it_ends(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the house is not up")?;
        let status = process.wait_for_exit(STOP).await?;
        ensure!(status.success(), "asked to stop it ended with {status}: {}", process.stderr()?);
        Ok(())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn database(&self) -> anyhow::Result<&Database> {
        self.database.as_ref().context("this house keeps no PostgreSQL")
    }

    pub fn control_socket(&self) -> PathBuf {
        self.home.data_dir().join("run/control.sock")
    }

    /// Speaks as whoever sits at the terminal. Good across restarts: each call is a connection.
    pub fn client(&self) -> EngineClient {
        EngineClient::new(socket::unix(self.control_socket()), None, Principal::Operator)
    }

    /// An owner named Ada.
    pub async fn set_up(&self) -> anyhow::Result<SetupDone> {
        let (owner, password) = ("Ada".into(), PASSWORD.into());
        let request = SetupRequest { owner, password, connection: None, guided: false };
        Ok(self.client().post("/api/v1/setup", &request).await?)
    }

    /// One more model connection, behind those that are there.
    pub async fn connect(&self, url: &str, model: &str) -> anyhow::Result<ConnectionView> {
        self.connect_as(connection(url, model)).await
    }

    pub async fn connect_as(&self, new: NewConnection) -> anyhow::Result<ConnectionView> {
        Ok(self.client().post("/api/v1/connections", &new).await?)
    }
}

pub fn connection(url: &str, model: &str) -> NewConnection {
    NewConnection {
        name: None,
        url: url.into(),
        model: model.into(),
        key: None,
        context_tokens: None,
        continues_text: false,
    }
}
