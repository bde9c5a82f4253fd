//! A server that takes the question and then takes its time.

use super::ground::Ground;
use std::time::{Duration, Instant};
use tests::model_server::script::Script;

/// The box waits a second for a word; the rest is a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_the_turn_in_its_time() -> anyhow::Result<()> {
    let ground = Ground::with_patience("1s").await?;
    let kept = Script::tokens_text(3);
    let second = Duration::from_secs(1);
    for (script, kept) in [
        (Script::silent(), ""),
        (Script::tokens(5).silent_after(0), ""),
        (Script::tokens(5).silent_after(3), kept.as_str()),
        // Bytes, and never a whole word.
        (Script::tokens(5).drip(Duration::from_millis(50)), ""),
        // Signs of life, and never a word.
        (Script::tokens(5).keep_alives(600, Duration::from_millis(50)), ""),
    ] {
        let (begun, left) = (Instant::now(), ground.model.counts().left);
        let turn = ground.fails(script, "model_silent", kept).await?;
        assert!(begun.elapsed() >= second && begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_eq!(turn.attempts.len(), 1, "a server that hangs is not asked to hang again");
        ground.model.disconnected(left + 1).await?;
    }
    Ok(())
}
