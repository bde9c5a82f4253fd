//! The ledger: money is written down once.

use super::harness::Bench;
use super::talk::{Talk, entry, settlement};
use crate::domain::usage::{Outcome, Purpose, UsageEntry};
use crate::ports::error::StoreError;
use crate::ports::ledger::Ledger;
use std::time::Duration;

on_both_stores! {
    an_entry_is_settled_once,
    an_entry_is_opened_once,
    lists_newest_first_since_a_moment_in_one_tenant,
}

fn title(bench: &Bench, talk: Talk) -> UsageEntry {
    let exchange = talk.exchange(bench, None, "hello");
    UsageEntry { purpose: Purpose::Title, turn: None, ..entry(bench, &exchange.turn, 1) }
}

async fn an_entry_is_settled_once(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut open = title(bench, talk);
    bench.store.open(&open).await.expect("it is opened");
    let done = settlement(bench, Outcome::Done);
    assert!(!bench.store.settle(bench.id(), open.id, &done).await.expect("answers"), "not by a stranger");
    assert!(bench.store.settle(talk.tenant, open.id, &done).await.expect("answers"));
    let failed = settlement(bench, Outcome::Failed);
    assert!(!bench.store.settle(talk.tenant, open.id, &failed).await.expect("answers"));
    open.settlement = Some(done);
    assert_eq!(bench.store.list(talk.tenant, bench.now(), 9).await.expect("answers"), [open]);
}

async fn an_entry_is_opened_once(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let open = title(bench, talk);
    bench.store.open(&open).await.expect("it is opened");
    let error = bench.store.open(&open).await.expect_err("its id is taken");
    assert!(matches!(error, StoreError::Conflict { what: "this entry" }), "{error}");
}

async fn lists_newest_first_since_a_moment_in_one_tenant(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        bench.clock.advance(Duration::from_secs(1));
        let open = title(bench, talk);
        bench.store.open(&open).await.expect("it is opened");
        opened.push(open);
    }
    let stranger = Talk::begin(bench).await;
    bench.store.open(&title(bench, stranger)).await.expect("it is opened");
    opened.reverse();
    let since = opened[3].started_at;
    assert_eq!(bench.store.list(talk.tenant, since, 9).await.expect("answers"), opened[..4]);
    assert_eq!(bench.store.list(talk.tenant, since, 2).await.expect("answers"), opened[..2]);
}
