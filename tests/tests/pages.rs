//! The pages as somebody meets them whose browser runs no script.

use anyhow::{Context, ensure};
use http::StatusCode;
use std::net::SocketAddr;
use std::time::Duration;
use tests::free_port::free_port;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::{Home, Process};
use tests::visitor::Visitor;
use tests::wait;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "a page of one's own";

pub async fn up(home: &Home) -> anyhow::Result<(Process, SocketAddr)> {
    let address = free_port()?;
    let mut process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_line("WhisperEngine is ready at", SOON).await?;
    Ok((process, address))
}

async fn token(process: &mut Process) -> anyhow::Result<String> {
    let line = process.wait_for_line("enter the set-up token", SOON).await?;
    Ok(line.split_whitespace().last().context("a line with a token")?.to_owned())
}

/// From the first visit to an empty conversation with a model.
pub async fn moved_in(
    process: &mut Process,
    address: SocketAddr,
    model: &ModelServer,
) -> anyhow::Result<Visitor> {
    model.offer_models(&["scripted"]);
    let mut ada = Visitor::at(address);
    ada.open("/").await?.says("Set-up token")?;
    let token = token(process).await?;
    ada.submit("/setup", &[("token", &token)]).await?.says("Who are you?")?;
    ada.submit("/setup/owner", &[("name", "Ada"), ("password", PASSWORD), ("again", PASSWORD)])
        .await?
        .says("Keep this code")?;
    ada.open("/setup/model").await?;
    ada.submit("/setup/model", &[("url", &model.base_url()), ("model", "scripted"), ("key", "")]).await?;
    ensure!(ada.page.path.starts_with("/chat/"), "set-up ended at {}: {}", ada.page.path, ada.page.html);
    Ok(ada)
}

pub async fn until_it_says(visitor: &mut Visitor, path: &str, words: &str) -> anyhow::Result<()> {
    let what = format!("{path} to say {words:?}");
    wait::until(&what, SOON, async || Ok(visitor.open(path).await?.says(words).ok())).await
}

#[tokio::test]
async fn the_first_visit_ends_in_a_conversation_and_is_the_only_one_of_its_kind() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    model.by_default(Script::words(["It ", "works **well**."]));
    let (mut process, address) = up(&home).await?;
    let mut ada = moved_in(&mut process, address, &model).await?;

    let chat = ada.page.path.clone();
    let say = format!("{chat}/messages");
    ada.submit(&say, &[("text", "Does it <b>work</b>?")]).await?.says("Does it &lt;b&gt;work&lt;/b&gt;?")?;
    until_it_says(&mut ada, &chat, "It works <strong>well</strong>.").await?;
    ensure!(model.asked().len() == 1, "the model was asked {} times", model.asked().len());

    // It is called by its first words, until it is named; it is found by any of them, and removed for good.
    ada.open(&chat).await?.says("Does it &#60;b&#62;work&#60;/b&#62;?</a>")?;
    ada.submit(&format!("{chat}/title"), &[("title", "Trials")]).await?.says("Trials</a>")?;
    ada.open("/search?q=works").await?.says(&format!("href=\"{chat}?until="))?;
    ada.open("/search?q=zebra").await?.says("was found")?;

    // The door for owners is closed, and a second visitor meets the other one.
    let mut stranger = Visitor::at(address);
    stranger.open("/setup").await?.says("current-password")?;
    let wrong = stranger.submit("/sign-in", &[("name", "Ada"), ("password", "not her password")]).await?;
    ensure!(wrong.status == StatusCode::UNAUTHORIZED, "{wrong:?}");
    let right = stranger.submit("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await?;
    right.says("It works <strong>well</strong>.")?;

    // Signing out ends this session and no other.
    let kept = stranger.cookies["we_session"].clone();
    stranger.submit("/sign-out", &[]).await?.says("current-password")?;
    stranger.cookies.insert("we_session".to_owned(), kept);
    stranger.open(&chat).await?.says("current-password")?;
    ada.open(&chat).await?.says("It works")?;
    ada.submit(&format!("{chat}/remove"), &[]).await?.says("was removed")?;
    let after = ada.page.path.clone();
    let gone = ada.open(&chat).await?.status;
    ensure!(gone == StatusCode::NOT_FOUND, "what was removed is still there: {gone}");
    ada.open("/search?q=works").await?.says("was found")?;
    ada.open(&after).await?;
    ada.submit(&format!("{chat}/restore"), &[]).await?.says("It works <strong>well</strong>.")?;
    ada.open("/search?q=works").await?.says(&format!("href=\"{chat}?until="))?;

    // The token has opened its one door; it is in no log.
    let token = token(&mut process).await?;
    let logs = std::fs::read_to_string(home.data_dir().join("logs/app.log"))?;
    ensure!(!logs.contains(&token), "the set-up token is in the log");
    Ok(())
}

#[tokio::test]
async fn a_page_shows_the_words_so_far_and_the_rest_after_a_kill() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    let (mut process, address) = up(&home).await?;
    let mut ada = moved_in(&mut process, address, &model).await?;
    model.next(Script::words((0..8).map(|n| format!("word{n} "))).hold_after(4));
    model.by_default(Script::words(["a second attempt"]));

    let chat = ada.page.path.clone();
    ada.submit(&format!("{chat}/messages"), &[("text", "Go on.")]).await?.says("data-live")?;
    model.until_held(1).await?;
    until_it_says(&mut ada, &chat, "word0 word1 word2 word3").await?;
    ensure!(!ada.page.html.contains("word4"), "the model was held before this word");
    ensure!(model.asked().len() == 1, "a reload asked the model again");

    process.kill()?;
    let mut process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_line("WhisperEngine is ready at", SOON).await?;
    until_it_says(&mut ada, &chat, "a second attempt").await?;
    ensure!(!ada.page.html.contains("data-live"), "the turn has ended");
    Ok(())
}

#[tokio::test]
async fn who_is_suspended_is_outside_with_the_next_click() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    let (mut process, address) = up(&home).await?;
    moved_in(&mut process, address, &model).await?;
    let invited = home.run(&["person", "invite", "Ben"], SOON).await?;
    ensure!(invited.status.success(), "{invited:?}");
    let password = home.path().join("bens-password");
    std::fs::write(&password, "ben's own words")?;
    let password = password.to_string_lossy().into_owned();
    let set = home.run(&["person", "reset-password", "Ben", "--password-file", &password], SOON).await?;
    ensure!(set.status.success(), "{set:?}");

    let mut ben = Visitor::at(address);
    ben.open("/sign-in").await?;
    ben.submit("/sign-in", &[("name", "Ben"), ("password", "ben's own words")]).await?.says("I am Wren")?;
    let bens = ben.page.path.clone();
    let mut ada = Visitor::at(address);
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    ensure!(ada.open(&bens).await?.status == StatusCode::NOT_FOUND, "Ada sees Ben's conversation");

    let suspended = home.run(&["person", "suspend", "Ben"], SOON).await?;
    ensure!(suspended.status.success(), "{suspended:?}");
    ben.open(&bens).await?.says("current-password")?;
    Ok(())
}
