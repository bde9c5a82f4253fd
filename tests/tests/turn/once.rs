//! Sending twice is sending once.

use super::survives::{one_reply, outcomes};
use engine_client::client::ClientError;
use engine_client::problem::ErrorCode;
use engine_client::wire::conversations::AuthorView;
use futures::future::try_join_all;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;
use uuid::Uuid;

tests::on_both_stores!(
    twenty_calls_with_one_id_are_one_turn,
    an_id_is_not_used_for_other_words,
    a_second_message_waits_for_the_first_reply,
);

async fn twenty_calls_with_one_id_are_one_turn(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let talk = Talk::open(house.client()).await?;
    let id = Uuid::now_v7();
    let turns = try_join_all((0..20).map(|_| talk.send(id, "once"))).await?;
    for turn in &turns {
        assert_eq!((turn.id, turn.message, turn.reply), (id, turns[0].message, turns[0].reply));
    }
    let turn = talk.reader(id).to_end().await?;
    let again = talk.send(id, "once").await?;
    assert_eq!(again, turn, "sent once more after its end it is answered as it stands");
    assert_eq!(model.counts().asked, 1);
    assert_eq!(outcomes(&turn), ["done"]);
    one_reply(&talk, &turn, "once").await
}

async fn an_id_is_not_used_for_other_words(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let talk = Talk::open(house.client()).await?;
    let turn = talk.exchange("these words").await?;
    let refused = talk.send(turn.id, "those words").await.err();
    assert_eq!(refused.and_then(|error| error.code()), Some(ErrorCode::TurnDiffers));
    let elsewhere = Talk::open(house.client()).await?;
    let refused = elsewhere.send(turn.id, "these words").await.err();
    assert_eq!(refused.and_then(|error| error.code()), Some(ErrorCode::TurnDiffers));
    assert!(said(&elsewhere).await?.is_empty(), "a refused message is not stored");
    one_reply(&talk, &turn, "these words").await
}

async fn a_second_message_waits_for_the_first_reply(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(8).hold_after(4));
    let talk = Talk::open(house.client()).await?;
    let first = talk.say("first").await?;
    model.until_held(1).await?;
    match talk.send(Uuid::now_v7(), "second").await {
        Err(ClientError::Refused(problem)) => {
            assert_eq!(problem.code, ErrorCode::TurnInProgress);
            assert_eq!(problem.detail, first.id.to_string(), "the refusal names what to wait for");
        }
        other => anyhow::bail!("a second turn at the same time: {other:?}"),
    }
    // Another conversation is not held up.
    Talk::open(house.client()).await?.exchange("elsewhere").await?;
    model.release();
    talk.reader(first.id).to_end().await?;
    talk.exchange("second").await?;
    assert_eq!(said(&talk).await?, ["first", "second"]);
    Ok(())
}

async fn said(talk: &Talk) -> anyhow::Result<Vec<String>> {
    let messages = talk.messages().await?.into_iter();
    Ok(messages.filter(|m| m.author == AuthorView::Person).map(|m| m.text).collect())
}
