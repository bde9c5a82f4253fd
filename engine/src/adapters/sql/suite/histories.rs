//! Turns found by the history that a client had when it asked.

use super::harness::Bench;
use super::talk::Talk;
use crate::domain::memory::Owner;
use crate::domain::turn::TurnState;
use crate::ports::turns::{Histories, Turns};

on_both_stores! {
    a_turn_is_found_by_the_history_it_was_asked_with,
    nobody_elses_turn_is_found,
}

async fn a_turn_is_found_by_the_history_it_was_asked_with(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let other = Talk::between(bench, talk.owner()).await;
    let mut asked = Vec::new();
    for (talk, reply) in [(&talk, "good day"), (&other, "who is there?")] {
        let mut exchange = talk.exchange(bench, None, "hello");
        (exchange.turn.history, exchange.turn.max_tokens) = (Some("f00d".into()), Some(7));
        exchange.accept(bench).await;
        assert_eq!(bench.store.find_turn(&exchange.turn).await, exchange.turn);
        bench.store.finish(&exchange.turn, &exchange.ending(bench, reply)).await.expect("it ends");
        asked.push(exchange.turn.id);
        bench.clock.advance(std::time::Duration::from_secs(1));
    }
    talk.exchange_words(bench, None, "without a history", "fine").await;
    let found = bench.store.asked_as(&talk.owner(), "f00d").await.expect("the store answers");
    let texts: Vec<_> = found.iter().map(|turn| (turn.id, turn.state, turn.text.as_str())).collect();
    let done = TurnState::Done;
    assert_eq!(texts, [(asked[1], done, "who is there?"), (asked[0], done, "good day")]);
    assert!(bench.store.asked_as(&talk.owner(), "beef").await.expect("the store answers").is_empty());
}

async fn nobody_elses_turn_is_found(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut exchange = talk.exchange(bench, None, "hello");
    exchange.turn.history = Some("f00d".into());
    exchange.accept(bench).await;
    let owner = talk.owner();
    for stranger in [
        Owner { tenant: bench.id(), ..owner },
        Owner { person: bench.id(), ..owner },
        Owner { companion: bench.id(), ..owner },
    ] {
        assert!(bench.store.asked_as(&stranger, "f00d").await.expect("the store answers").is_empty());
    }
    assert_eq!(bench.store.asked_as(&owner, "f00d").await.expect("the store answers").len(), 1);
}
