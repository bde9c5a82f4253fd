//! The program is killed in the middle of a reply; whoever was reading gets the whole of it.

use engine_client::wire::conversations::{AuthorView, MessageStateView};
use engine_client::wire::turns::{TurnStateView, TurnView};
use std::time::Duration;
use tests::house::{House, connection};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;
use tests::wait;

tests::on_both_stores!(
    a_reply_cut_by_a_kill_starts_again_and_is_there_once,
    a_model_that_continues_goes_on_where_the_kill_cut_it,
    a_box_that_stays_down_for_a_while_finishes_the_turn_unasked,
);

/// Held by the first answer; the second one is not.
const WORDS: usize = 40;
const CUT: usize = 20;

async fn a_reply_cut_by_a_kill_starts_again_and_is_there_once(store: Store) -> anyhow::Result<()> {
    let (mut house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(WORDS).hold_after(CUT));
    model.by_default(Script::tokens(WORDS));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("tell me about the tide").await?;
    let mut reader = talk.reader(turn.id);
    reader.read_until(&format!("t{CUT}")).await?;
    house.kill()?;
    house.up().await?;
    let turn = reader.read_to_end().await?;

    assert_eq!(reader.text, Script::tokens_text(WORDS));
    assert_eq!(reader.resets, 1, "what was shown is void, and the reader is told so");
    assert_eq!(outcomes(&turn), ["interrupted", "done"]);
    assert_eq!(model.counts().asked, 2);
    one_reply(&talk, &turn, "tell me about the tide").await
}

async fn a_model_that_continues_goes_on_where_the_kill_cut_it(store: Store) -> anyhow::Result<()> {
    let (mut house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    let mut continuing = connection(&model.base_url(), "scripted");
    continuing.continues_text = true;
    house.connect_as(continuing).await?;
    let half = Script::tokens_text(CUT);
    model.next(Script::tokens(WORDS).hold_after(CUT));
    model.by_default(Script::words((CUT + 1..=WORDS).map(|n| format!(" t{n}"))));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("tell me about the tide").await?;
    let mut reader = talk.reader(turn.id);
    reader.read_until(&format!("t{CUT}")).await?;
    // What is shown is written down within a quarter of a second; after that a kill takes nothing of it.
    wait::until("the shown words to be stored", Duration::from_secs(5), async || {
        Ok((talk.turn(turn.id).await?.text == half).then_some(()))
    })
    .await?;
    house.kill()?;
    house.up().await?;
    let turn = reader.read_to_end().await?;

    assert_eq!(reader.text, Script::tokens_text(WORDS));
    assert_eq!(reader.resets, 0, "nothing that was shown is taken back");
    assert_eq!(outcomes(&turn), ["interrupted", "done"]);
    assert_eq!(model.counts().asked, 2);
    let asked = model.asked();
    assert_eq!(asked[1].texts().last(), Some(half.as_str()), "the model is shown what it said already");
    one_reply(&talk, &turn, "tell me about the tide").await
}

async fn a_box_that_stays_down_for_a_while_finishes_the_turn_unasked(store: Store) -> anyhow::Result<()> {
    let (mut house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(WORDS).hold_after(CUT));
    model.by_default(Script::tokens(WORDS));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("nobody waits for this").await?;
    model.until_held(1).await?;
    house.kill()?;
    model.disconnected(1).await?;
    house.up().await?;
    // Nobody follows it and nobody sends anything: it is taken up all the same.
    model.until_asked(2).await?;
    let turn = wait::until("the turn to end", Duration::from_secs(20), async || {
        let turn = talk.turn(turn.id).await?;
        Ok((turn.state != TurnStateView::Running).then_some(turn))
    })
    .await?;
    assert_eq!(outcomes(&turn), ["interrupted", "done"]);
    one_reply(&talk, &turn, "nobody waits for this").await
}

/// By number, so that a missing or doubled ledger entry shows.
pub fn outcomes(turn: &TurnView) -> Vec<&str> {
    let numbers: Vec<_> = turn.attempts.iter().map(|attempt| attempt.attempt).collect();
    let expected: Vec<_> = (1..=turn.attempts.len() as i64).collect();
    assert_eq!(numbers, expected, "each attempt has one entry in the ledger: {turn:?}");
    turn.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect()
}

/// The conversation is what was said and the one whole reply to it.
pub async fn one_reply(talk: &Talk, turn: &TurnView, said: &str) -> anyhow::Result<()> {
    assert_eq!(turn.state, TurnStateView::Done, "{turn:?}");
    let messages = talk.exchanged().await?;
    let seen: Vec<_> = messages.iter().map(|m| (m.author, m.text.as_str(), m.state)).collect();
    let expected = [
        (AuthorView::Person, said, MessageStateView::Complete),
        (AuthorView::Companion, turn.text.as_str(), MessageStateView::Complete),
    ];
    assert_eq!(seen, expected);
    assert_eq!((messages[0].id, messages[1].id), (turn.message, turn.reply));
    Ok(())
}
