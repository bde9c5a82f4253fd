//! The box at this moment, in words: one sentence for all of it, then each thing.

use super::job::{self, JobTold};
use super::service::{self, Fact, ServiceTold};
use super::told::{Mark, in_steps, sentence, size};
use crate::pages::setup::machine::{EngineTold, engine_told};
use crate::ports::system::{Health, Home, Issue, Load, Repair, Service, Severity, Stage};
use crate::ports::{Appliance, ContainerState};
use crate::words::Words;
use std::cmp::Reverse;

/// Of those that ended; the log has them all.
const MOST_ENDED: usize = 12;
/// Less free than that part is worth a colour.
const SCARCE: f64 = 0.1;

pub struct Now {
    pub mark: Mark,
    pub how: String,
    pub services: Vec<ServiceTold>,
    pub issues: Vec<IssueTold>,
    /// Nobody has heard of all of it yet.
    pub is_looking: bool,
    pub under_way: Vec<JobTold>,
    pub ended: Vec<JobTold>,
    pub engine: EngineTold,
    pub engine_mark: Mark,
    pub meters: Vec<Meter>,
    pub figures: Vec<String>,
    /// What the box keeps on the disk.
    pub kept: Vec<Fact>,
}

pub struct IssueTold {
    pub id: String,
    pub mark: Mark,
    pub severity: String,
    pub what: String,
    pub next: String,
    /// Whether that is a line for the terminal.
    pub is_command: bool,
    /// The words on its button.
    pub repair: Option<String>,
    /// A page where its owner can do something about it, and what to call it.
    pub leads_to: Option<(&'static str, String)>,
}

/// How much of something is taken.
pub struct Meter {
    pub id: &'static str,
    pub name: String,
    pub told: String,
    /// Of a thousand.
    pub taken: u64,
    pub is_scarce: bool,
}

pub async fn look(words: &Words, appliance: &dyn Appliance) -> Now {
    let system = appliance.system();
    let (health, jobs, ground, load) =
        futures::join!(system.health(), system.jobs(), appliance.look_around(), system.load());
    let now = appliance.now();
    let (under_way, ended): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.end.is_none());
    let (mark, how) = how(words, &health);
    let mut services: Vec<_> = health.services.iter().map(|one| service::told(words, one, now)).collect();
    // What is in trouble comes first; everything else keeps its place.
    services.sort_by_key(|one| Reverse(one.mark.max(Mark::Idle)));
    Now {
        mark,
        how,
        services,
        issues: issues(words, &health.issues),
        is_looking: !health.is_complete,
        under_way: under_way.into_iter().map(|one| job::told(words, one, now)).collect(),
        ended: ended.into_iter().take(MOST_ENDED).map(|one| job::told(words, one, now)).collect(),
        engine: engine_told(words, &ground.containers),
        engine_mark: engine_mark(ground.containers.state),
        meters: meters(words, &load),
        figures: figures(words, &load),
        kept: kept(words, &load),
    }
}

/// What counts most, as one sentence.
pub fn how(words: &Words, health: &Health) -> (Mark, String) {
    let of = |holds: &dyn Fn(&Service) -> bool| -> Vec<&Service> {
        health.services.iter().filter(|service| holds(service)).collect()
    };
    let about = |name: &str, service: &Service| words.say_with(name, "name", &name_of(words, service));
    let fails = |service: &Service| {
        matches!(service.stage, Stage::Silent(_) | Stage::Halting | Stage::Resting | Stage::Parked)
    };
    let is_coming = |service: &Service| {
        matches!(service.stage, Stage::Looking | Stage::Fetching | Stage::Making | Stage::Starting)
    };
    if let [needed, ..] = of(&|service| service.is_needed && fails(service))[..] {
        return (Mark::Bad, about("system-how-down", needed));
    }
    match of(&fails)[..] {
        [] => {}
        [one] => return (Mark::Warn, about("system-how-trouble", one)),
        _ => return (Mark::Warn, words.say("system-how-troubles")),
    }
    if health.issues.iter().any(|issue| issue.severity == Severity::Error) {
        return (Mark::Bad, words.say("system-how-issue"));
    }
    if let [waiting, ..] = of(&|service| service.stage == Stage::Waiting)[..] {
        return (Mark::Warn, about("system-how-waiting", waiting));
    }
    if let [unwatched, ..] = of(&|service| service.stage == Stage::Unwatched)[..] {
        return (Mark::Warn, about("system-how-unwatched", unwatched));
    }
    if let [coming, ..] = of(&is_coming)[..] {
        return (Mark::Busy, about("system-how-coming", coming));
    }
    if !health.is_complete {
        return (Mark::Idle, words.say("system-how-looking"));
    }
    let warnings = health.issues.iter().filter(|issue| issue.severity == Severity::Warning).count();
    if warnings > 0 {
        return (Mark::Warn, words.say_counting("system-how-warning", &[("count", warnings as f64)]));
    }
    let in_containers = health.services.iter().any(|service| service.home == Home::Container);
    let name = if in_containers { "system-how-well" } else { "system-how-well-native" };
    (Mark::Well, words.say(name))
}

/// What people know it by: who plays the part, or the part where that has no name of its own.
fn name_of(words: &Words, service: &Service) -> String {
    match service.kind.as_str() {
        "sqlite" | "postgres" | "redis" | "qdrant" => service::kind(words, &service.kind),
        _ => service::part(words, service.part),
    }
}

fn issues(words: &Words, issues: &[Issue]) -> Vec<IssueTold> {
    let mut sorted: Vec<&Issue> = issues.iter().collect();
    sorted.sort_by_key(|issue| issue.severity);
    let told = sorted.into_iter().map(|issue| {
        let (mark, severity) = match issue.severity {
            Severity::Error => (Mark::Bad, "system-issue-error"),
            Severity::Warning => (Mark::Warn, "system-issue-warning"),
            Severity::Note => (Mark::Idle, "system-issue-note"),
        };
        // What the supervisor says to do is for a terminal, too; where a page does it, the page says so.
        let has_page = issue.id == "no_model";
        let is_command =
            !has_page && ["whisperengine ", "chmod "].iter().any(|word| issue.next.starts_with(word));
        let next = match &issue.next {
            _ if has_page => words.say("system-no-model-next"),
            next if is_command => next.clone(),
            next => sentence(next),
        };
        IssueTold {
            id: issue.id.clone(),
            mark,
            severity: words.say(severity),
            what: sentence(&issue.what),
            is_command,
            next,
            repair: issue.repair.map(|repair| words.say(button(repair))),
            leads_to: has_page.then(|| ("/settings/models/add", words.say("chat-no-model-connect"))),
        }
    });
    told.collect()
}

fn button(repair: Repair) -> &'static str {
    match repair {
        Repair::TryAgain => "system-repair-try-again",
        Repair::LookAgain => "system-repair-look-again",
        Repair::TrustImage => "system-repair-trust-image",
        Repair::ResetImages => "system-repair-reset-images",
        Repair::BeginEmpty => "system-repair-begin-empty",
        Repair::GoWithout => "system-repair-go-without",
        Repair::CloseDirectory => "system-repair-close-directory",
        Repair::RemoveLeftovers => "system-repair-remove-leftovers",
    }
}

fn engine_mark(state: ContainerState) -> Mark {
    match state {
        ContainerState::Running => Mark::Well,
        ContainerState::Starting => Mark::Busy,
        ContainerState::NotInstalled | ContainerState::Stopped | ContainerState::Disabled => Mark::Idle,
        ContainerState::PermissionDenied
        | ContainerState::ApiTooOld
        | ContainerState::ClientTooOld
        | ContainerState::NotDocker
        | ContainerState::Degraded
        | ContainerState::Lost => Mark::Warn,
    }
}

fn meters(words: &Words, load: &Load) -> Vec<Meter> {
    let meter = |id, name, total: Option<u64>, free: Option<u64>| {
        let (total, free) = (total.filter(|total| *total > 0)?, free?);
        let part = (free.min(total) as f64) / (total as f64);
        let told = [("free", size(words, free)), ("total", size(words, total))];
        let told = [(told[0].0, told[0].1.as_str()), (told[1].0, told[1].1.as_str())];
        Some(Meter {
            id,
            name: words.say(name),
            told: words.say_all("system-free-of", &told),
            taken: ((1.0 - part) * 1000.0).round() as u64,
            is_scarce: part < SCARCE,
        })
    };
    let disk = meter("disk", "system-disk", load.disk_total, load.disk_free);
    let memory = meter("memory", "system-memory", load.memory_total, load.memory_free);
    let group = meter("group", "system-group", load.group_total, load.group_free);
    [disk, memory, group].into_iter().flatten().collect()
}

fn kept(words: &Words, load: &Load) -> Vec<Fact> {
    let Some(kept) = load.kept else { return Vec::new() };
    let fact = |name, bytes| Fact { name: words.say(name), value: size(words, bytes) };
    vec![
        fact("system-kept-all", kept.all),
        fact("system-kept-data", kept.data),
        fact("system-kept-logs", kept.logs),
        fact("system-kept-bundles", kept.bundles),
        fact("system-kept-temporary", kept.temporary),
    ]
}

fn figures(words: &Words, load: &Load) -> Vec<String> {
    let own = load.memory_own.map(in_steps);
    let own = own.map(|bytes| words.say_with("system-own-memory", "size", &size(words, bytes)));
    let busy = load.busy.map(|busy| {
        let busy = (busy * 10.0).round() / 10.0;
        words.say_counting("system-busy", &[("busy", busy), ("cores", f64::from(load.cores))])
    });
    let is_known = load.disk_free.is_some();
    let reserve = is_known.then(|| words.say_with("system-reserve", "size", &size(words, load.disk_reserve)));
    [own, busy, reserve].into_iter().flatten().collect()
}
