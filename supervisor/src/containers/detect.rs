//! All endpoints at once: which of them counts, and what all of them said.

use super::endpoint::{Candidate, Endpoint, Origin};
use super::installed::installed;
use super::named::named;
use super::places::Around;
use super::probe::probe;
use super::state::{Kind, State, Verdict};
use futures::future::join_all;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Detection {
    /// The one that counts, as a place in `seen`.
    pub chosen: Option<usize>,
    pub seen: Vec<Seen>,
    pub state: State,
    /// In words for the owner, with what to do about it.
    pub detail: String,
}

#[derive(Clone, Debug)]
pub struct Seen {
    pub candidate: Candidate,
    pub verdict: Verdict,
}

impl Detection {
    pub fn chosen(&self) -> Option<&Seen> {
        self.chosen.and_then(|at| self.seen.get(at))
    }
}

/// Asks them side by side, each with this patience.
pub async fn detect(around: &Around, patience: Duration) -> Detection {
    let candidates = candidates(around);
    let verdicts = join_all(candidates.iter().map(|c| probe(&c.endpoint, &around.arch, patience))).await;
    let seen: Vec<_> = candidates
        .into_iter()
        .zip(verdicts)
        .map(|(candidate, verdict)| Seen { candidate, verdict })
        .collect();
    let chosen = choose(&seen);
    let (state, detail) = match (chosen.and_then(|at| seen.get(at)), installed(around)) {
        (Some(one), found) => {
            let Seen { candidate, verdict } = one;
            let said = format!("{} ({}): {}", candidate.endpoint, candidate.origin, verdict.detail);
            match found.filter(|_| verdict.state == State::NotInstalled && candidate.endpoint.is_here()) {
                Some(found) => (State::Stopped, format!("{said}, though {}", found.sentence())),
                None => (verdict.state, said),
            }
        }
        (None, Some(found)) => (State::Stopped, found.sentence()),
        (None, None) => (State::NotInstalled, "this machine has no container engine".to_owned()),
    };
    Detection { chosen, seen, state, detail }
}

/// What somebody named, then the usual places; each once, however many names it has.
fn candidates(around: &Around) -> Vec<Candidate> {
    let mut places: Vec<PathBuf> = Vec::new();
    let mut all: Vec<Candidate> = named(around).into_iter().chain(around.usual()).collect();
    all.retain(|candidate| match &candidate.endpoint {
        Endpoint::Socket(path) => {
            let place = path.canonicalize().unwrap_or_else(|_| path.clone());
            let is_new = !places.contains(&place);
            places.push(place);
            is_new
        }
        _ => true,
    });
    all
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
