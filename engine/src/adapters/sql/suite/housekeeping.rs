//! Leases, the outbox and the inbox.

use super::harness::Bench;
use crate::domain::ids::TenantId;
use crate::domain::job::OutboxEntry;
use crate::ports::error::StoreError;
use crate::ports::housekeeping::{Inbox, Leases, Outbox};
use std::time::Duration;

on_both_stores! {
    one_of_two_holders_has_the_lease,
    a_holder_that_was_overtaken_is_fenced,
    a_lease_given_back_is_free_and_its_fence_grows,
    the_outbox_tells_in_order_until_it_is_done,
    an_event_is_new_once,
}

const MINUTE: Duration = Duration::from_mins(1);

async fn one_of_two_holders_has_the_lease(bench: &Bench) {
    let now = bench.now();
    let (a, b) = tokio::join!(
        bench.store.acquire("gateway", "a", now, MINUTE),
        bench.store.acquire("gateway", "b", now, MINUTE),
    );
    let held: Vec<_> =
        [a.expect("a asks"), b.expect("b asks")].into_iter().flatten().map(|lease| lease.holder).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    let again = bench.store.acquire("gateway", &held[0], now, MINUTE * 2).await.expect("it is extended");
    let again = again.expect("its holder may have it again");
    assert_eq!((again.fence, again.until), (1, now.plus(MINUTE * 2)));
    assert!(bench.store.acquire("other", "c", now, MINUTE).await.expect("another lease").is_some());
}

async fn a_holder_that_was_overtaken_is_fenced(bench: &Bench) {
    let first = bench.store.acquire("gateway", "a", bench.now(), MINUTE).await.expect("a asks");
    let first = first.expect("it is free");
    bench.store.renew(&first, bench.now().plus(MINUTE)).await.expect("a renews");
    bench.clock.advance(MINUTE);
    let second = bench.store.acquire("gateway", "b", bench.now(), MINUTE).await.expect("b asks");
    let second = second.expect("the lease of a has ended");
    assert!(second.fence > first.fence);
    let refused = bench.store.renew(&first, bench.now().plus(MINUTE)).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    bench.store.release(&first).await.expect("giving back what is lost changes nothing");
    bench.store.renew(&second, bench.now().plus(MINUTE)).await.expect("b renews");
}

async fn a_lease_given_back_is_free_and_its_fence_grows(bench: &Bench) {
    let first = bench.store.acquire("gateway", "a", bench.now(), MINUTE).await.expect("a asks");
    let first = first.expect("it is free");
    bench.store.release(&first).await.expect("a gives it back");
    let again = bench.store.acquire("gateway", "a", bench.now(), MINUTE).await.expect("a asks");
    assert!(again.expect("it is free at once").fence > first.fence);
    let refused = bench.store.renew(&first, bench.now().plus(MINUTE)).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
}

async fn the_outbox_tells_in_order_until_it_is_done(bench: &Bench) {
    let tenant: TenantId = bench.id();
    let mut told = Vec::new();
    for n in 0..3 {
        let entry = OutboxEntry {
            id: bench.id(),
            tenant,
            topic: "discord".into(),
            payload: format!("{{\"n\":{n}}}"),
            // Another process's clock may run behind.
            created_at: bench.now().minus(Duration::from_secs(n)),
        };
        bench.store.push(&entry).await.expect("an entry is kept");
        told.push(entry);
    }
    assert_eq!(bench.store.pending("discord", 2).await.expect("a look"), told[..2]);
    assert_eq!(bench.store.pending("slack", 2).await.expect("a look"), []);
    bench.store.done(&[told[0].id, told[1].id]).await.expect("two are done");
    bench.store.done(&[told[0].id]).await.expect("done already");
    bench.store.done(&[]).await.expect("nothing to do");
    assert_eq!(bench.store.pending("discord", 9).await.expect("a look"), told[2..]);
}

async fn an_event_is_new_once(bench: &Bench) {
    let (tenant, now) = (bench.id(), bench.now());
    let seen = || bench.store.first_time(tenant, "discord", "1", now);
    let (a, b) = tokio::join!(seen(), seen());
    assert_ne!(a.expect("first delivery"), b.expect("second delivery"), "exactly one is the first");
    assert!(bench.store.first_time(tenant, "slack", "1", now).await.expect("another platform"));
    assert!(bench.store.first_time(bench.id(), "discord", "1", now).await.expect("another tenant"));
    assert_eq!(Inbox::sweep(&bench.store, now).await.expect("nothing is old"), 0);
    assert_eq!(Inbox::sweep(&bench.store, now.plus(MINUTE)).await.expect("all is old"), 3);
}
