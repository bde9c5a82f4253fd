//! Whether a model can be loaded and listened with, found out where it hurts nobody.
//!
//! The library ends its whole process over some files that are damaged, or made to do harm. So each file is loaded first by
//! a child, which has a limit to its memory and its time; what was proven is remembered until the file or the program is
//! another.

use crate::ears::hearing::{Listener, Wish};
use crate::ears::model::{Model, ModelError};
use crate::ears::windows::Window;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// A large model on a slow disk takes a while.
const PATIENCE: Duration = Duration::from_mins(3);
/// Beside a few times the model's own size.
const ROOM: u64 = 2 << 30;
const LONGEST_REASON: usize = 300;
/// How the library ends a process, and what it does to memory that is not its own: ILL, ABRT, BUS, FPE, SEGV. Whoever is
/// ended otherwise was ended by somebody else.
const OWN_ENDS: [i32; 5] = [4, 6, 7, 8, 11];

/// How a child is begun that proves the file whose path is added.
#[derive(Clone, Debug)]
pub struct Child {
    pub program: PathBuf,
    pub arguments: Vec<String>,
}

/// What was proven, in a file of its own.
pub struct Proofs {
    child: Child,
    /// Of the program that proved it: another one may see it otherwise.
    version: String,
    file: PathBuf,
    /// One at a time: a trial takes as much memory as the model.
    known: Mutex<Option<Known>>,
}

type Known = BTreeMap<PathBuf, Proof>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Proof {
    bytes: u64,
    modified: i64,
    version: String,
    /// Why it is not to be used.
    unfit: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("{0}")]
    Unfit(String),
    #[error("it could not be tried: {0}")]
    Untried(#[from] io::Error),
}

impl Proofs {
    pub fn new(child: Child, version: &str, file: PathBuf) -> Self {
        Self { child, version: version.to_owned(), file, known: Mutex::default() }
    }

    /// Returns once the file is known to be fit.
    pub async fn of(&self, path: &Path) -> Result<(), ProofError> {
        let mut known = self.known.lock().await;
        let known = known.get_or_insert_with(|| read(&self.file));
        let metadata = tokio::fs::metadata(path).await?;
        let nanoseconds =
            metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        let (bytes, modified) = (metadata.len(), nanoseconds);
        let is_same = |proof: &&Proof| {
            (proof.bytes, proof.modified, &proof.version) == (bytes, modified, &self.version)
        };
        let unfit = match known.get(path).filter(is_same) {
            Some(proof) => proof.unfit.clone(),
            None => {
                let unfit = self.child.tries(path).await?;
                let proof = Proof { bytes, modified, version: self.version.clone(), unfit: unfit.clone() };
                known.insert(path.to_owned(), proof);
                known.retain(|path, _| path.exists());
                if let Err(error) = write(&self.file, known) {
                    tracing::warn!(error = %error, "what was proven is not remembered");
                }
                unfit
            }
        };
        unfit.map_or(Ok(()), |why| Err(ProofError::Unfit(why)))
    }
}

impl Child {
    /// Why it is unfit. What was not tried to its end is an error.
    pub async fn tries(&self, path: &Path) -> io::Result<Option<String>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        // Where a debugger is installed, the library would have it look at its end.
        command.env_clear().env("GGML_NO_BACKTRACE", "1");
        // A runtime that has as many threads as the machine has processors would be refused its memory.
        command.env("TOKIO_WORKER_THREADS", "1").env("MALLOC_ARENA_MAX", "1");
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        // Whoever stops this process at its terminal says nothing about the model.
        command.process_group(0);
        let late = || io::Error::new(io::ErrorKind::TimedOut, "it was not loaded in time");
        let output = tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| late())??;
        let is_verdict = match output.status.signal() {
            Some(signal) => OWN_ENDS.contains(&signal),
            None => matches!(output.status.code(), Some(0 | 1)),
        };
        if is_verdict {
            Ok(reason(&output))
        } else {
            Err(io::Error::other(format!("the trial ended with {}", output.status)))
        }
    }
}

fn reason(output: &Output) -> Option<String> {
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    // Where it stands in the library's files says nothing to people.
    let last = last.find("GGML_ASSERT").map_or(last, |at| &last[at..]);
    let last = last.strip_prefix("error: ").unwrap_or(last);
    let last: String = last.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    Some(match output.status.signal() {
        Some(signal) => format!("loading it ended the trial with signal {signal}: {last}"),
        None => last,
    })
}

/// In the child: loads it, and listens to a second of silence with it.
pub fn prove(path: &Path) -> Result<(), String> {
    let bytes = path.metadata().map_err(|error| error.to_string())?.len();
    let wanted = bytes.saturating_mul(4).saturating_add(ROOM);
    let most = Some(getrlimit(Resource::As).maximum.map_or(wanted, |most| most.min(wanted)));
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).map_err(|error| error.to_string())?;
    // It would be as large as the model.
    setrlimit(Resource::Core, none).map_err(|error| error.to_string())?;
    let model = Model::load(path).map_err(|error: ModelError| error.to_string())?;
    let silence = Window { at: 0, samples: vec![0.0; 16_000] };
    let mut listener = Listener::new(&model, 1).map_err(|error| error.to_string())?;
    let heard = listener.hear(&silence, &Wish::default(), &CancellationToken::new());
    heard.map(drop).map_err(|error| error.to_string())
}

/// What cannot be read was proven to nobody.
fn read(file: &Path) -> Known {
    std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn write(file: &Path, known: &Known) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(known)?;
    let beside = file.with_extension("part");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}
