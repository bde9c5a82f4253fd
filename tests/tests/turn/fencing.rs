//! Two engines on one database. One hangs in the middle of a reply, the other takes over, the first
//! one wakes up: what it still wanted to say goes nowhere.

use super::survives::{one_reply, outcomes};
use engine_client::wire::turns::TurnStateView;
use std::time::Duration;
use tests::engine::Engine;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;
use tests::wait;

/// The lease, the look for what ran out, and a busy machine.
const TAKEOVER: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_slept_through_its_lease_writes_nothing_more() -> anyhow::Result<()> {
    let model = ModelServer::start().await?;
    let (mut house, sleeper, second) = two_engines(&model).await?;
    model.next(words("old").hold_after(5));
    model.next(words("new").hold_after(5));
    let talk = Talk::open(sleeper.client()).await?;
    let turn = talk.say("who is there?").await?;
    let beside = talk.through(second.client());
    let (mut reader, mut stranger) = (talk.reader(turn.id), beside.reader(turn.id));
    reader.read_until("old5").await?;
    stranger.read_until("old5").await?;

    sleeper.process.pause()?;
    tokio::time::timeout(TAKEOVER, stranger.read_until("new5")).await??;
    assert_eq!(stranger.resets, 1);
    assert!(!stranger.text.contains("old"), "{}", stranger.text);
    // The rest of the old answer is in the sleeper's hands when it wakes up, in the middle of the new one.
    model.release();
    sleeper.process.resume()?;
    let still =
        wait::until("the sleeper to answer again", TAKEOVER, async || Ok(talk.turn(turn.id).await.ok()));
    let still = still.await?;
    assert_eq!(still.state, TurnStateView::Running, "{still:?}");
    model.release();
    let turn = stranger.read_to_end().await?;

    assert_eq!((stranger.text.as_str(), stranger.resets), (&*text("new"), 1));
    assert_eq!(outcomes(&turn), ["interrupted", "done"]);
    assert_eq!(model.counts().asked, 2);
    assert_eq!(reader.read_to_end().await?, turn, "both doors tell the same");
    assert_eq!(reader.resets, 1);
    one_reply(&talk, &turn, "who is there?").await?;
    one_reply(&beside, &turn, "who is there?").await?;
    // The house it all belongs to tells the same when it is back.
    sleeper.stop().await?;
    second.stop().await?;
    house.up().await?;
    one_reply(&talk.through(house.client()), &turn, "who is there?").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_to_stop_reaches_the_owner_through_any_door() -> anyhow::Result<()> {
    let model = ModelServer::start().await?;
    let (_house, owner, second) = two_engines(&model).await?;
    model.next(words("old").hold_after(5));
    let talk = Talk::open(owner.client()).await?;
    let turn = talk.say("stop from over there").await?;
    model.until_held(1).await?;
    talk.through(second.client()).stop(turn.id).await?;
    model.disconnected(1).await?;
    let turn = talk.reader(turn.id).to_end().await?;
    assert_eq!((turn.state, outcomes(&turn)), (TurnStateView::Stopped, vec!["stopped"]));
    Ok(())
}

/// Their house has made the database and is out.
async fn two_engines(model: &ModelServer) -> anyhow::Result<(House, Engine, Engine)> {
    let mut house = House::inhabited(Store::Postgres).await?;
    house.connect(&model.base_url(), "scripted").await?;
    house.stop().await?;
    let (one, other) = (Engine::beside(&house, "one").await?, Engine::beside(&house, "other").await?);
    Ok((house, one, other))
}

fn words(word: &str) -> Script {
    Script::words((1..=10).map(|n| format!("{word}{n} ")))
}

fn text(word: &str) -> String {
    (1..=10).map(|n| format!("{word}{n} ")).collect()
}
