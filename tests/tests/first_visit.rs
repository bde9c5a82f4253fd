//! The first visit, step by step, left and taken up again.

use anyhow::{Context, ensure};
use http::StatusCode;
use std::net::SocketAddr;
use std::time::Duration;
use tests::free_port::free_port;
use tests::model_server::server::ModelServer;
use tests::process::{Home, Process};
use tests::skip;
use tests::visitor::Visitor;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "the first of many";
/// Where the box looks for model servers, but for 8080, which may be a box.
const PLACES: [u16; 3] = [11434, 1234, 5000];

pub(super) async fn up(home: &Home, address: SocketAddr) -> anyhow::Result<Process> {
    let mut process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_line("WhisperEngine is ready at", SOON).await?;
    Ok(process)
}

/// Somebody who has just become the owner.
pub(super) async fn owner(process: &mut Process, address: SocketAddr) -> anyhow::Result<Visitor> {
    let line = process.wait_for_line("enter the set-up token", SOON).await?;
    let token = line.split_whitespace().last().context("a line with a token")?.to_owned();
    let mut ada = Visitor::at(address);
    ada.open("/").await?.says("Set-up token")?;
    ada.submit("/setup", &[("token", &token)]).await?;
    ada.submit("/setup/owner", &[("name", "Ada"), ("password", PASSWORD), ("again", PASSWORD)])
        .await?
        .says("Keep this code")?;
    Ok(ada)
}

async fn signed_in(address: SocketAddr) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(address);
    ada.open("/").await?.says("current-password")?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

fn code(visitor: &Visitor) -> Option<&str> {
    visitor.page.html.split("<code>").nth(1)?.split("</code>").next()
}

#[tokio::test]
async fn the_set_up_is_left_at_each_step_and_taken_up_there() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let mut process = up(&home, address).await?;
    let mut ada = owner(&mut process, address).await?;
    let first = code(&ada).context("a code is shown")?.to_owned();
    ada.open("/setup/recovery").await?;
    ensure!(code(&ada) == Some(first.as_str()), "a reload lost the code: {}", ada.page.html);

    // Another browser, before the code was kept: it can be made again, and the first one ends.
    let mut ada = signed_in(address).await?;
    ada.page.says("It was shown in the browser")?;
    ensure!(code(&ada).is_none(), "the box kept the code: {}", ada.page.html);
    ada.submit("/setup/recovery/again", &[]).await?.says("Keep this code")?;
    let second = code(&ada).context("a new code is shown")?;
    ensure!(first != second, "it is the same code");
    ada.submit("/setup/recovery", &[]).await?.says("What was found")?;
    ada.page.says("GiB of memory")?;

    process.kill()?;
    let process = up(&home, address).await?;
    let mut ada = signed_in(address).await?;
    ada.page.says("What was found")?;
    ada.submit("/setup/machine", &[]).await?.says("Look for model servers")?;
    ada.open("/").await?.says("Look for model servers")?;
    ada.submit("/setup/model/later", &[]).await?.says("I am Wren")?;

    // Once it is over it stays so.
    for path in ["/", "/setup", "/setup/recovery"] {
        ada.open(path).await?.says("I am Wren")?;
    }
    drop(process);
    Ok(())
}

#[tokio::test]
async fn a_model_server_of_this_machine_is_found_and_used_by_one_button() -> anyhow::Result<()> {
    let mut server = None;
    for port in PLACES {
        if let Ok(free) = ModelServer::start_at(SocketAddr::from(([127, 0, 0, 1], port))).await {
            server = Some(free);
            break;
        }
    }
    let Some(server) = server else {
        let name = "a_model_server_of_this_machine_is_found_and_used_by_one_button";
        return Ok(skip::report(name, "other programs have the ports 11434, 1234 and 5000")?);
    };
    server.offer_models(&["nomic-embed-text", "a-model-instruct", "another"]);
    let (home, address) = (Home::new()?, free_port()?);
    let mut process = up(&home, address).await?;
    let mut ada = owner(&mut process, address).await?;
    ada.submit("/setup/recovery", &[]).await?;
    ada.submit("/setup/machine", &[]).await?;
    ada.submit("/setup/model/search", &[]).await?.says(&server.base_url())?;
    ada.page.says("Recommended")?;
    ensure!(!ada.page.html.contains("nomic"), "a model that cannot talk is offered");
    ada.submit("/setup/model", &[]).await?.says("I am Wren")?;
    let chat = ada.page.path.clone();
    ada.submit(&format!("{chat}/messages"), &[("text", "Good evening.")]).await?;
    server.until_asked(1).await?;
    ensure!(server.asked()[0].model() == "a-model-instruct", "{:?}", server.asked()[0].body);
    Ok(())
}

#[tokio::test]
async fn set_up_in_the_terminal_ends_in_the_same_place() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let password = home.path().join("password");
    std::fs::write(&password, PASSWORD)?;
    let password = password.to_string_lossy().into_owned();
    let words = ["setup", "--owner", "Ada", "--password-file", &password];
    let mut process = up(&home, address).await?;
    // Begun in the browser, finished in the terminal.
    owner(&mut process, address).await?;
    let again = home.run(&words, SOON).await?;
    ensure!(again.status.success(), "{again:?}");
    let ada = signed_in(address).await?;
    ada.page.says("I am Wren")?;

    let (elsewhere, address) = (Home::new()?, free_port()?);
    std::fs::write(elsewhere.path().join("password"), PASSWORD)?;
    let password = elsewhere.path().join("password").to_string_lossy().into_owned();
    let done = elsewhere.run(&["setup", "--owner", "Ada", "--password-file", &password], SOON).await?;
    ensure!(done.status.success(), "{done:?}");
    let _process = up(&elsewhere, address).await?;
    let mut ada = signed_in(address).await?;
    ada.page.says("I am Wren")?;
    ensure!(ada.page.status == StatusCode::OK);
    ada.open("/setup").await?.says("I am Wren")?;
    Ok(())
}
