//! What a service says, read on a page and in a terminal, whatever it says and whoever is gone.

use super::figures::{owner, until_page_says};
use super::scene::{REDIS, SOON, Scene};
use anyhow::{Context, ensure};
use std::time::Duration;
use tests::daemon::script::Answer;
use tests::http;
use tests::visitor::Visitor;
use tests::wait;

/// An engine that is asked has five seconds.
const BEFORE_IT_GIVES_UP: Duration = Duration::from_secs(4);
const PAGE: &str = "/system/logs?part=redis";

fn newer(ada: &Visitor) -> anyhow::Result<String> {
    let links = ada.page.html.split("href=\"").filter_map(|rest| rest.split('"').next());
    let mut newer = links.filter(|link| link.contains("after="));
    Ok(newer.next().context("no newer lines")?.replace("&#38;", "&"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_says_is_read_sifted_followed_and_kept() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    let mut ada = owner(&scene).await?;
    until_page_says(&mut ada, PAGE, "What Redis said</option>").await?;
    scene.engine.says(REDIS, b"first words\n<script>alert(1)</script>\x1b[2J\x07gone\n")?;
    scene.engine.says(REDIS, &[b"long ".repeat(300_000).as_slice(), b"\n\xff\xfe odd\n"].concat())?;
    until_page_says(&mut ada, PAGE, "first words").await?;
    ada.page.says("&#60;script&#62;alert(1)")?;
    ensure!(
        !ada.page.html.contains('\x1b') && ada.page.html.len() < 100_000,
        "{} bytes",
        ada.page.html.len()
    );
    until_page_says(&mut ada, &format!("{PAGE}&q=FIRST"), "One line.").await?;
    ada.open(PAGE).await?;
    let after = newer(&ada)?;
    ada.open(&after).await?.says("Nothing newer was written down.")?;
    scene.engine.says(REDIS, b"second words\n")?;
    until_page_says(&mut ada, &after, "second words").await?;
    ada.page.says("One newer line.")?;

    let said = scene.house.home.run(&["logs", "redis", "--lines", "3"], SOON).await?;
    ensure!(said.status.success() && said.stdout.ends_with(" second words\n"), "{said:?}");
    ensure!(said.stdout.lines().count() == 3 && !said.stdout.contains('\x1b'), "{said:?}");

    // Its engine hangs, then is gone, then its container is.
    scene.engine.hang(true);
    until_page_says(&mut ada, PAGE, "the last lines that were kept").await?;
    ada.page.says("second words")?;
    scene.engine.hang(false);
    scene.engine.stop()?;
    until_page_says(&mut ada, PAGE, "the last lines that were kept").await?;
    ada.page.says("second words")?;
    scene.engine.start()?;
    let id = scene.engine.only(REDIS)?.id;
    scene.engine.remove(&id).await?;
    scene.until_serving().await?;
    until_page_says(&mut ada, PAGE, "second words").await?;
    ensure!(ada.open("/system/logs?part=postgres").await?.status == 404, "nothing runs there");

    // Without a box, the engine itself is asked.
    scene.engine.says(REDIS, b"last words\n")?;
    scene.house.stop().await?;
    let said = scene.house.home.run(&["logs", "redis", "--json"], SOON).await?;
    let last: serde_json::Value = serde_json::from_str(said.stdout.lines().last().unwrap_or_default())?;
    ensure!(said.stdout.contains("last words") && last["service"] == "redis", "{said:?}");
    let none = scene.house.home.run(&["logs", "postgres"], SOON).await?;
    ensure!(none.status.code() == Some(1) && none.stderr.contains("postgres has no container"), "{none:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_followed_in_a_terminal_until_ctrl_c() -> anyhow::Result<()> {
    let mut scene = Scene::inhabited().await?;
    scene.engine.says(REDIS, b"old words\n")?;
    let home = &scene.house.home;
    // Beside the running box: a service's lines, and the box's own.
    let mut service = home.start(&["logs", "redis", "--follow"])?;
    let mut own = home.start(&["logs", "--follow", "--lines", "500"])?;
    service.wait_for_line("old words", SOON).await?;
    own.wait_for_line("redis was starting and is serving", SOON).await?;
    scene.engine.says(REDIS, b"new words\n")?;
    service.wait_for_line("new words", SOON).await?;
    ensure!(http::get(scene.house.address(), "/a-place-that-is-not-there").await?.status() == 404);
    own.wait_for_line("http.status=404", SOON).await?;
    scene.engine.says(REDIS, b"last words\n")?;
    service.wait_for_line("last words", SOON).await?;
    for process in [&mut service, &mut own] {
        process.interrupt()?;
        let ended = process.wait_for_exit(SOON).await?;
        ensure!(ended.code() == Some(0), "{ended}");
    }
    let told = service.stdout()?;
    let words = ["old words", "new words", "last words"].map(|words| told.matches(words).count());
    ensure!(words == [1, 1, 1] && service.stderr()?.is_empty(), "{told}");

    // Without a box, while an engine that hangs is asked: nobody has to press twice.
    scene.house.stop().await?;
    let mut follower = scene.house.home.start(&["logs", "redis", "--follow"])?;
    follower.wait_for_line("last words", SOON).await?;
    scene.engine.answer("GET", "/logs", Answer::Silence);
    scene.engine.forget_calls();
    let asked = wait::until("a question", SOON, async || {
        Ok(scene.engine.calls().iter().any(|call| call.path.ends_with("/logs")).then_some(()))
    });
    asked.await?;
    follower.interrupt()?;
    let ended = follower.wait_for_exit(BEFORE_IT_GIVES_UP).await?;
    ensure!(ended.code() == Some(0), "{ended}: {}", follower.stderr()?);
    Ok(())
}
