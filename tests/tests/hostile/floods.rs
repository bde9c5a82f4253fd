//! More than anybody asked for: it is cut off, and the box does not grow.

use super::ground::Ground;
use engine_client::wire::turns::TurnStateView;
use tests::model_server::script::Script;
use tests::process_tree::{forget_peak, peak_memory};
use tests::talk::Talk;

const MOST_GROWTH: u64 = 64 * 1024 * 1024;
/// As much text as one reply may have.
const LONGEST_REPLY: usize = 2 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_hundred_megabytes_is_refused_in_bounded_memory() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let before = rest(&ground)?;
    ground.fails(Script::huge_frame(100 * 1024 * 1024), "model_too_large", "").await?;
    grew_little(&ground, before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_reply_is_cut_where_replies_end_in_bounded_memory() -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let before = rest(&ground)?;
    let turn = ground.suffer(Script::endless()).await?;
    assert_eq!(turn.state, TurnStateView::Failed);
    assert_eq!(turn.failure.map(|failure| failure.code).as_deref(), Some("model_too_large"));
    assert!(turn.text.len() <= LONGEST_REPLY && turn.text.len() > LONGEST_REPLY / 2, "{}", turn.text.len());
    assert!(turn.text.bytes().all(|byte| byte == b'z'));
    let messages = Talk::at(ground.house.client(), turn.conversation).messages().await?;
    assert!(messages.iter().any(|message| message.id == turn.reply && message.text == turn.text));
    ground.model.disconnected(1).await?;
    grew_little(&ground, before)
}

/// What it holds now, in bytes, and from here on the peak is counted.
fn rest(ground: &Ground) -> anyhow::Result<u64> {
    let pid = ground.house.process()?.pid();
    forget_peak(pid)?;
    peak_memory(pid)
}

fn grew_little(ground: &Ground, before: u64) -> anyhow::Result<()> {
    let peak = peak_memory(ground.house.process()?.pid())?;
    let grown = peak.saturating_sub(before);
    eprintln!("memory: {} MiB at rest, {} MiB more at the peak", before >> 20, grown >> 20);
    assert!(grown < MOST_GROWTH, "from {before} to {peak} bytes");
    Ok(())
}
