//! What the box asks of an engine: no more rights than needed, nothing open to other machines, and nobody's secrets.

use super::scene::Scene;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;
use tests::daemon::script::Call;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_is_told_no_secret_and_gives_no_right_that_is_not_needed() -> anyhow::Result<()> {
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    let calls = scene.engine.calls();
    for (file, secret) in secrets(&scene.house.home.data_dir().join("run/secrets"))? {
        let told = calls.iter().find(|call| format!("{call:?}").contains(&secret));
        ensure!(told.is_none(), "{file} was told in {}", told.map(Call::kind).unwrap_or_default());
    }
    let made: Vec<&Call> = calls.iter().filter(|call| call.kind() == "POST /containers/create").collect();
    ensure!(made.len() >= 3, "{made:?}");
    let id = scene.records("SELECT id FROM box")?;
    for call in made {
        let body: Value = serde_json::from_str(&call.body)?;
        let (host, who) = (&body["HostConfig"], call.subject.as_deref().unwrap_or_default());
        ensure!(
            body["Labels"]["whisperengine.box"] == id.as_str(),
            "{who} cannot be told from others: {body}"
        );
        ensure!(host["Privileged"] != true && host["ReadonlyRootfs"] == true, "{who}: {host}");
        ensure!(host["CapDrop"] == serde_json::json!(["ALL"]), "{who}: {host}");
        ensure!(!call.body.contains("docker.sock") && !call.body.contains("engine.sock"), "{who}: {host}");
        let bindings = host["PortBindings"].as_object().into_iter().flat_map(|all| all.values());
        for binding in bindings.filter_map(Value::as_array).flatten() {
            ensure!(binding["HostIp"] == "127.0.0.1", "{who} is open to other machines: {binding}");
        }
    }
    scene.house.stop().await?;
    scene.until_nothing_runs().await
}

/// Long words of the files that containers are given: what opens something.
fn secrets(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for service in std::fs::read_dir(folder)? {
        for file in std::fs::read_dir(service?.path())? {
            let path = file?.path();
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
            let long = words.filter(|word| word.len() >= 32);
            found.extend(long.map(|word| (path.display().to_string(), word.to_owned())));
        }
    }
    ensure!(
        found.len() >= 4,
        "only these secrets were found: {:?}",
        found.iter().map(|one| &one.0).collect::<Vec<_>>()
    );
    Ok(found)
}
