//! Keys, sessions, settings and the audit trail.

use super::harness::Bench;
use crate::domain::access::{ApiKey, AuditEntry, Session};
use crate::domain::ids::{PersonId, TenantId};
use crate::ports::access::{Audit, Keys, Sessions, Settings};
use crate::ports::error::StoreError;
use std::time::Duration;

on_both_stores! {
    a_revoked_key_is_not_found,
    keys_belong_to_their_person,
    an_ended_session_is_not_found,
    sessions_end_together_and_are_swept,
    a_setting_is_overwritten_in_its_tenant_only,
    the_audit_trail_comes_newest_first,
}

fn key(bench: &Bench, tenant: TenantId, person: PersonId, hash: u8) -> ApiKey {
    ApiKey {
        id: bench.id(),
        tenant,
        person,
        name: "laptop".into(),
        hash: [hash; 32],
        hint: "we_ab".into(),
        created_at: bench.now(),
        revoked_at: None,
    }
}

fn session(bench: &Bench, tenant: TenantId, person: PersonId, hash: u8) -> Session {
    let created_at = bench.now();
    let expires_at = created_at.plus(Duration::from_mins(1));
    Session { id: bench.id(), tenant, person, hash: [hash; 32], created_at, expires_at }
}

async fn a_revoked_key_is_not_found(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    let laptop = key(bench, tenant, person, 1);
    Keys::add(&bench.store, &laptop).await.expect("a key is added");
    assert_eq!(Keys::find(&bench.store, &[1; 32]).await.expect("a look"), Some(laptop.clone()));
    let same = Keys::add(&bench.store, &key(bench, tenant, person, 1)).await;
    assert!(matches!(same, Err(StoreError::Conflict { .. })), "{same:?}");

    assert!(bench.store.revoke(tenant, person, laptop.id, bench.now()).await.expect("a key is revoked"));
    assert_eq!(Keys::find(&bench.store, &[1; 32]).await.expect("a look"), None);
    assert!(!bench.store.revoke(tenant, person, laptop.id, bench.now()).await.expect("revoked already"));
    let all = Keys::list(&bench.store, tenant, person).await.expect("a list");
    assert_eq!(all, [ApiKey { revoked_at: Some(bench.now()), ..laptop }]);
}

async fn keys_belong_to_their_person(bench: &Bench) {
    let (tenant, away): (TenantId, TenantId) = (bench.id(), bench.id());
    let (elena, marcus): (PersonId, PersonId) = (bench.id(), bench.id());
    let laptop = key(bench, tenant, elena, 1);
    Keys::add(&bench.store, &laptop).await.expect("a key is added");
    for (tenant, person) in [(tenant, marcus), (away, elena)] {
        assert_eq!(Keys::list(&bench.store, tenant, person).await.expect("a list"), []);
        let revoked = bench.store.revoke(tenant, person, laptop.id, bench.now()).await;
        assert!(!revoked.expect("no revoking"));
    }
    assert!(Keys::find(&bench.store, &[1; 32]).await.expect("a look").is_some());
}

async fn an_ended_session_is_not_found(bench: &Bench) {
    let session = session(bench, bench.id(), bench.id(), 1);
    Sessions::add(&bench.store, &session).await.expect("a session is added");
    let found = Sessions::find(&bench.store, &[1; 32], bench.now()).await.expect("a look");
    assert_eq!(found, Some(session.clone()));
    let late = Sessions::find(&bench.store, &[1; 32], session.expires_at).await.expect("a look");
    assert_eq!(late, None, "the moment of its end is too late");
    assert!(bench.store.end(&[1; 32]).await.expect("a session is ended"));
    assert!(!bench.store.end(&[1; 32]).await.expect("it is ended already"));
    assert_eq!(Sessions::find(&bench.store, &[1; 32], bench.now()).await.expect("a look"), None);
}

async fn sessions_end_together_and_are_swept(bench: &Bench) {
    let (tenant, elena, marcus) = (bench.id(), bench.id(), bench.id());
    for (person, hash) in [(elena, 1), (elena, 2), (marcus, 3)] {
        let session = session(bench, tenant, person, hash);
        Sessions::add(&bench.store, &session).await.expect("a session is added");
    }
    assert_eq!(bench.store.end_all(bench.id(), elena).await.expect("another tenant's"), 0);
    assert_eq!(bench.store.end_all(tenant, elena).await.expect("all of one person"), 2);
    assert_eq!(Sessions::sweep(&bench.store, bench.now()).await.expect("nothing has ended"), 0);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(Sessions::sweep(&bench.store, bench.now()).await.expect("one has ended"), 1);
}

async fn a_setting_is_overwritten_in_its_tenant_only(bench: &Bench) {
    let (tenant, away): (TenantId, TenantId) = (bench.id(), bench.id());
    for (key, value) in [("theme", "dark"), ("Zone", ""), ("theme", "light 🌞")] {
        bench.store.set(tenant, key, value, bench.now()).await.expect("a setting is kept");
    }
    let kept = bench.store.get(tenant, "theme").await.expect("a look");
    assert_eq!(kept.as_deref(), Some("light 🌞"));
    assert_eq!(bench.store.get(away, "theme").await.expect("a look"), None);
    let all = Settings::list(&bench.store, tenant).await.expect("a list");
    assert_eq!(all, [("Zone".to_owned(), String::new()), ("theme".to_owned(), "light 🌞".to_owned())]);
    assert_eq!(Settings::list(&bench.store, away).await.expect("a list"), []);
}

async fn the_audit_trail_comes_newest_first(bench: &Bench) {
    let tenant: TenantId = bench.id();
    let mut entries = Vec::new();
    for person in [None, Some(bench.id()), None] {
        bench.clock.advance(Duration::from_secs(1));
        let entry = AuditEntry {
            id: bench.id(),
            tenant,
            person,
            action: "key.created".into(),
            object: "laptop".into(),
            at: bench.now(),
        };
        bench.store.record(&entry).await.expect("a deed is recorded");
        entries.insert(0, entry);
    }
    assert_eq!(Audit::list(&bench.store, tenant, 2).await.expect("a list"), entries[..2]);
    assert_eq!(Audit::list(&bench.store, bench.id(), 9).await.expect("a list"), []);
}
