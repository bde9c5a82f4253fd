//! What needs somebody, and how the box settles it on their word.

use super::container_engines::{self as engines, Docker, Mood};
use super::first_visit::up;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tests::free_port::free_port;
use tests::process::Home;
use tests::wait;

const SOON: Duration = Duration::from_secs(30);

async fn json(home: &Home, arguments: &[&str]) -> anyhow::Result<Value> {
    let finished = home.run(&[arguments, &["--json"]].concat(), SOON).await?;
    ensure!(finished.status.success(), "{arguments:?}: {finished:?}");
    Ok(serde_json::from_str(&finished.stdout)?)
}

/// The ids of a list of issues that begin so.
fn ids(issues: &Value, prefix: &str) -> anyhow::Result<Vec<String>> {
    let issues = issues.as_array().context("a list of issues")?;
    let ids = issues.iter().filter_map(|issue| issue["id"].as_str());
    Ok(ids.filter(|id| id.starts_with(prefix)).map(str::to_owned).collect())
}

async fn issues(home: &Home, prefix: &str) -> anyhow::Result<Vec<String>> {
    ids(&json(home, &["status"]).await?["issues"], prefix)
}

/// A directory that others can read, told, repaired and told no more.
async fn open_directory(home: &Home) -> anyhow::Result<()> {
    let root = home.data_dir();
    std::fs::set_permissions(&root, Permissions::from_mode(0o755))?;
    let report = json(home, &["doctor"]).await?;
    let told = report["issues"].as_array().context("a list")?;
    let open = told.iter().find(|issue| issue["id"] == "data_dir_open").context("it is told")?;
    assert_eq!((&open["severity"], &open["repair"]), (&"warning".into(), &"close_directory".into()));
    assert_eq!(open["next"], format!("chmod 700 {}", root.display()));
    let listed = home.run(&["repair"], SOON).await?;
    ensure!(listed.stdout.contains("whisperengine repair data_dir_open"), "{listed:?}");

    let done = json(home, &["repair", "data_dir_open"]).await?;
    assert_eq!(done["repaired"], "data_dir_open");
    assert_eq!(std::fs::metadata(&root)?.permissions().mode() & 0o777, 0o700);
    assert_eq!(issues(home, "data_dir").await?, Vec::<String>::new());
    assert_eq!(json(home, &["repair"]).await?["repairable"], Value::Array(Vec::new()));
    json(home, &["repair", "data_dir_open"]).await?;

    let refused = home.run(&["repair", "the_weather"], SOON).await?;
    assert_eq!(refused.status.code(), Some(1));
    ensure!(refused.stderr.contains("no issue is called the_weather"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn an_open_directory_is_closed_beside_a_running_box() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let _process = up(&home, address).await?;
    open_directory(&home).await
}

#[tokio::test]
async fn an_open_directory_is_closed_without_a_running_box() -> anyhow::Result<()> {
    let home = Home::new()?;
    json(&home, &["status"]).await?;
    open_directory(&home).await
}

#[tokio::test]
async fn a_box_that_cannot_start_is_repaired_all_the_same() -> anyhow::Result<()> {
    let home = Home::new()?;
    json(&home, &["status"]).await?;
    std::fs::write(home.data_dir().join("data/engine.db"), "nothing that can be opened, but long enough")?;
    std::fs::set_permissions(home.data_dir(), Permissions::from_mode(0o755))?;
    let report = json(&home, &["doctor"]).await?;
    assert_eq!(ids(&report["issues"], "engine_")?, ["engine_does_not_start"]);
    json(&home, &["repair", "data_dir_open"]).await?;
    assert_eq!(ids(&json(&home, &["doctor"]).await?["issues"], "data_dir")?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_engine_that_is_lost_is_an_issue_until_it_is_found_again() -> anyhow::Result<()> {
    let ((mut home, socket), address) = (engines::home()?, free_port()?);
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    // Nothing is left to run in a container, so nothing is asked of this engine but whether it is there.
    home.set("WHISPERENGINE_CACHE", "disk");
    let docker = Docker::begin(&socket, Mood::Sound)?;
    let _process = up(&home, address).await?;
    wait::until("the engine to be found", SOON, async || {
        Ok(issues(&home, "containers_").await?.is_empty().then_some(()))
    })
    .await?;

    drop(docker);
    wait::until("the engine to be lost", SOON, async || {
        let report = json(&home, &["doctor"]).await?;
        let told = ids(&report["issues"], "containers_")?;
        Ok((told == ["containers_lost"] && report["runtime"]["state"] == "lost").then_some(()))
    })
    .await?;
    let looked = json(&home, &["repair", "containers_lost"]).await?;
    ensure!(looked["done"].as_str().is_some_and(|done| done.contains("is gone")), "{looked}");
    assert_eq!(issues(&home, "containers_").await?, ["containers_lost"], "looking does not bring it back");

    let _docker = Docker::begin(&socket, Mood::Sound)?;
    json(&home, &["repair", "containers_lost"]).await?;
    wait::until("the issue to vanish", SOON, async || {
        Ok(issues(&home, "containers_").await?.is_empty().then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_service_that_an_engine_keeps_waiting_is_told_with_its_stage() -> anyhow::Result<()> {
    let ((mut home, socket), address) = (engines::home()?, free_port()?);
    home.set("WHISPERENGINE_RUNTIME", "docker");
    home.set("WHISPERENGINE_VOICE", "false");
    // It says that it is Docker, and knows nothing else of what Docker does.
    let _docker = Docker::begin(&socket, Mood::Sound)?;
    let _process = up(&home, address).await?;
    wait::until("the issue", SOON, async || {
        Ok((issues(&home, "redis_").await? == ["redis_waits"]).then_some(()))
    })
    .await?;
    let status = json(&home, &["status"]).await?;
    assert_eq!(
        (&status["services"][0]["name"], &status["services"][0]["stage"]),
        (&"redis".into(), &"waiting".into())
    );
    let report = json(&home, &["doctor"]).await?;
    let services = report["services"].as_array().context("a list")?;
    let redis = services.iter().find(|service| service["name"] == "redis").context("it is told")?;
    assert_eq!((&redis["kind"], &redis["ok"]), (&"container".into(), &false.into()));
    let told = home.run(&["status"], SOON).await?.stdout;
    ensure!(told.contains("waiting (container)") && told.contains("repair redis_waits"), "{told}");
    let looked = json(&home, &["repair", "redis_waits"]).await?;
    ensure!(looked["done"].as_str().is_some_and(|done| done.contains("looked again")), "{looked}");
    Ok(())
}
