//! The program is asked to end in the middle of a reply: it goes quickly and loses nothing.

use super::survives::one_reply;
use std::time::{Duration, Instant};
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

/// Turns have six seconds to hand over, the box nine for everything.
const QUICK: Duration = Duration::from_secs(15);

tests::on_both_stores!(a_polite_stop_in_the_middle_of_replies_is_quick_and_the_next_start_finishes_them);

async fn a_polite_stop_in_the_middle_of_replies_is_quick_and_the_next_start_finishes_them(
    store: Store,
) -> anyhow::Result<()> {
    let (mut house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    for _ in 0..3 {
        model.next(Script::tokens(30).hold_after(10));
    }
    model.by_default(Script::tokens(30));
    let mut waiting = Vec::new();
    for name in ["one", "two", "three"] {
        let talk = Talk::open(house.client()).await?;
        let turn = talk.say(name).await?;
        let mut reader = talk.reader(turn.id);
        reader.read_until("t10").await?;
        waiting.push((name, talk, reader));
    }
    let begun = Instant::now();
    house.stop().await?;
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
    model.disconnected(3).await?;
    house.up().await?;
    for (name, talk, mut reader) in waiting {
        let turn = reader.read_to_end().await?;
        assert_eq!(reader.resets, 1, "each is taken up once");
        assert_eq!(turn.text, Script::tokens_text(30));
        assert_eq!(turn.attempts.len(), 2, "{turn:?}");
        one_reply(&talk, &turn, name).await?;
    }
    assert_eq!(model.counts().asked, 6);
    Ok(())
}
