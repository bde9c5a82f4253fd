//! Statuses: each is told by its own name, and tried again only where that can help.

use super::ground::Ground;
use engine_client::wire::turns::TurnStateView;
use std::time::{Duration, Instant};
use tests::model_server::script::Script;
use tests::talk::Talk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_is_told_by_its_name() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    for (status, code) in [
        (401, "model_unauthorized"),
        (402, "model_no_credit"),
        (404, "model_unknown"),
        (413, "model_too_long"),
        (418, "model_rejected"),
    ] {
        let turn = ground.fails(Script::status(status), code, "").await?;
        assert_eq!(turn.attempts.len(), 1, "asking again changes nothing about {status}");
    }
    for (status, code) in [(500, "model_server_failed"), (503, "model_server_failed")] {
        let turn = ground.fails(Script::status(status), code, "").await?;
        assert_eq!(turn.attempts.len(), 4, "{status} may pass");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_asks_to_wait_is_asked_again_then_and_not_sooner() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    ground.model.next(Script::rate_limited(Some(2)));
    let talk = Talk::open(ground.house.client()).await?;
    let turn = talk.say("when you can").await?;
    ground.model.until_asked(1).await?;
    let begun = Instant::now();
    ground.model.until_asked(2).await?;
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(1950), "asked again after {waited:?}");
    let turn = talk.reader(turn.id).to_end().await?;
    assert_eq!((turn.state, turn.attempts.len()), (TurnStateView::Done, 2));
    assert_eq!(turn.attempts[0].outcome, "failed");
    assert_eq!(turn.attempts[0].completion_tokens, 0);

    // An hour is longer than anybody looks on: that is said at once.
    let begun = Instant::now();
    let turn = ground.fails(Script::rate_limited(Some(3600)), "model_rate_limited", "").await?;
    assert_eq!(turn.attempts.len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
    Ok(())
}
