//! Acknowledged means on the disk: seen in the program's own system calls, and in PostgreSQL's settings.

use anyhow::{Context, ensure};
use std::collections::HashMap;
use std::time::Duration;
use tests::house::House;
use tests::skip;
use tests::stores::Store;
use tests::talk::Talk;
use tests::wait;

const TURNS: usize = 5;

/// One system call, by the lines of the trace in which it begins and ends.
#[derive(Debug)]
struct Call {
    begun: usize,
    ended: usize,
    words: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_flushed_to_the_disk_before_it_is_acknowledged() -> anyhow::Result<()> {
    if let Err(reason) = tracing_works() {
        return Ok(skip::report("durability::a_message_is_flushed", &reason)?);
    }
    let mut house = House::new(Store::Sqlite)?;
    let trace = house.home.path().join("trace");
    let trace = trace.to_str().context("a path of plain letters")?.to_owned();
    let calls = "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg";
    // The tracer is a grandchild, so that signals still reach the program itself.
    house.start_under(&["strace", "-D", "-f", "-y", "-s", "8192", "-e", calls, "-o", &trace]);
    house.up().await?;
    house.set_up().await?;
    let talk = Talk::open(house.client()).await?;
    let marker = |n| format!("marker-{n}-of-the-flush");
    for n in 0..TURNS {
        talk.exchange(&marker(n)).await?;
    }
    house.stop().await?;
    let calls = wait::until("the tracer to write its last line", Duration::from_secs(10), async || {
        let text = std::fs::read_to_string(&trace)?;
        Ok(text.lines().last().is_some_and(|line| line.contains("+++ exited")).then(|| calls_of(&text)))
    })
    .await?;
    for n in 0..TURNS {
        flushed_before_acknowledged(&calls, &marker(n)).with_context(|| marker(n))?;
    }
    Ok(())
}

/// The words reach the log, the log is flushed, and only then does anybody say 202.
fn flushed_before_acknowledged(calls: &[Call], marker: &str) -> anyhow::Result<()> {
    let to_log = |call: &&Call| call.words.contains("engine.db-wal>");
    let written = calls
        .iter()
        .filter(to_log)
        .find(|call| call.words.starts_with("pwrite64") && call.words.contains(marker))
        .context("the words were never written to the log")?;
    let acknowledged = calls
        .iter()
        .filter(|call| call.begun > written.begun)
        .find(|call| call.words.contains("HTTP/1.1 202 Accepted"))
        .context("nobody was told that they were accepted")?;
    let flushed = calls.iter().filter(to_log).any(|call| {
        let flush = call.words.starts_with("fdatasync") || call.words.starts_with("fsync");
        flush && call.begun > written.ended && call.ended < acknowledged.begun && call.words.ends_with("= 0")
    });
    ensure!(flushed, "written at line {}, told at line {}", written.ended, acknowledged.begun);
    Ok(())
}

/// Lines look like `17 fsync(9</a/b>) = 0`, or in two halves: `17 fsync(9</a/b> <unfinished ...>` and
/// `17 <... fsync resumed>) = 0`.
fn calls_of(trace: &str) -> Vec<Call> {
    let mut open: HashMap<&str, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, words)) = line.split_once(' ') else { continue };
        let words = words.trim_start();
        if let Some(begun) = words.strip_suffix("<unfinished ...>") {
            open.insert(thread, (number, begun.to_owned()));
        } else if let Some((_, rest)) = words.split_once(" resumed>").filter(|_| words.starts_with("<...")) {
            if let Some((begun, start)) = open.remove(thread) {
                calls.push(Call { begun, ended: number, words: start + rest });
            }
        } else {
            calls.push(Call { begun: number, ended: number, words: words.to_owned() });
        }
    }
    calls
}

/// Some machines let nobody look over a program's shoulder.
fn tracing_works() -> Result<(), String> {
    let tried = std::process::Command::new("strace").args(["-D", "-f", "-o", "/dev/null", "true"]).output();
    match tried {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
        Err(error) => Err(format!("strace cannot be started: {error}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_asked_to_flush_each_commit_even_where_its_default_is_not_to() -> anyhow::Result<()> {
    let mut house = House::new(Store::Postgres)?;
    let database = house.database()?;
    let name = database.ask("SELECT current_database()")?;
    database.ask(&format!("ALTER DATABASE {name} SET synchronous_commit = off"))?;
    database.ask("CREATE TABLE seen (setting TEXT NOT NULL)")?;
    house.up().await?;
    house.set_up().await?;
    // A trigger tells, from inside the very transactions that store messages, how they will be committed.
    let database = house.database()?;
    database.ask(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END'",
    )?;
    database.ask("CREATE TRIGGER tell AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION tell()")?;
    let talk = Talk::open(house.client()).await?;
    for n in 0..TURNS {
        talk.exchange(&format!("message {n}")).await?;
    }
    assert_eq!(database.ask("SHOW synchronous_commit")?, "off", "as the operator left it");
    assert_eq!(house.database()?.ask("SELECT DISTINCT setting FROM seen")?, "on");
    Ok(())
}

#[test]
fn a_call_in_two_halves_is_one_call() {
    let calls = calls_of(
        "7 fsync(3</a>) = 0\n8 fsync(4</b> <unfinished ...>\n7 write(1, \"x\") = 1\n8 <... fsync resumed>) = 0\n",
    );
    let seen: Vec<_> = calls.iter().map(|call| (call.begun, call.ended, call.words.as_str())).collect();
    assert_eq!(
        seen,
        [(0, 0, "fsync(3</a>) = 0"), (2, 2, "write(1, \"x\") = 1"), (1, 3, "fsync(4</b> ) = 0")]
    );
}
