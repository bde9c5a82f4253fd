//! The box, restarted and stopped by its owner from a page.

use anyhow::{Context, ensure};
use http::StatusCode;
use std::time::Duration;
use tests::house::{House, PASSWORD};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;
use tests::visitor::Visitor;
use tests::wait;

const SOON: Duration = Duration::from_secs(30);

async fn signed_in(house: &House) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

#[tokio::test]
async fn a_reply_goes_on_after_a_restart_and_the_page_comes_back_by_itself() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(30).hold_after(10));
    model.by_default(Script::tokens(30));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("how far is the moon?").await?;
    let mut reader = talk.reader(turn.id);
    reader.read_until("t10").await?;
    let mut ada = signed_in(&house).await?;
    let place = house.home.data_dir().display().to_string();
    ada.open("/settings/box").await?.says(&place)?;
    ada.page.says(env!("CARGO_PKG_VERSION"))?;

    let pid = house.process()?.pid();
    ada.open("/settings/box/restart").await?.says("go on afterwards")?;
    ada.submit("/settings/box/restart", &[]).await?.says("The box is restarting")?;
    let next = ada.page.html.split("url=").nth(1).and_then(|rest| rest.split('"').next());
    let next = next.context("a page that leads on")?.to_owned();
    // What a browser without script does: it loads the page again, whatever became of it meanwhile.
    wait::until("the page to be back", SOON, async || match ada.open(&next).await {
        Ok(page) => Ok(page.says("The box was restarted").ok()),
        Err(_) => Ok(None),
    })
    .await?;
    ensure!(house.process()?.pid() == pid, "whoever watches over it sees another process");
    let turn = reader.read_to_end().await?;
    ensure!(turn.text == Script::tokens_text(30), "{turn:?}");
    ensure!(turn.attempts.len() == 2, "the reply was not taken up once: {turn:?}");
    Ok(())
}

#[tokio::test]
async fn a_box_that_is_stopped_from_its_page_ends_well_and_can_be_started_again() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    let mut ada = signed_in(&house).await?;
    ada.open("/settings/box/stop").await?.says("nobody can use it")?;
    ada.submit("/settings/box/stop", &[]).await?.says("The box is stopping")?;
    house.until_it_ends().await?;
    ensure!(ada.open("/settings/box").await.is_err(), "somebody still answers");
    house.up().await?;
    let page = ada.open("/settings/box").await?;
    ensure!(page.status == StatusCode::OK, "{page:?}");
    page.says("less than a minute")
}
