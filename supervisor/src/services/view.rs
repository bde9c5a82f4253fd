//! What the rest of the box sees of its services: where they answer, and how they are.

use super::fault::Trouble;
use super::name::ServiceName;
use engine::domain::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Services that serve right now, and where.
pub type Reach = BTreeMap<ServiceName, SocketAddr>;

/// One service, for pages and commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    pub name: ServiceName,
    pub stage: &'static str,
    pub image: String,
    pub container: Option<String>,
    pub address: Option<SocketAddr>,
    pub serving_since: Option<Timestamp>,
    /// Starts since the box was started.
    pub starts: u32,
    pub trouble: Option<Trouble>,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
    /// The last lines it said before it failed last.
    pub last_lines: Vec<String>,
    /// Why it has no graphics card, where it could have one.
    pub lacks_card: Option<NoCard>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoCard {
    /// The container engine would not hand it over, in its words.
    Refused(String),
    /// The container engine had none when the container was made, and has one now.
    CameLater,
}
