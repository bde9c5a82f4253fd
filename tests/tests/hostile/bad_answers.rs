//! Answers that are none: pages, broken text, broken JSON, broken connections.

use super::ground::Ground;
use engine_client::wire::turns::TurnStateView;
use tests::model_server::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_is_not_shown_as_one() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    for script in
        [Script::web_page(), Script::wrong_content_type(), Script::invalid_utf8(), Script::cut_json()]
    {
        let turn = ground.fails(script, "model_nonsense", "").await?;
        let detail = turn.failure.map(|failure| failure.detail).unwrap_or_default();
        assert!(!detail.contains('<') && !detail.contains("alert"), "{detail}");
    }
    ground.fails(Script::tokens(0), "model_empty", "").await?;
    ground.fails(Script::tool_call("open_door", "{\"which\": \"front\"}"), "model_empty", "").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_break_in_the_middle_keeps_what_was_said_before_it() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let kept = Script::tokens_text(5);
    ground.fails(Script::tokens(9).broken_after(5), "model_cut", &kept).await?;
    ground.fails(Script::tokens(9).cut_after(5), "model_cut", &kept).await?;
    let turn = ground.fails(Script::tokens(9).broken_after(0), "model_cut", "").await?;
    assert_eq!(turn.attempts.len(), 4, "nothing was shown yet, so it is tried again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_other_names_reach_nobody() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let turn = ground.suffer(Script::extra_events(6)).await?;
    assert_eq!((turn.state, turn.text.as_str()), (TurnStateView::Done, &*Script::tokens_text(6)));
    Ok(())
}
