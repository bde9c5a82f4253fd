//! The first model is away: the next one answers, and the reply says who did.

use super::survives::one_reply;
use engine_client::wire::turns::{AttemptView, TurnStateView};
use tests::free_port::free_port;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

tests::on_both_stores!(
    the_second_model_answers_when_the_first_is_away,
    words_that_were_shown_are_not_replaced_by_another_model,
);

async fn the_second_model_answers_when_the_first_is_away(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&format!("http://{}/v1", free_port()?), "dead").await?;
    house.connect(&model.base_url(), "asked-for").await?;
    model.by_default(Script::tokens(8).model("really-answered").cost("0.00014"));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.exchange("is anybody there?").await?;
    assert_eq!(turn.state, TurnStateView::Done, "{turn:?}");
    assert_eq!(turn.model.as_deref(), Some("really-answered"));
    assert_eq!(talk.exchanged().await?[1].model.as_deref(), Some("really-answered"));
    let (last, failed) = turn.attempts.split_last().expect("somebody answered");
    assert_eq!(last.outcome, "done");
    assert_eq!((last.completion_tokens, last.estimated, last.cost_micros), (8, false, Some(140)));
    assert!(!failed.is_empty());
    for attempt in failed {
        let AttemptView { outcome, completion_tokens, model, .. } = attempt;
        assert_eq!((outcome.as_str(), model.as_deref(), *completion_tokens), ("failed", Some("dead"), 0));
    }
    one_reply(&talk, &turn, "is anybody there?").await
}

async fn words_that_were_shown_are_not_replaced_by_another_model(store: Store) -> anyhow::Result<()> {
    let (house, first) = (House::inhabited(store).await?, ModelServer::start().await?);
    let second = ModelServer::start().await?;
    house.connect(&first.base_url(), "first").await?;
    house.connect(&second.base_url(), "second").await?;
    first.next(Script::tokens(20).broken_after(6));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.exchange("half a story").await?;
    assert_eq!((turn.state, turn.text.as_str()), (TurnStateView::Failed, &*Script::tokens_text(6)));
    assert_eq!(turn.failure.map(|failure| failure.code).as_deref(), Some("model_cut"));
    assert_eq!((first.counts().asked, second.counts().asked), (1, 0));
    Ok(())
}
