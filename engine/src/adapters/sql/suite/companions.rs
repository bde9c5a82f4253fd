//! Companions and model connections.

use super::harness::Bench;
use crate::domain::companion::{Character, Companion, Exchange};
use crate::domain::connection::Connection;
use crate::domain::ids::TenantId;
use crate::ports::companions::Companions;
use crate::ports::connections::Connections;
use crate::ports::error::StoreError;
use std::time::Duration;

on_both_stores! {
    a_companion_keeps_its_character,
    companions_names_are_taken_without_regard_to_case,
    companions_are_not_seen_from_another_tenant,
    connections_come_in_the_order_they_are_tried,
    connections_are_not_seen_from_another_tenant,
}

fn companion(bench: &Bench, tenant: TenantId, name: &str) -> Companion {
    Companion {
        id: bench.id(),
        tenant,
        name: name.into(),
        character: Character {
            description: "Draws maps of places that are \"gone\". 🗺️".into(),
            greeting: "Hello {person},\nsit down.".into(),
            examples: vec![Exchange { person: "؟".into(), companion: String::new() }],
            ..Character::default()
        },
        created_at: bench.now(),
        updated_at: bench.now(),
    }
}

fn connection(bench: &Bench, tenant: TenantId, name: &str, rank: i64) -> Connection {
    Connection {
        id: bench.id(),
        tenant,
        name: name.into(),
        base_url: "http://127.0.0.1:11434/v1".into(),
        model: "small".into(),
        sealed_key: Some(vec![0, 255, 7]),
        context_tokens: 8_192,
        continues_text: true,
        rank,
        created_at: bench.now(),
    }
}

async fn a_companion_keeps_its_character(bench: &Bench) {
    let tenant = bench.id();
    let mut elena = companion(bench, tenant, "Elena");
    Companions::add(&bench.store, &elena).await.expect("a companion is added");
    bench.clock.advance(Duration::from_secs(1));
    Companions::add(&bench.store, &companion(bench, tenant, "Aetheris")).await.expect("another is added");

    elena.character.speech = "short".into();
    elena.updated_at = bench.now();
    assert!(Companions::update(&bench.store, &elena).await.expect("a companion is changed"));
    assert_eq!(Companions::find(&bench.store, tenant, elena.id).await.expect("a look"), Some(elena.clone()));
    let all = Companions::list(&bench.store, tenant).await.expect("a list");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], elena, "the oldest comes first");
}

async fn companions_names_are_taken_without_regard_to_case(bench: &Bench) {
    let tenant = bench.id();
    Companions::add(&bench.store, &companion(bench, tenant, "Straße")).await.expect("a companion is added");
    let again = Companions::add(&bench.store, &companion(bench, tenant, "STRASSE")).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let mut other = companion(bench, tenant, "Weg");
    Companions::add(&bench.store, &other).await.expect("another name is free");
    other.name = "straße".into();
    let renamed = Companions::update(&bench.store, &other).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { .. })), "{renamed:?}");
    assert!(bench.store.find_by_name(tenant, "strasse").await.expect("a search").is_some());
}

async fn companions_are_not_seen_from_another_tenant(bench: &Bench) {
    let (home, away): (TenantId, TenantId) = (bench.id(), bench.id());
    let elena = companion(bench, home, "Elena");
    Companions::add(&bench.store, &elena).await.expect("a companion is added");
    assert_eq!(Companions::find(&bench.store, away, elena.id).await.expect("a look"), None);
    assert_eq!(bench.store.find_by_name(away, "Elena").await.expect("a look"), None);
    assert_eq!(Companions::list(&bench.store, away).await.expect("a list"), []);
    let stolen = Companion { tenant: away, ..elena };
    assert!(!Companions::update(&bench.store, &stolen).await.expect("no update"));
}

async fn connections_come_in_the_order_they_are_tried(bench: &Bench) {
    let tenant = bench.id();
    let (mut last, first) = (connection(bench, tenant, "b", 2), connection(bench, tenant, "a", 1));
    for each in [&last, &first] {
        Connections::add(&bench.store, each).await.expect("a connection is added");
    }
    let again = Connections::add(&bench.store, &connection(bench, tenant, "A", 3)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let order = Connections::list(&bench.store, tenant).await.expect("a list");
    assert_eq!(order, [first.clone(), last.clone()]);

    (last.rank, last.sealed_key, last.continues_text) = (0, None, false);
    (last.base_url, last.model, last.context_tokens) = ("https://elsewhere/v2".into(), "large".into(), 512);
    assert!(Connections::update(&bench.store, &last).await.expect("a connection is changed"));
    assert_eq!(Connections::list(&bench.store, tenant).await.expect("a list"), [last.clone(), first]);
    let renamed = Connections::update(&bench.store, &Connection { name: "A".into(), ..last.clone() }).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { .. })), "{renamed:?}");
    assert!(Connections::remove(&bench.store, tenant, last.id).await.expect("a connection is removed"));
    assert_eq!(Connections::find(&bench.store, tenant, last.id).await.expect("a look"), None);
}

async fn connections_are_not_seen_from_another_tenant(bench: &Bench) {
    let (home, away): (TenantId, TenantId) = (bench.id(), bench.id());
    let ours = connection(bench, home, "a", 1);
    Connections::add(&bench.store, &ours).await.expect("a connection is added");
    assert_eq!(Connections::find(&bench.store, away, ours.id).await.expect("a look"), None);
    assert_eq!(Connections::list(&bench.store, away).await.expect("a list"), []);
    assert!(!Connections::remove(&bench.store, away, ours.id).await.expect("no removal"));
    let stolen = Connection { tenant: away, ..ours };
    assert!(!Connections::update(&bench.store, &stolen).await.expect("no update"));
}
