//! Whether a model can be loaded and worked with, found out where it hurts nobody.
//!
//! Some files that are damaged, or made to do harm, end the whole process that loads them. So each is loaded first by a
//! child, which has a limit to its memory and its time; what was proven is remembered until the file or the program is
//! another.

use super::models::{Kind, description};
use crate::ears::hearing::{Listener, Wish};
use crate::ears::model::{Model, ModelError};
use crate::ears::windows::Window;
use crate::mouth::piper::trial;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::Metadata;
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
/// Seconds of a processor's work: a machine that is busy says nothing about the model.
const WORK: u64 = 90;
const LONGEST_REASON: usize = 300;
/// How a library ends a process, and what it does to memory that is not its own: ILL, ABRT, BUS, FPE, SEGV; and the end of
/// who worked too long: XCPU. Whoever is ended otherwise was ended by somebody else.
const OWN_ENDS: [i32; 6] = [4, 6, 7, 8, 11, TOO_LONG];
const TOO_LONG: i32 = 24;

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
    /// The same of what describes it, where something does.
    #[serde(default)]
    beside: Option<(u64, i64)>,
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
        let (bytes, modified) = state(&tokio::fs::metadata(path).await?);
        let beside = tokio::fs::metadata(description(path)).await.ok().as_ref().map(state);
        let is_same = |proof: &Proof| {
            (proof.bytes, proof.modified, proof.beside, &proof.version)
                == (bytes, modified, beside, &self.version)
        };
        if !known.get(path).is_some_and(is_same) {
            // Another process may have proven it.
            known.extend(read(&self.file));
        }
        let unfit = match known.get(path).filter(|proof| is_same(proof)) {
            Some(proof) => proof.unfit.clone(),
            None => {
                let unfit = self.child.tries(path).await?;
                let version = self.version.clone();
                let proof = Proof { bytes, modified, beside, version, unfit: unfit.clone() };
                known.insert(path.to_owned(), proof);
                self.remember(known);
                unfit
            }
        };
        unfit.map_or(Ok(()), |why| Err(ProofError::Unfit(why)))
    }

    /// What was proven of a file holds where it was moved to.
    pub async fn moved(&self, from: &Path, to: &Path) {
        let mut known = self.known.lock().await;
        let known = known.get_or_insert_with(|| read(&self.file));
        if let Some(proof) = known.remove(from) {
            known.insert(to.to_owned(), proof);
            self.remember(known);
        }
    }

    fn remember(&self, known: &mut Known) {
        known.retain(|path, _| path.exists());
        if let Err(error) = write(&self.file, known) {
            tracing::warn!(error = %error, "what was proven is not remembered");
        }
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
    // How to see where in our own code it was says nothing to people.
    let tells = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
    let last = said.lines().rev().map(str::trim).find(tells).unwrap_or_default();
    // Nor does where it stands in the library's files.
    let last = last.find("GGML_ASSERT").map_or(last, |at| &last[at..]);
    let last = last.strip_prefix("error: ").unwrap_or(last);
    let last: String = last.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    Some(match output.status.signal() {
        Some(TOO_LONG) => format!("it was tried for {WORK} seconds of a processor's work"),
        Some(signal) => format!("loading it ended the trial with signal {signal}: {last}"),
        None => last,
    })
}

fn state(metadata: &Metadata) -> (u64, i64) {
    let modified = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
    (metadata.len(), modified)
}

/// In the child: loads it, and listens to a second of silence with it, or says with it whatever it can say.
pub fn prove(kind: Kind, path: &Path) -> Result<(), String> {
    bound(path)?;
    works(kind, path)
}

/// Whether it does, without any bounds.
pub(crate) fn works(kind: Kind, path: &Path) -> Result<(), String> {
    match kind {
        Kind::Ears => listens(path),
        Kind::Voices => trial::speaks(path),
    }
}

fn bound(path: &Path) -> Result<(), String> {
    let bytes = path.metadata().map_err(|error| error.to_string())?.len();
    let wanted = bytes.saturating_mul(4).saturating_add(ROOM);
    let most = Some(getrlimit(Resource::As).maximum.map_or(wanted, |most| most.min(wanted)));
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).map_err(|error| error.to_string())?;
    // It would be as large as the model.
    setrlimit(Resource::Core, none).map_err(|error| error.to_string())?;
    let work = Rlimit { current: Some(WORK), maximum: Some(WORK + 5) };
    setrlimit(Resource::Cpu, work).map_err(|error| error.to_string())
}

fn listens(path: &Path) -> Result<(), String> {
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
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}
