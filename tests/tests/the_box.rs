//! The box as its owner meets it: started, asked, killed, stopped, and spoken to from the terminal.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::free_port::free_port;
use tests::http;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::{Finished, Home, Process};
use tests::wait;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "canary-password-7f3a";
const MODEL_KEY: &str = "canary-model-key-91c2";
const WORDS: &str = "canary-words-of-a-person-5e8d";

async fn json(home: &Home, arguments: &[&str]) -> anyhow::Result<Value> {
    let finished = home.run(&[arguments, &["--json"]].concat(), SOON).await?;
    ensure!(finished.status.success(), "{arguments:?}: {finished:?}");
    Ok(serde_json::from_str(&finished.stdout)?)
}

/// Starts the box and waits until it can take turns.
async fn up(home: &Home) -> anyhow::Result<(Process, SocketAddr)> {
    let address = free_port()?;
    let mut process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_line("WhisperEngine is ready at", SOON).await?;
    Ok((process, address))
}

fn file(home: &Home, name: &str, content: &str) -> anyhow::Result<String> {
    let path = home.path().join(name);
    std::fs::write(&path, content)?;
    Ok(path.to_string_lossy().into_owned())
}

async fn set_up(home: &Home, model: Option<&ModelServer>) -> anyhow::Result<Value> {
    let (password, key) = (file(home, "password", PASSWORD)?, file(home, "model-key", MODEL_KEY)?);
    let mut arguments = vec!["setup", "--owner", "Anna", "--password-file", &password];
    let url = model.map(ModelServer::base_url);
    if let Some(url) = &url {
        arguments.extend(["--model-url", url, "--model", "scripted", "--model-key-file", &key]);
    }
    json(home, &arguments).await
}

/// `chat` with pipes of the test's own.
fn chat(home: &Home) -> anyhow::Result<std::process::Child> {
    let mut command: Command = home.command(&["chat", "--json"])?;
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().context("chat did not start")
}

/// Everything `chat` said, once it has ended.
async fn ended(child: std::process::Child) -> anyhow::Result<Vec<Value>> {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = tokio::time::timeout(SOON, output).await.context("chat did not end")???;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| serde_json::from_str(line).context("a line of JSON")).collect()
}

/// The commands an owner uses, one after the other.
async fn use_commands(home: &Home, runs: bool) -> anyhow::Result<()> {
    let status = json(home, &["status"]).await?;
    assert_eq!((&status["running"], &status["ready"]), (&runs.into(), &true.into()));
    assert_eq!(status["setup"]["has_owner"], false);
    let doctor = json(home, &["doctor"]).await?;
    for pinned in ["runtime", "hardware", "tier", "services", "issues"] {
        assert!(!doctor[pinned].is_null(), "{pinned}");
    }
    // Which engine this machine has is its own; that somebody looked is ours.
    assert_ne!(doctor["runtime"]["state"], "disabled");
    let looked_at = doctor["runtime"]["candidates"].as_array().context("a list")?;
    assert!(looked_at.iter().any(|one| one["endpoint"] == "unix:///run/docker.sock"), "{looked_at:?}");
    assert!(doctor["issues"].to_string().contains("no_owner"));

    let done = set_up(home, None).await?;
    assert_eq!((&done["already_set_up"], &done["owner"]), (&false.into(), &"Anna".into()));
    assert_eq!(set_up(home, None).await?["already_set_up"], true);

    let key = json(home, &["key", "create", "for tests"]).await?;
    assert!(key["key"].as_str().is_some_and(|key| key.starts_with("wek_")));
    json(home, &["key", "revoke", "for tests"]).await?;
    let keys = json(home, &["key", "list"]).await?;
    assert!(!keys["keys"][0]["revoked_at"].is_null(), "{keys}");

    let invited = json(home, &["person", "invite", "Ben"]).await?;
    assert_eq!(invited["code"].as_str().map(str::len), Some(29));
    let password = file(home, "bens-password", "another good one")?;
    json(home, &["person", "reset-password", "Ben", "--password-file", &password]).await?;
    json(home, &["person", "suspend", "Ben"]).await?;
    let ben = |people: &Value| {
        let people = people["people"].as_array().cloned().unwrap_or_default();
        people.iter().find(|person| person["name"] == "Ben").map(|person| person["state"].clone())
    };
    assert_eq!(ben(&json(home, &["person", "list"]).await?), Some("suspended".into()));
    json(home, &["person", "resume", "Ben"]).await?;
    assert_eq!(ben(&json(home, &["person", "list"]).await?), Some("active".into()));

    let recovered = json(home, &["owner", "recover", "--password-file", &password]).await?;
    assert_eq!((&recovered["owner"], &recovered["password_set"]), (&"Anna".into(), &true.into()));

    let mut child = chat(home)?;
    child.stdin.take().context("a pipe")?.write_all(b"hello\n")?;
    let events = ended(child).await?;
    assert_eq!(events.last().map(|event| &event["turn"]["state"]), Some(&"done".into()), "{events:?}");
    assert_eq!(json(home, &["migrate"]).await?["migrated"], true);
    let logs = home.run(&["logs", "performance"], SOON).await?;
    assert!(logs.status.success() && logs.stdout.contains("turn"), "{logs:?}");
    Ok(())
}

#[tokio::test]
async fn every_command_works_beside_a_running_box() -> anyhow::Result<()> {
    let home = Home::new()?;
    let (_process, _) = up(&home).await?;
    use_commands(&home, true).await
}

#[tokio::test]
async fn every_command_works_without_a_running_box() -> anyhow::Result<()> {
    use_commands(&Home::new()?, false).await
}

#[tokio::test]
async fn a_second_box_on_the_same_data_is_told_who_has_it() -> anyhow::Result<()> {
    let home = Home::new()?;
    let (process, _) = up(&home).await?;
    let second = home.run(&["up"], SOON).await?;
    assert_eq!(second.status.code(), Some(1));
    let holder = format!("process {}", process.pid().as_raw_nonzero());
    assert!(second.stderr.contains(&holder), "{second:?}");
    Ok(())
}

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_ends_the_start() -> anyhow::Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let refused: Finished = Home::new()?.run(&["up", "--listen", &address], SOON).await?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains(&address) && refused.stderr.contains("--listen"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn the_box_stops_in_time_in_the_middle_of_a_reply() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    model.by_default(Script::tokens(8).hold_after(4));
    let (mut process, _) = up(&home).await?;
    set_up(&home, Some(&model)).await?;
    let mut child = chat(&home)?;
    child.stdin.take().context("a pipe")?.write_all(b"hello\n")?;
    model.until_held(1).await?;
    let asked = Instant::now();
    process.terminate()?;
    let status = process.wait_for_exit(Duration::from_secs(10)).await?;
    assert!(status.success() && asked.elapsed() < Duration::from_secs(10), "{status} {:?}", asked.elapsed());
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[tokio::test]
async fn a_conversation_goes_on_after_the_box_was_killed() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    model.next(Script::tokens(8).hold_after(4));
    let (mut process, _) = up(&home).await?;
    set_up(&home, Some(&model)).await?;
    let mut child = chat(&home)?;
    child.stdin.take().context("a pipe")?.write_all(b"hello\n")?;
    model.until_held(1).await?;
    process.kill()?;
    let (_process, _) = up(&home).await?;
    let events = ended(child).await?;
    let last = events.last().context("chat said something")?;
    assert_eq!(last["turn"]["state"], "done", "{events:?}");
    let since_reset = events.rsplit(|event| event["event"] == "reset").next().unwrap_or(&[]);
    let shown: String = since_reset.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(Some(shown.as_str()), last["turn"]["text"].as_str(), "nothing twice and nothing lost");
    Ok(())
}

#[tokio::test]
async fn what_is_secret_or_said_is_never_logged() -> anyhow::Result<()> {
    let (mut home, model) = (Home::new()?, ModelServer::start().await?);
    home.set("WHISPERENGINE_LOG_LEVEL", "debug");
    model.by_default(Script::words(["canary-words-", "of-a-model-2b7f"]));
    let (process, _) = up(&home).await?;
    let done = set_up(&home, Some(&model)).await?;
    let key = json(&home, &["key", "create", "canary-key-name"]).await?;
    let mut child = chat(&home)?;
    child.stdin.take().context("a pipe")?.write_all(format!("{WORDS}\n").as_bytes())?;
    let events = ended(child).await?;
    assert!(events.iter().any(|event| event["turn"]["text"] == "canary-words-of-a-model-2b7f"), "{events:?}");
    assert_eq!(model.asked()[0].headers["authorization"], format!("Bearer {MODEL_KEY}"));
    model.next(Script::status(401));
    let mut child = chat(&home)?;
    child.stdin.take().context("a pipe")?.write_all(format!("{WORDS}\n").as_bytes())?;
    tokio::task::spawn_blocking(move || child.wait()).await??;

    let mut written = process.stdout()? + &process.stderr()?;
    for entry in std::fs::read_dir(home.data_dir().join("logs"))? {
        written += &std::fs::read_to_string(entry?.path())?;
    }
    assert!(written.contains("answered a request"), "the log is there");
    let text = |value: &Value| value.as_str().unwrap_or("missing").to_owned();
    let (code, key) = (text(&done["recovery_code"]), text(&key["key"]));
    for secret in [PASSWORD, MODEL_KEY, WORDS, "canary-words-", "of-a-model-2b7f", &code, &key] {
        assert!(!written.contains(secret), "{secret} was logged");
    }
    Ok(())
}

#[tokio::test]
async fn a_box_is_found_healthy_ready_and_counted() -> anyhow::Result<()> {
    let home = Home::new()?;
    let (mut process, address) = up(&home).await?;
    let health: Value = serde_json::from_str(&process.wait_for_health(address, SOON).await?)?;
    assert_eq!(health["status"], "ok");
    assert!(health["version"].is_string() && health["mode"].is_string());
    assert_eq!(http::get(address, "/ready").await?.status(), 200);
    let figures = http::get(address, "/metrics").await?;
    let figures = String::from_utf8_lossy(figures.body()).into_owned();
    assert!(figures.contains("whisperengine_info{") && figures.contains("whisperengine_http_requests_total"));
    assert_eq!(http::get(address, "/api/v1/me").await?.status(), 401);
    assert_eq!(http::get(address, "/nothing").await?.status(), 404);
    assert_eq!(http::get(address, "/").await?.status(), 303, "whoever is not signed in is led to the door");
    wait::until("the log to tell of it", SOON, async || {
        let log = std::fs::read_to_string(home.data_dir().join("logs/performance.log"))?;
        Ok(log.contains("request.id").then_some(()))
    })
    .await
}
