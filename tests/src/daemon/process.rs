//! What runs in containers: processes of this machine, begun, awaited and ended.

use super::programs::{self, Neighbour, failed};
use super::script::{Cards, Program};
use super::shared::{Shared, lock};
use super::stock::{Container, Life};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::watch;

pub(super) type Refused = (u16, String);

/// Starts what is in the container. `Ok(false)`: it ran already.
pub(super) fn start(shared: &Arc<Shared>, named: &str) -> Result<bool, Refused> {
    let mut stock = lock(&shared.stock);
    let networks: Vec<_> = stock.networks.iter().map(|one| (one.name.clone(), one.id.clone())).collect();
    let neighbours: Vec<_> = stock.containers.iter().filter_map(neighbour).collect();
    let container = stock.container(named).ok_or_else(|| no_container(named))?;
    if container.runs() {
        return Ok(false);
    }
    let asks = container.body["HostConfig"]["DeviceRequests"].as_array().is_some_and(|all| !all.is_empty());
    match (*lock(&shared.cards), asks) {
        (Some(Cards::Refuses(words)), true) => return Err((500, words.to_owned())),
        (None, true) => {
            let words = "could not select device driver \"\" with capabilities: [[gpu]]";
            return Err((500, words.to_owned()));
        }
        (Some(Cards::HandsOver), true) | (_, false) => {}
    }
    let wanted = container.network.clone().or_else(|| container.networks().into_iter().next());
    if let Some(wanted) = wanted {
        let found = networks.iter().find(|(name, id)| *name == wanted || *id == wanted);
        let (_, id) = found.ok_or_else(|| (404, format!("network {wanted} not found")))?;
        container.network = Some(id.clone());
    }
    let program = lock(&shared.program).clone();
    let mut command = command(&program, container, &shared.folder, &neighbours)?;
    let greedy = program == Program::Greedy;
    let child = command.kill_on_drop(true).stdin(Stdio::null()).spawn();
    let mut child = child.map_err(|error| (500, format!("failed to create task: {error}")))?;
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let pid = pid.ok_or_else(|| (500, "it ended before it began".to_owned()))?;
    let (told, ended) = watch::channel(false);
    // As its image says: a database waits for its clients on the usual one.
    let politely =
        if container.ports().is_some_and(|(inside, _)| inside == 5432) { Signal::INT } else { Signal::TERM };
    container.life = Life::Running { pid, ended, politely };
    container.starts += 1;
    let (id, labels) = (container.id.clone(), container.labels.clone());
    shared.news.tell("start", &id, &labels, None);
    drop(stock);
    let awaiting = Arc::clone(shared);
    lock(&shared.waiting).spawn(async move {
        let code = child.wait().await.map_or(255, code);
        {
            let mut stock = lock(&awaiting.stock);
            if let Some(container) = stock.container(&id) {
                container.life = Life::Ended { code, greedy };
            }
        }
        awaiting.news.tell("die", &id, &labels, Some(("exitCode", code.to_string())));
        told.send_replace(true);
    });
    Ok(true)
}

/// Politely, then hard. `Ok(false)`: it did not run.
pub(super) async fn stop(shared: &Shared, named: &str, grace: Duration) -> Result<bool, Refused> {
    let life = lock(&shared.stock).container(named).ok_or_else(|| no_container(named))?.life.clone();
    let Life::Running { pid, mut ended, politely } = life else { return Ok(false) };
    signal(pid, politely);
    if tokio::time::timeout(grace, ended.wait_for(|ended| *ended)).await.is_err() {
        signal(pid, Signal::KILL);
        // Its sender is the task that waits for the process, which ends with it.
        let _ = ended.wait_for(|ended| *ended).await;
    }
    Ok(true)
}

/// With what it ended, once it has.
pub(super) async fn wait(shared: &Shared, named: &str) -> Result<i32, Refused> {
    loop {
        let life = lock(&shared.stock).container(named).ok_or_else(|| no_container(named))?.life.clone();
        match life {
            Life::Ended { code, .. } => return Ok(code),
            Life::Created => return Err((409, format!("{named} was never started"))),
            // Its sender is the task that waits for the process, which ends with it.
            Life::Running { mut ended, .. } => drop(ended.wait_for(|ended| *ended).await),
        }
    }
}

/// What it takes, as Docker tells it of one look. Of what does not run there is nothing to tell.
pub(super) fn stats(life: &Life) -> Value {
    let Life::Running { pid, .. } = life else { return json!({"memory_stats": {}, "cpu_stats": {}}) };
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", pid.as_raw_nonzero()));
    let resident = read("statm").ok().and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    // User and system time, in hundredths of a second.
    let stat = read("stat").unwrap_or_default();
    let fields =
        stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').skip(11).take(2)).into_iter().flatten();
    let time: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    json!({
        "memory_stats": {"usage": resident.unwrap_or_default() * 4096, "stats": {"inactive_file": 0}},
        // Nothing has taken no time at all.
        "cpu_stats": {"cpu_usage": {"total_usage": (time + 1) * 10_000_000}, "online_cpus": 2},
    })
}

pub(super) fn signal(pid: Pid, signal: Signal) {
    // It may have ended in this moment, which is fine.
    let _ = kill_process(pid, signal);
}

pub(super) fn no_container(named: &str) -> Refused {
    (404, format!("No such container: {named}"))
}

fn neighbour(container: &Container) -> Option<Neighbour> {
    let service = container.labels.get("whisperengine.service")?.clone();
    Some(Neighbour { service, port: container.ports()?.1 })
}

fn command(
    program: &Program,
    container: &Container,
    folder: &Path,
    neighbours: &[Neighbour],
) -> Result<Command, Refused> {
    let log = File::options()
        .append(true)
        .create(true)
        .open(folder.join(&container.id))
        .map_err(|error| failed(&error))?;
    let mut command = match program {
        Program::Honest => programs::program(container, folder, neighbours)?,
        Program::Ends { code, says } => {
            let mut command = Command::new("sh");
            command.args(["-c", "echo \"$0\"; exit \"$1\"", says, &code.to_string()]);
            command
        }
        Program::Greedy => {
            let mut command = Command::new("sh");
            command.args(["-c", "exit 137"]);
            command
        }
    };
    command.stderr(Stdio::from(log.try_clone().map_err(|error| failed(&error))?)).stdout(Stdio::from(log));
    Ok(command)
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(255)
}
