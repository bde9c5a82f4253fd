//! All endpoints at once: which of them counts, and what all of them said.

use super::endpoint::{Candidate, Endpoint, Origin};
use super::inside::{Standing, is_contained, let_in, standing};
use super::installed::installed;
use super::named::named;
use super::places::Around;
use super::podman;
use super::probe::probe;
use super::state::{Kind, State, Verdict};
use futures::future::join_all;
use std::path::Path;
use std::time::Duration;

/// For the places themselves: a home on a disk that is gone is not waited for.
const FINDING_PLACES: Duration = Duration::from_secs(2);

const UNSEEN: &str = "no container engine is seen from in here: a box in a container uses its engine where it is started \
                      with `--volume /var/run/docker.sock:/var/run/docker.sock`";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The one that counts, as a place in `seen`.
    pub chosen: Option<usize>,
    pub seen: Vec<Seen>,
    pub state: State,
    /// In words for the owner, with what to do about it.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub candidate: Candidate,
    pub verdict: Verdict,
}

impl Seen {
    fn sentence(&self) -> String {
        format!("{} ({}): {}", self.candidate.endpoint, self.candidate.origin, self.verdict.detail)
    }
}

impl Detection {
    /// Of no place in particular.
    pub fn bare(state: State, detail: impl Into<String>) -> Self {
        Self { chosen: None, seen: Vec::new(), state, detail: detail.into() }
    }

    pub fn chosen(&self) -> Option<&Seen> {
        self.chosen.and_then(|at| self.seen.get(at))
    }

    pub fn place_of(&self, endpoint: &Endpoint) -> Option<usize> {
        self.seen.iter().position(|one| one.candidate.endpoint == *endpoint)
    }

    /// Makes this one the one that counts.
    pub fn speak_of(&mut self, at: usize) {
        if let Some(one) = self.seen.get(at) {
            (self.chosen, self.state, self.detail) = (Some(at), one.verdict.state, one.sentence());
        }
    }
}

/// Asks them side by side, each with this patience.
pub async fn detect(around: &Around, patience: Duration) -> Detection {
    let looking = around.clone();
    let places = tokio::task::spawn_blocking(move || (candidates(&looking), installed(&looking)));
    let Ok(Ok((candidates, found))) = tokio::time::timeout(FINDING_PLACES, places).await else {
        let detail = "the places where container engines listen cannot be looked at: a disk does not answer";
        return Detection::bare(State::Stopped, detail);
    };
    let known: Vec<_> = candidates.iter().map(|candidate| place(&candidate.endpoint)).collect();
    let usual = join_all(candidates.into_iter().map(|candidate| see(candidate, around, patience)));
    // Asking for it takes a moment, in which the others are asked.
    let machine = async {
        let candidate = podman::machine(around).await.filter(|it| !known.contains(&place(&it.endpoint)))?;
        Some(see(candidate, around, patience).await)
    };
    let (mut seen, machine) = futures::join!(usual, machine);
    seen.extend(machine);
    let chosen = choose(&seen);
    let (state, detail) = match (chosen.and_then(|at| seen.get(at)), found) {
        (Some(one), found) => {
            let Seen { candidate, verdict } = one;
            let said = one.sentence();
            match found.filter(|_| verdict.state == State::NotInstalled && candidate.endpoint.is_here()) {
                Some(found) => (State::Stopped, format!("{said}, though {}", found.sentence())),
                None => (verdict.state, said),
            }
        }
        (None, Some(found)) => (State::Stopped, found.sentence()),
        (None, None) if is_contained(&around.root) => (State::NotInstalled, UNSEEN.to_owned()),
        (None, None) => (State::NotInstalled, "this machine has no container engine".to_owned()),
    };
    Detection { chosen, seen, state, detail }
}

async fn see(candidate: Candidate, around: &Around, patience: Duration) -> Seen {
    let mut verdict = probe(&candidate.endpoint, around, patience).await;
    if let Endpoint::Socket(path) = &candidate.endpoint
        && is_contained(&around.root)
        && let Some((state, why)) = keeps_us_out(path, verdict.state, around, patience).await
    {
        let engine = if verdict.state.works() { format!("{}; ", verdict.detail) } else { String::new() };
        (verdict.state, verdict.detail) = (state, format!("{engine}{why}"));
    }
    Seen { candidate, verdict }
}

/// What a box that is in a container itself lacks to use an engine, and what to do about it.
async fn keeps_us_out(
    socket: &Path,
    state: State,
    around: &Around,
    patience: Duration,
) -> Option<(State, String)> {
    if state == State::PermissionDenied {
        return let_in(socket).map(|why| (state, why));
    }
    if !state.works() {
        return None;
    }
    match standing(socket, &around.root, patience).await {
        Ok(Standing::Beside) => None,
        Ok(Standing::Inside(own)) => {
            let data = around.data()?;
            own.outside(data).is_none().then(|| {
                let why = format!(
                    "this box is in its container {}, and its data directory {} is in no mount of it, so that nothing \
                     can be handed to a service: start it with `--volume whisperengine:{}`",
                    own.short_id(),
                    data.display(),
                    data.display()
                );
                (State::Disabled, why)
            })
        }
        Ok(Standing::Elsewhere) => {
            let why = "it does not run the container that this box is in, so that services there could not be reached: \
                       give the box the socket of the engine that runs it";
            Some((State::Disabled, why.to_owned()))
        }
        Err(_) => Some((State::Starting, "it does not yet tell which container this box is in".to_owned())),
    }
}

/// What somebody named, then the usual places; each once, however many names it has.
fn candidates(around: &Around) -> Vec<Candidate> {
    let mut places = Vec::new();
    let mut all: Vec<Candidate> = named(around).into_iter().chain(around.usual()).collect();
    all.retain(|candidate| {
        let place = place(&candidate.endpoint);
        let is_new = !places.contains(&place);
        places.push(place);
        is_new
    });
    all
}

/// Where a socket really is, behind its links.
fn place(endpoint: &Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Socket(path) => Endpoint::Socket(path.canonicalize().unwrap_or_else(|_| path.clone())),
        other => other.clone(),
    }
}

/// What was named counts, whatever came of it; else the best of what is there.
fn choose(seen: &[Seen]) -> Option<usize> {
    if let Some(named) = seen.iter().position(|one| one.candidate.origin.is_explicit()) {
        return Some(named);
    }
    let there = seen.iter().enumerate().filter(|(_, one)| one.verdict.state != State::NotInstalled);
    there.min_by_key(|(_, one)| (one.verdict.state.worth(), is_podman(one))).map(|(at, _)| at)
}

/// Among equals Docker is taken, which knows more of what containers need.
fn is_podman(one: &Seen) -> bool {
    match &one.verdict.answered {
        Some(answered) => answered.kind == Kind::Podman,
        None => matches!(one.candidate.origin, Origin::Usual(who) if who.contains("Podman")),
    }
}
