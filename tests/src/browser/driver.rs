//! `chromedriver` and one session of it: JSON in, JSON out.

use crate::http;
use crate::process::{Home, Process};
use ::http::{Method, Request, header};
use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A first start on a busy machine.
const START: Duration = Duration::from_secs(60);
/// One command; the longest is a page that loads.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Driver {
    address: SocketAddr,
    session: String,
    /// Before the home: the profile goes when nobody writes it any more.
    _process: Process,
    _home: Home,
}

/// The protocol's own refusals, such as `no such element`.
#[derive(Debug)]
pub struct Refused {
    pub kind: String,
    message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.lines().next().unwrap_or_default();
        write!(f, "{}: {message}", self.kind)
    }
}

impl std::error::Error for Refused {}

/// Why this machine has no browser, if it has none.
pub fn lacking() -> Option<String> {
    let missing: Vec<&str> =
        ["chromium", "chromedriver"].into_iter().filter(|program| find(program).is_none()).collect();
    (!missing.is_empty())
        .then(|| format!("there is no {}: scripts/install-deps test installs it", missing.join(" and no ")))
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

impl Driver {
    /// With these flags beside the usual ones.
    pub async fn start(flags: &[String]) -> anyhow::Result<Self> {
        let home = Home::new()?;
        let chromium = find("chromium").context("there is no chromium")?;
        let mut process = home.start_neighbour("chromedriver", &["--port=0"])?;
        let line = process.wait_for_line("was started successfully on port", START).await?;
        let port = line.trim_end_matches('.').rsplit(' ').next().and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("no port in {line:?}"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let asked = capabilities(&chromium, &home.path().join("profile"), flags);
        let mut driver = Self { address, session: String::new(), _process: process, _home: home };
        let begun = driver.send(Method::POST, "/session", Some(asked), START).await?;
        begun["sessionId"].as_str().context("a session has an id")?.clone_into(&mut driver.session);
        Ok(driver)
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, &self.within(path), None, PATIENCE).await
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(Method::POST, &self.within(path), Some(body), PATIENCE).await
    }

    /// Ends the browser in good order; dropping it ends it, too.
    pub async fn end(self) -> anyhow::Result<()> {
        let session = format!("/session/{}", self.session);
        self.send(Method::DELETE, &session, None, PATIENCE).await.map(drop)
    }

    /// A command of Chromium's own protocol, for what `WebDriver` cannot say.
    pub async fn chromium(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.post("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    fn within(&self, path: &str) -> String {
        format!("/session/{}/{path}", self.session)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        patience: Duration,
    ) -> anyhow::Result<Value> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = http::send_within(patience, self.address, request).await?;
        let (status, body) = (answer.status(), answer.into_body());
        let mut told: Value = serde_json::from_slice(&body)
            .with_context(|| format!("{path}: {status} {}", String::from_utf8_lossy(&body)))?;
        let value = told["value"].take();
        if status.is_success() {
            return Ok(value);
        }
        let Some(kind) = value["error"].as_str() else { bail!("{path}: {status} {value}") };
        let message = value["message"].as_str().unwrap_or_default().to_owned();
        Err(Refused { kind: kind.to_owned(), message }.into())
    }
}

/// A browser that asks nobody but the page for anything, and tells what it asked.
fn capabilities(chromium: &Path, profile: &Path, flags: &[String]) -> Value {
    let profile = format!("--user-data-dir={}", profile.display());
    let usual = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-breakpad",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en",
        "--window-size=1280,800",
        &profile,
    ];
    let arguments: Vec<&str> = usual.into_iter().chain(flags.iter().map(String::as_str)).collect();
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "unhandledPromptBehavior": "ignore",
        "goog:chromeOptions": {"binary": chromium, "args": arguments},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }}})
}
