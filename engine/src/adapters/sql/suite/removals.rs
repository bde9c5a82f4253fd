//! Conversations that leave: hidden with everything in them, brought back whole, deleted in the end.

use super::harness::Bench;
use super::talk::{Exchange, Talk};
use crate::domain::ids::ConversationId;
use crate::domain::memory::Owner;
use crate::ports::conversations::{
    ConversationEdit, Conversations, ListFilter, MessageSearch, Messages, Removals,
};
use crate::ports::turns::{Accepted, Histories, Turns};
use std::time::Duration;

on_both_stores! {
    what_is_removed_is_found_by_nobody_and_comes_back_whole,
    a_reply_that_ends_after_the_removal_is_hidden_too,
    what_is_being_answered_is_found_when_it_is_answered,
    only_its_person_brings_it_back,
    only_what_was_removed_long_ago_is_deleted,
    removals_and_endings_wait_for_nobody_for_ever,
    lists_show_what_is_asked_for,
}

const DAY: Duration = Duration::from_hours(24);

async fn remove(bench: &Bench, talk: Talk) -> bool {
    let removed = bench.store.remove(talk.tenant, talk.person, talk.conversation, bench.now()).await;
    removed.expect("the store answers")
}

async fn restore(bench: &Bench, talk: Talk) -> bool {
    bench.store.restore(talk.tenant, talk.person, talk.conversation).await.expect("the store answers")
}

async fn found(bench: &Bench, owner: Owner, word: &str) -> Vec<String> {
    let search = MessageSearch { owner, words: vec![word.into()], except: None, first_hand: false, limit: 9 };
    let found = bench.store.search(&search).await.expect("the store answers");
    let mut texts: Vec<String> = found.into_iter().map(|found| found.message.text).collect();
    texts.sort();
    texts
}

async fn listed(bench: &Bench, talk: Talk, filter: ListFilter) -> Vec<ConversationId> {
    let listed = Conversations::list(&bench.store, talk.tenant, talk.person, filter, None, 9).await;
    listed.expect("the store answers").into_iter().map(|conversation| conversation.id).collect()
}

fn removed() -> ListFilter {
    ListFilter { removed: true, ..ListFilter::default() }
}

async fn finish(bench: &Bench, exchange: &Exchange, words: &str) {
    bench.store.finish(&exchange.turn, &exchange.ending(bench, words)).await.expect("it ends");
}

async fn what_is_removed_is_found_by_nobody_and_comes_back_whole(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let kept = Talk::between(bench, talk.owner()).await;
    kept.exchange_words(bench, None, "the zanzibar map", "where").await;
    let history = "0f".repeat(32);
    let mut asked = talk.exchange(bench, None, "the zanzibar plan");
    asked.turn.history = Some(history.clone());
    asked.accept(bench).await;
    finish(bench, &asked, "zanzibar it is").await;
    let before = bench.store.find_conversation(talk).await;
    let turn = bench.store.find_turn(&asked.turn).await;

    assert!(remove(bench, talk).await);
    assert!(!remove(bench, talk).await, "there is nothing left to remove");
    assert_eq!(bench.store.find_conversation(talk).await, None);
    assert_eq!(listed(bench, talk, ListFilter::default()).await, [kept.conversation]);
    assert_eq!(listed(bench, talk, removed()).await, [talk.conversation]);
    assert_eq!(found(bench, talk.owner(), "zanzibar").await, ["the zanzibar map"]);
    assert!(!bench.store.edit_conversation(talk, &ConversationEdit::Pinned(true)).await);
    let gone = Turns::find(&bench.store, talk.tenant, talk.person, asked.turn.id).await;
    assert_eq!(gone.expect("the store answers"), None);
    assert_eq!(bench.store.asked_as(&talk.owner(), &history).await.expect("answers"), []);
    let referred = [asked.message.id, asked.turn.reply];
    assert_eq!(bench.store.find_all(talk.tenant, talk.person, &referred).await.expect("answers"), []);
    assert_eq!(asked.accept(bench).await, Accepted::Missing, "not even the same turn again");
    assert_eq!(talk.exchange(bench, None, "hello?").accept(bench).await, Accepted::Missing);

    assert!(restore(bench, talk).await);
    assert!(!restore(bench, talk).await, "it is back already");
    assert_eq!(bench.store.find_conversation(talk).await, before);
    assert_eq!(listed(bench, talk, removed()).await, []);
    let back = found(bench, talk.owner(), "zanzibar").await;
    assert_eq!(back, ["the zanzibar map", "the zanzibar plan", "zanzibar it is"]);
    assert_eq!(bench.store.find_turn(&asked.turn).await, turn);
    assert_eq!(bench.store.asked_as(&talk.owner(), &history).await.expect("answers").len(), 1);
    assert_eq!(bench.store.find_all(talk.tenant, talk.person, &referred).await.expect("answers").len(), 2);
    talk.ask(bench, Some(asked.turn.reply), "and now?").await;
}

async fn a_reply_that_ends_after_the_removal_is_hidden_too(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "an aardvark").await;
    assert!(remove(bench, talk).await);
    let running = bench.store.running(talk.tenant, talk.conversation).await.expect("the store answers");
    assert_eq!(running.map(|turn| turn.id), Some(asked.turn.id), "it can still be stopped");
    finish(bench, &asked, "aardvarks dig").await;
    assert!(found(bench, talk.owner(), "aardvark").await.is_empty());
    assert!(found(bench, talk.owner(), "aardvarks").await.is_empty());
    assert!(restore(bench, talk).await);
    assert_eq!(found(bench, talk.owner(), "aardvark").await, ["an aardvark"]);
    assert_eq!(found(bench, talk.owner(), "aardvarks").await, ["aardvarks dig"]);
    assert_eq!(bench.store.find_conversation(talk).await.expect("back").head, Some(asked.turn.reply));
}

async fn what_is_being_answered_is_found_when_it_is_answered(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "an aardvark").await;
    assert!(remove(bench, talk).await);
    assert!(restore(bench, talk).await);
    assert!(found(bench, talk.owner(), "aardvark").await.is_empty());
    finish(bench, &asked, "they dig").await;
    assert_eq!(found(bench, talk.owner(), "aardvark").await, ["an aardvark"]);
}

async fn only_its_person_brings_it_back(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    assert!(remove(bench, talk).await);
    for stranger in [Talk { person: bench.id(), ..talk }, Talk { tenant: bench.id(), ..talk }] {
        assert!(!restore(bench, stranger).await);
        assert_eq!(listed(bench, stranger, removed()).await, []);
        let deleted = bench.store.delete(stranger.tenant, stranger.person, talk.conversation).await;
        assert!(!deleted.expect("the store answers"));
    }
    assert!(restore(bench, talk).await);
}

async fn only_what_was_removed_long_ago_is_deleted(bench: &Bench) {
    let kept = Talk::begin(bench).await;
    let mut left = Vec::new();
    for person in [kept.person, kept.person, bench.id(), kept.person] {
        let talk = Talk::between(bench, Owner { person, ..kept.owner() }).await;
        talk.exchange_words(bench, None, "farewell", "farewell").await;
        assert!(remove(bench, talk).await);
        bench.clock.advance(DAY);
        left.push(talk);
    }
    assert!(restore(bench, left[1]).await);
    let due = bench.now().minus(DAY + DAY / 2);
    let delete = async |limit| bench.store.delete_removed(due, limit).await.expect("the store answers");
    assert_eq!(delete(1).await, [left[0].conversation], "whoever waits longest goes first");
    assert_eq!(delete(9).await, [left[2].conversation]);
    assert_eq!(delete(9).await, []);
    for (talk, messages) in [(left[0], 0), (left[1], 2), (left[2], 0), (left[3], 2)] {
        let count = bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers");
        assert_eq!(count, messages);
    }
    assert!(!restore(bench, left[0]).await);
    assert!(restore(bench, left[3]).await);
    assert!(bench.store.delete(kept.tenant, kept.person, kept.conversation).await.expect("answers"));
}

/// Each of these writes to a turn, its conversation and its messages at once.
async fn removals_and_endings_wait_for_nobody_for_ever(bench: &Bench) {
    let first = Talk::begin(bench).await;
    for round in 0..12 {
        let talk = Talk::between(bench, first.owner()).await;
        let root = talk.exchange_words(bench, None, "a porcupine", "yes").await;
        let asked = talk.ask(bench, Some(root), "another porcupine").await;
        let (ending, now) = (asked.ending(bench, "a third porcupine"), bench.now());
        let (tenant, person, id) = (talk.tenant, talk.person, talk.conversation);
        let (one, two, three) = (bench.store.clone(), bench.store.clone(), bench.store.clone());
        let turn = asked.turn.clone();
        let ends = bench.tasks.spawn(async move { one.finish(&turn, &ending).await });
        let goes = bench.tasks.spawn(async move { two.remove(tenant, person, id, now).await });
        let last = bench.tasks.spawn(async move {
            match round % 2 {
                0 => three.restore(tenant, person, id).await,
                _ => three.delete(tenant, person, id).await,
            }
        });
        let (ended, gone, last) = futures::join!(ends, goes, last);
        let ended = ended.expect("no task panics");
        let deleted = last.expect("no task panics").expect("nobody is locked out") && round % 2 == 1;
        gone.expect("no task panics").expect("nobody is locked out");
        assert!(ended.is_ok() || deleted, "{ended:?}");
        let shown = bench.store.find_conversation(talk).await.is_some();
        let expected = if shown { 3 } else { 0 };
        let words = found(bench, talk.owner(), "porcupine").await;
        assert_eq!(words.len(), expected, "round {round}: {words:?}");
        bench.store.delete(tenant, person, id).await.expect("the store answers");
    }
}

async fn lists_show_what_is_asked_for(bench: &Bench) {
    let first = Talk::begin(bench).await;
    let mut talks = vec![first];
    for _ in 0..3 {
        bench.clock.advance(Duration::from_secs(1));
        talks.push(Talk::between(bench, first.owner()).await);
    }
    for pinned in [0, 2] {
        assert!(bench.store.edit_conversation(talks[pinned], &ConversationEdit::Pinned(true)).await);
    }
    assert!(remove(bench, talks[2]).await && remove(bench, talks[3]).await);
    for (pinned, removed, expected) in [
        (None, false, vec![1, 0]),
        (Some(true), false, vec![0]),
        (Some(false), false, vec![1]),
        (None, true, vec![3, 2]),
        (Some(true), true, vec![2]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|n: usize| talks[n].conversation).collect();
        let listed = listed(bench, first, ListFilter { pinned, removed }).await;
        assert_eq!(listed, expected, "pinned {pinned:?}, removed {removed}");
    }
}
