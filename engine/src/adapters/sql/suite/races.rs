//! Many at once: each thing happens exactly once, and what was acknowledged is there.

use super::harness::Bench;
use super::talk::{LEASE, Talk};
use crate::domain::turn::Turn;
use crate::ports::conversations::Messages;
use crate::ports::ledger::Ledger;
use crate::ports::store::StoreHealth;
use crate::ports::turns::{Accepted, Turns};
use futures::future::join_all;
use std::collections::HashSet;
use std::task::Poll;
use std::time::Duration;

on_both_stores! {
    of_racing_owners_exactly_one_takes_over,
    many_dead_turns_are_shared_out_without_overlap,
    two_hundred_accepted_at_once_are_all_there_after_reopening,
    the_same_turn_sent_many_times_at_once_is_taken_once,
    of_many_turns_at_once_a_conversation_takes_one,
    callers_that_leave_half_way_harm_nobody,
}

async fn of_racing_owners_exactly_one_takes_over(bench: &Bench) {
    let rival = bench.another().await;
    for _ in 0..10 {
        let talk = Talk::begin(bench).await;
        let asked = talk.ask(bench, None, "hello").await;
        bench.clock.advance(LEASE * 2);
        let (now, until) = (bench.now(), bench.now().plus(LEASE));
        let tries = (0..8).map(|n| {
            let store = if n % 2 == 0 { bench.store.clone() } else { rival.clone() };
            bench.tasks.spawn(async move { store.take_over(now, until).await })
        });
        let taken: Vec<Turn> = join_all(tries)
            .await
            .into_iter()
            .filter_map(|outcome| outcome.expect("no task panics").expect("the store answers"))
            .collect();
        assert_eq!(
            taken.iter().map(|taken| (taken.id, taken.fence)).collect::<Vec<_>>(),
            [(asked.turn.id, 2)]
        );
        bench.store.finish(&taken[0], &asked.ending(bench, "hi")).await.expect("the new owner ends it");
    }
    rival.close().await;
}

async fn many_dead_turns_are_shared_out_without_overlap(bench: &Bench) {
    let first = Talk::begin(bench).await;
    for _ in 0..20 {
        Talk::between(bench, first.owner()).await.ask(bench, None, "hello").await;
    }
    bench.clock.advance(LEASE * 2);
    let (now, until) = (bench.now(), bench.now().plus(LEASE));
    let takers = (0..4).map(|_| {
        let store = bench.store.clone();
        bench.tasks.spawn(async move {
            let mut taken = Vec::new();
            while let Some(turn) = store.take_over(now, until).await.expect("the store answers") {
                taken.push(turn.id);
            }
            taken
        })
    });
    let taken: Vec<_> =
        join_all(takers).await.into_iter().flat_map(|ids| ids.expect("no task panics")).collect();
    assert_eq!(taken.len(), taken.iter().collect::<HashSet<_>>().len(), "none was taken twice");
    // A taker that finds every row locked goes home early; whatever is left is there for the next one.
    let mut left = 0;
    while bench.store.take_over(now, until).await.expect("the store answers").is_some() {
        left += 1;
    }
    assert_eq!(taken.len() + left, 20);
}

async fn two_hundred_accepted_at_once_are_all_there_after_reopening(bench: &Bench) {
    let first = Talk::begin(bench).await;
    let mut asked = Vec::new();
    for n in 0..200 {
        let talk = Talk::between(bench, first.owner()).await;
        asked.push(talk.exchange(bench, None, &format!("message {n}")));
    }
    let accepts = asked.iter().map(|exchange| {
        let (store, exchange) = (bench.store.clone(), exchange.clone());
        bench
            .tasks
            .spawn(async move { store.accept(&exchange.turn, &exchange.message, &exchange.entry).await })
    });
    for (outcome, exchange) in join_all(accepts).await.into_iter().zip(&asked) {
        let accepted = outcome.expect("no task panics").expect("it is stored");
        assert_eq!(accepted, Accepted::New(exchange.turn.clone()));
    }
    bench.store.close().await;
    let again = bench.another().await;
    for exchange in &asked {
        let turn = &exchange.turn;
        let message = Messages::find(&again, turn.tenant, turn.conversation, turn.message).await;
        assert_eq!(message.expect("the store answers").as_ref(), Some(&exchange.message));
        assert_eq!(again.find_turn(turn).await, exchange.turn);
    }
    again.close().await;
}

async fn the_same_turn_sent_many_times_at_once_is_taken_once(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let exchange = talk.exchange(bench, None, "hello");
    let sends = (0..16).map(|_| exchange.accept(bench));
    let answers = join_all(sends).await;
    let new = answers.iter().filter(|answer| matches!(answer, Accepted::New(_))).count();
    let known = answers.iter().filter(|answer| matches!(answer, Accepted::Known(_))).count();
    assert_eq!((new, known), (1, 15), "{answers:?}");
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 1);
}

async fn of_many_turns_at_once_a_conversation_takes_one(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let exchanges: Vec<_> = (0..16).map(|n| talk.exchange(bench, None, &format!("{n}"))).collect();
    let answers = join_all(exchanges.iter().map(|exchange| exchange.accept(bench))).await;
    let taken: Vec<_> = answers.iter().filter(|answer| matches!(answer, Accepted::New(_))).collect();
    let busy = answers.iter().filter(|answer| matches!(answer, Accepted::Busy(_))).count();
    assert_eq!((taken.len(), busy), (1, 15), "{answers:?}");
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 1);
}

/// Each caller leaves after another number of steps, while others write beside it.
async fn callers_that_leave_half_way_harm_nobody(bench: &Bench) {
    let first = Talk::begin(bench).await;
    let mut steady = Vec::new();
    for steps in 0..60 {
        let leaving = Talk::between(bench, first.owner()).await;
        let staying = Talk::between(bench, first.owner()).await;
        let left = leaving.exchange(bench, None, "half a word");
        let stayed = staying.exchange(bench, None, "a whole word");
        let leave = polled(Box::pin(left.accept(bench)), steps / 4);
        let ((), accepted) = futures::join!(leave, stayed.accept(bench));
        assert_eq!(accepted, Accepted::New(stayed.turn.clone()), "after {steps} steps");
        steady.push((left, stayed));
    }
    for (left, stayed) in &steady {
        assert_eq!(bench.store.find_turn(&stayed.turn).await, stayed.turn);
        // Whole or not at all, and sent again it is there.
        let again = left.accept(bench).await;
        assert!(
            matches!(&again, Accepted::New(turn) | Accepted::Known(turn) if *turn == left.turn),
            "{again:?}"
        );
        let entries = bench.store.of_turn(left.turn.tenant, left.turn.id).await;
        assert_eq!(entries.expect("the store answers").len(), 1);
    }
}

/// Drives a future a number of polls far, or to its end, and drops it.
async fn polled(mut future: impl Future<Output = Accepted> + Unpin, steps: usize) {
    let mut left = steps;
    let driven = std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match std::pin::Pin::new(&mut future).poll(context) {
            Poll::Pending if left == 0 => Poll::Ready(()),
            outcome => outcome.map(|_| ()),
        }
    });
    let patience = tokio::time::timeout(Duration::from_secs(10), driven);
    patience.await.expect("it is woken as often as it was driven");
}
