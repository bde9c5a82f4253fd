//! What the system pages show and do: what the box leans on, its long work, what needs somebody, figures, logs.
//!
//! Plain facts in, plain wishes out: no container, no database and no file is known here. Whoever asks is the owner;
//! that was found out before.

use futures::future::BoxFuture;
use std::net::SocketAddr;

pub trait System: Send + Sync {
    /// How it is. Never waits for more than a quarter of a second.
    fn health(&self) -> BoxFuture<'_, Health>;
    /// Long work: what is under way first, then the newest that ended.
    fn jobs(&self) -> BoxFuture<'_, Vec<Job>>;
    /// What is left of the machine, and what the box takes of it. Never waits for more than a tenth of a second.
    fn load(&self) -> BoxFuture<'_, Load>;
    /// Tries a service in trouble at once.
    fn retry<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<(), Refused>>;
    /// Has a service run there from now on; the store is carried there.
    fn choose<'a>(&'a self, service: &'a str, home: Home) -> BoxFuture<'a, Result<(), Refused>>;
    /// What can be put right with a button.
    fn repair<'a>(&'a self, issue: &'a str) -> BoxFuture<'a, Result<(), Refused>>;
    /// One file for somebody who helps, as a tar archive, without secrets, and without names of people where they are
    /// known. Takes as long as it takes.
    fn diagnostics(&self) -> BoxFuture<'_, Result<Vec<u8>, Refused>>;
    /// It ends a moment later.
    fn cancel_job(&self, id: &str) -> Result<(), Refused>;
}

/// What the box wrote down.
pub trait Logs: Send + Sync {
    /// Lines of one log, oldest first.
    fn read(&self, log: Log, wish: LogWish) -> BoxFuture<'_, Result<LogPiece, Refused>>;
    /// Services in containers, which say things of their own.
    fn speakers(&self) -> Vec<String>;
    /// What one of them said, without weights. Never waits for more than a quarter of a second.
    fn said<'a>(&'a self, service: &'a str, wish: LogWish) -> BoxFuture<'a, Result<LogPiece, Refused>>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such service, issue or job, or nothing to do about it any more.
    #[error("there is no such thing")]
    Unknown,
    /// In words for its owner.
    #[error("{0}")]
    Failed(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// What the box leans on, the most needed first.
    pub services: Vec<Service>,
    pub issues: Vec<Issue>,
    /// Whether everybody answered in time; if not, there may be more.
    pub is_complete: bool,
}

/// Something the box leans on.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// As addresses have it: `postgres`, `redis`, `store` …
    pub name: String,
    pub part: Part,
    /// What plays the part, or is wanted for it: `sqlite`, `postgres`, `memory`, `redis` …
    pub kind: String,
    pub home: Home,
    pub stage: Stage,
    /// Whether the box cannot do its work without it.
    pub is_needed: bool,
    /// Where it answers.
    pub address: Option<SocketAddr>,
    /// What it takes; for what is a part of the box, what all of the box's process takes.
    pub takes: Takes,
    pub container: Option<Container>,
    pub trouble: Option<Trouble>,
    pub choice: Choice,
}

/// What something takes at this moment. `None` is what nobody tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Takes {
    pub memory_bytes: Option<u64>,
    /// How many processor cores it keeps busy.
    pub cores: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Where everything is kept.
    Store,
    Cache,
    /// The index by which memories are found.
    Vectors,
    /// The companion itself.
    Engine,
    /// What listens and speaks.
    Voice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the box's own process.
    Native,
    /// In a container that the box keeps.
    Container,
    /// A server that somebody else keeps.
    Elsewhere,
}

/// How it is. Only what runs in a container knows all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not in a container: it answers.
    Answers,
    /// Not in a container: it does not answer, and this was seen.
    Silent(String),
    /// Not in a container, and nobody has heard of it in time.
    Unheard,
    Waiting,
    Looking,
    Fetching,
    Making,
    Starting,
    /// Microseconds since the epoch.
    Serving {
        since: i64,
    },
    Unwatched,
    Halting,
    Resting,
    Parked,
    Leaving,
}

/// The container that it runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub image: String,
    /// The beginning of its id, where there is one.
    pub id: Option<String>,
    /// Where it answers inside.
    pub port: Option<u16>,
    /// Since the box was started.
    pub starts: u32,
    pub most_memory_bytes: Option<u64>,
    /// What it said before it failed last.
    pub last_lines: Vec<String>,
}

/// What went wrong with it lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The end of a sentence that begins with its name.
    pub what: String,
    /// What its owner can do.
    pub next: String,
    /// In the words of whoever said so.
    pub detail: String,
    /// When it is tried again, in microseconds since the epoch.
    pub next_try: Option<i64>,
}

/// Whether its owner may have it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// In a container, or in the box itself.
    Free(Made),
    /// The same for the store: all that it keeps is carried there, and nobody is answered meanwhile.
    Moves(Made),
    /// The configuration names a server.
    Configured,
    /// The box was started to run everything in its own process.
    NativeOnly,
    /// There is nothing else that could play this part.
    Only,
}

/// What its container would be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// `None`: the box makes it of itself.
    pub image: Option<String>,
    pub most_memory_bytes: u64,
}

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub id: String,
    pub severity: Severity,
    pub what: String,
    pub next: String,
    /// What its button does, where the box can put it right by itself.
    pub repair: Option<Repair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Tries the service at once.
    TryAgain,
    /// Looks for the container engine at once.
    LookAgain,
    /// Takes the image that is there now for the right one.
    TrustImage,
    /// Forgets every image, so that each is got and checked anew.
    ResetImages,
    BeginEmpty,
    /// Has the box do the service's work itself.
    GoWithout,
    /// Closes the data directory to other users of the machine.
    CloseDirectory,
    /// Removes what the box left behind in the container engine.
    RemoveLeftovers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// A job that gets an image.
pub const IMAGE_JOB: &str = "image";
/// A job that carries the Store elsewhere.
pub const MOVE_JOB: &str = "move";

/// One piece of long work. Times are microseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: String,
    /// What is done: [`IMAGE_JOB`], [`MOVE_JOB`], or what a newer box knows.
    pub kind: String,
    /// To what.
    pub subject: String,
    pub stage: String,
    pub unit: Unit,
    pub done: u64,
    pub total: Option<u64>,
    pub begun_at: i64,
    /// When it last came further.
    pub moved_at: i64,
    pub end: Option<JobEnd>,
}

/// What a job's figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    /// Rows of the store.
    Rows,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    pub at: i64,
    pub outcome: Outcome,
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed,
    Cancelled,
    /// The box ended while it was under way.
    Interrupted,
}

/// What is left of the machine. `None` is what it does not tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    pub memory_total: Option<u64>,
    pub memory_free: Option<u64>,
    /// Where a control group allows the box less than the machine has.
    pub group_total: Option<u64>,
    pub group_free: Option<u64>,
    /// What this very process takes.
    pub memory_own: Option<u64>,
    /// Of the file system that holds the data directory.
    pub disk_total: Option<u64>,
    pub disk_free: Option<u64>,
    /// What is left free: below it nothing is fetched, so that what is said can still be kept.
    pub disk_reserve: u64,
    /// What the box keeps there.
    pub kept: Option<Kept>,
    pub cores: u32,
    /// Programs that ran or waited to, on average over the last minute.
    pub busy: Option<f64>,
}

/// What lies in the data directory, in bytes on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// All of it, these and the rest.
    pub all: u64,
    /// Conversations, files, indexes and the cache.
    pub data: u64,
    pub logs: u64,
    pub bundles: u64,
    pub temporary: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Everything.
    #[default]
    App,
    /// Warnings and errors.
    Errors,
    /// How long things took.
    Performance,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogWish {
    /// Only lines with these words in them, in capitals or not.
    pub words: String,
    /// Only lines of this weight or more.
    pub level: Option<Level>,
    /// Only lines after this place: the oldest of these, rather than the newest of all.
    pub after: Option<String>,
    pub most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPiece {
    pub lines: Vec<LogLine>,
    /// The place behind the newest line that was looked at.
    pub place: Option<String>,
    /// Whether lines were left out that are older, or with `after` newer, than these.
    pub has_more: bool,
    /// Nobody could be asked in time: these are the lines that were kept.
    pub is_kept: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// As it was written down: RFC 3339, in UTC. Empty for what is no line of ours.
    pub at: String,
    pub level: Option<Level>,
    pub message: String,
    /// What belongs to it, such as `service.name=cache`.
    pub fields: String,
}
