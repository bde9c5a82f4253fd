//! Stopping is the person's word; going away is not.

use super::survives::{one_reply, outcomes};
use engine_client::wire::conversations::MessageStateView;
use engine_client::wire::turns::TurnStateView;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

tests::on_both_stores!(
    stopping_cancels_the_model_and_keeps_what_was_written,
    a_reader_that_leaves_stops_nothing,
);

async fn stopping_cancels_the_model_and_keeps_what_was_written(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(40).hold_after(12));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("go on until I stop you").await?;
    let mut reader = talk.reader(turn.id);
    reader.read_until("t12").await?;
    talk.stop(turn.id).await?;
    model.disconnected(1).await?;
    let turn = reader.read_to_end().await?;
    assert_eq!((turn.state, turn.text.as_str()), (TurnStateView::Stopped, &*Script::tokens_text(12)));
    assert_eq!(turn.failure, None);
    assert_eq!(outcomes(&turn), ["stopped"]);
    assert_eq!(reader.resets, 0);
    let messages = talk.exchanged().await?;
    assert_eq!(messages.len(), 2);
    assert_eq!((messages[1].state, &messages[1].text), (MessageStateView::Stopped, &turn.text));

    // What has ended cannot be stopped again, and the talk goes on.
    talk.stop(turn.id).await?;
    assert_eq!(talk.turn(turn.id).await?, turn);
    assert_eq!(talk.exchange("and now?").await?.state, TurnStateView::Done);
    assert_eq!(model.counts().asked, 2);
    Ok(())
}

async fn a_reader_that_leaves_stops_nothing(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(20).hold_after(5));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("I am off").await?;
    let mut reader = talk.reader(turn.id);
    reader.read_until("t5").await?;
    reader.leave();
    model.release();
    // Another device reads it from the beginning, the first one comes back to its place.
    let turn = talk.reader(turn.id).to_end().await?;
    assert_eq!(reader.read_to_end().await?, turn);
    assert_eq!(reader.resets, 0);
    assert_eq!(turn.text, Script::tokens_text(20));
    assert_eq!((model.counts().asked, model.counts().left), (1, 0));
    one_reply(&talk, &turn, "I am off").await
}
