//! One thing the box leans on, in words.

use super::told::{Mark, ago, in_steps, of_a_core, sentence, shortened, size, span};
use crate::pages::moment;
use crate::ports::system::{Choice, Home, Part, Service, Stage, Takes, Trouble};
use crate::words::Words;

/// Of what it said last, and of each line.
const MOST_LINES: usize = 40;
const LONGEST_LINE: usize = 240;
const LONGEST_DETAIL: usize = 600;

pub struct ServiceTold {
    /// As addresses have it.
    pub id: String,
    /// What it does for the box.
    pub part: String,
    /// What plays the part.
    pub kind: String,
    pub home: String,
    pub mark: Mark,
    pub state: String,
    /// Words and their exact moment.
    pub since: Option<Moment>,
    pub facts: Vec<Fact>,
    pub trouble: Option<TroubleTold>,
    pub lines: Vec<String>,
    /// Whether it has a log of its own.
    pub speaks: bool,
    pub choice: Option<ChoiceTold>,
    /// Why it stays where it is.
    pub fixed: Option<String>,
}

pub struct Moment {
    pub exact: String,
    pub told: String,
}

pub struct Fact {
    pub name: String,
    pub value: String,
}

pub struct TroubleTold {
    pub what: String,
    pub next: String,
    pub detail: String,
    pub next_try: Option<Moment>,
    /// Whether it can be tried at once.
    pub may_retry: bool,
}

/// Where it can go from here.
pub struct ChoiceTold {
    pub label: String,
    pub home: &'static str,
}

pub fn told(words: &Words, service: &Service, now: i64) -> ServiceTold {
    let (mark, state) = state(service);
    let since = match service.stage {
        Stage::Serving { since } => {
            Some(Moment { exact: moment::exact(since), told: ago(words, now - since) })
        }
        _ => None,
    };
    let (choice, fixed) = choice(words, service);
    ServiceTold {
        id: service.name.clone(),
        part: part(words, service.part),
        kind: kind(words, &service.kind),
        home: words.say(match service.home {
            Home::Native => "system-home-native",
            Home::Container => "system-home-container",
            Home::Elsewhere => "system-home-elsewhere",
        }),
        mark,
        state: words.say(state),
        since,
        facts: facts(words, service),
        trouble: trouble(words, service, now),
        lines: lines(service),
        speaks: service.container.is_some(),
        choice,
        fixed,
    }
}

pub fn part(words: &Words, part: Part) -> String {
    words.say(match part {
        Part::Store => "system-part-store",
        Part::Cache => "system-part-cache",
        Part::Vectors => "system-part-vectors",
        Part::Engine => "system-part-engine",
        Part::Voice => "system-part-voice",
    })
}

/// What plays a part, as its makers write it.
pub fn kind(words: &Words, kind: &str) -> String {
    match kind {
        "sqlite" => "SQLite".to_owned(),
        "postgres" => "PostgreSQL".to_owned(),
        "redis" => "Redis".to_owned(),
        "qdrant" => "Qdrant".to_owned(),
        "engine" | "voice" => "WhisperEngine".to_owned(),
        "memory" => words.say("system-kind-memory"),
        "disk" => words.say("system-kind-disk"),
        "embedded" => words.say("system-kind-embedded"),
        other => other.to_owned(),
    }
}

/// How it is at a glance.
pub fn state(service: &Service) -> (Mark, &'static str) {
    match service.stage {
        Stage::Answers => (Mark::Well, "system-stage-answers"),
        Stage::Silent(_) if service.is_needed => (Mark::Bad, "system-stage-silent"),
        Stage::Silent(_) => (Mark::Warn, "system-stage-silent"),
        Stage::Unheard => (Mark::Idle, "system-stage-unheard"),
        Stage::Waiting => (Mark::Idle, "system-stage-waiting"),
        Stage::Looking => (Mark::Busy, "system-stage-looking"),
        Stage::Fetching => (Mark::Busy, "system-stage-fetching"),
        Stage::Making => (Mark::Busy, "system-stage-making"),
        Stage::Starting => (Mark::Busy, "system-stage-starting"),
        Stage::Serving { .. } => (Mark::Well, "system-stage-serving"),
        Stage::Unwatched => (Mark::Warn, "system-stage-unwatched"),
        Stage::Halting => (Mark::Warn, "system-stage-halting"),
        Stage::Resting => (Mark::Warn, "system-stage-resting"),
        Stage::Parked => (Mark::Bad, "system-stage-parked"),
        Stage::Leaving => (Mark::Busy, "system-stage-leaving"),
    }
}

fn facts(words: &Words, service: &Service) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push(Fact { name: words.say(name), value });
    if let Some(address) = service.address {
        let name = if service.home == Home::Native { "system-fact-door" } else { "system-fact-address" };
        add(name, address.to_string());
    }
    let Takes { memory_bytes, cores } = service.takes;
    let memory = memory_bytes.map(|bytes| size(words, in_steps(bytes)));
    let cores = cores.map(|cores| of_a_core(words, cores));
    let unknown = || words.say("system-not-told");
    let Some(container) = &service.container else {
        if service.home == Home::Native {
            let shared = |takes: Option<String>| {
                takes.map_or_else(unknown, |takes| words.say_with("system-of-the-box", "takes", &takes))
            };
            add("system-fact-memory", shared(memory));
            add("system-fact-processor", shared(cores));
        }
        return facts;
    };
    let most = container.most_memory_bytes.map(|bytes| size(words, bytes));
    // What has no container takes nothing, and says no more than what it might.
    let runs = container.id.is_some();
    match (memory, most) {
        (Some(used), Some(most)) if runs => {
            add("system-fact-memory", words.say_all("system-used-of", &[("used", &used), ("most", &most)]));
        }
        (None, Some(most)) if runs => {
            add("system-fact-memory", words.say_with("system-not-told-of", "most", &most));
        }
        (used, None) if runs => add("system-fact-memory", used.unwrap_or_else(unknown)),
        (_, Some(most)) => add("system-fact-memory", words.say_with("system-at-most", "size", &most)),
        (_, None) => {}
    }
    if runs {
        add("system-fact-processor", cores.unwrap_or_else(unknown));
    }
    if container.starts > 0 {
        let starts = [("count", f64::from(container.starts))];
        add("system-fact-starts", words.say_counting("system-starts", &starts));
    }
    add("system-fact-image", container.image.clone());
    if let Some(port) = container.port {
        add("system-fact-port", port.to_string());
    }
    if let Some(id) = &container.id {
        add("system-fact-container", id.clone());
    }
    facts
}

fn trouble(words: &Words, service: &Service, now: i64) -> Option<TroubleTold> {
    if let (None, Stage::Silent(detail)) = (&service.trouble, &service.stage) {
        let next = if service.is_needed { "system-silent-needed" } else { "system-silent-next" };
        return Some(TroubleTold {
            what: words.say_with("system-silent", "name", &kind(words, &service.kind)),
            next: words.say(next),
            detail: shortened(detail, LONGEST_DETAIL),
            next_try: None,
            may_retry: false,
        });
    }
    let Trouble { what, next, detail, next_try } = service.trouble.as_ref()?;
    let next_try = next_try.map(|at| Moment {
        exact: moment::exact(at),
        told: if at > now {
            words.say_with("system-next-try", "span", &span(words, at - now))
        } else {
            words.say("system-next-try-now")
        },
    });
    Some(TroubleTold {
        what: sentence(&format!("{} {what}", kind(words, &service.kind))),
        next: sentence(next),
        detail: shortened(detail, LONGEST_DETAIL),
        next_try,
        may_retry: matches!(service.stage, Stage::Resting | Stage::Parked),
    })
}

fn lines(service: &Service) -> Vec<String> {
    let all = service.container.as_ref().map(|container| container.last_lines.as_slice()).unwrap_or_default();
    let newest = &all[all.len().saturating_sub(MOST_LINES)..];
    newest.iter().map(|line| shortened(line, LONGEST_LINE)).collect()
}

fn choice(words: &Words, service: &Service) -> (Option<ChoiceTold>, Option<String>) {
    let free = |label, home| (Some(ChoiceTold { label: words.say(label), home }), None);
    let fixed = |why| (None, Some(words.say(why)));
    match (&service.choice, service.home) {
        (Choice::Free(_), Home::Container) => free("system-choose-native", "native"),
        (Choice::Free(_), Home::Native | Home::Elsewhere) => free("system-choose-container", "container"),
        (Choice::Moves(_), Home::Container) => free("system-move-native", "native"),
        (Choice::Moves(_), Home::Native | Home::Elsewhere) => free("system-move-container", "container"),
        (Choice::Configured, _) if service.part == Part::Store => fixed("system-fixed-store"),
        (Choice::Configured, _) => fixed("system-fixed-configured"),
        (Choice::NativeOnly, _) => fixed("system-fixed-native"),
        (Choice::Only, _) => (None, None),
    }
}
