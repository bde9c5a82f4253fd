//! Tenants, people and their platform accounts.

use super::harness::Bench;
use crate::domain::ids::{PersonId, TenantId};
use crate::domain::person::{Identity, Person, PersonState, Role, Tenant};
use crate::ports::error::StoreError;
use crate::ports::people::{Identities, People};

on_both_stores! {
    two_first_starts_make_one_tenant,
    names_are_taken_without_regard_to_case,
    a_person_is_changed_and_keeps_the_password,
    nobody_is_seen_from_another_tenant,
    an_account_belongs_to_one_person,
    a_nul_in_a_name_is_kept_as_a_substitute,
}

fn person(bench: &Bench, tenant: TenantId, name: &str) -> Person {
    Person {
        id: bench.id(),
        tenant,
        name: name.into(),
        role: Role::Member,
        state: PersonState::Active,
        created_at: bench.now(),
    }
}

async fn added(bench: &Bench, tenant: TenantId, name: &str) -> Person {
    let person = person(bench, tenant, name);
    People::add(&bench.store, &person, None).await.expect("a person is added");
    person
}

fn account(bench: &Bench, tenant: TenantId, person: PersonId) -> Identity {
    Identity {
        id: bench.id(),
        tenant,
        person,
        platform: "discord".into(),
        external_id: "Æ42".into(),
        created_at: bench.now(),
    }
}

async fn two_first_starts_make_one_tenant(bench: &Bench) {
    let wanted = |name: &str| Tenant { id: bench.id(), name: name.into(), created_at: bench.now() };
    let (one, other) = (wanted("one"), wanted("other"));
    let (a, b) = tokio::join!(bench.store.ensure_tenant(&one), bench.store.ensure_tenant(&other));
    let (a, b) = (a.expect("the first start has a tenant"), b.expect("the second start has a tenant"));
    assert_eq!(a, b);
    assert!(a == one || a == other);
    assert_eq!(bench.store.ensure_tenant(&wanted("later")).await.expect("a later start"), a);
}

async fn names_are_taken_without_regard_to_case(bench: &Bench) {
    let tenant = bench.id();
    let elena = added(bench, tenant, "Élena").await;
    let again = People::add(&bench.store, &person(bench, tenant, "éLENA"), None).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "this name" })), "{again:?}");
    let found = bench.store.find_by_name(tenant, "ÉLENA").await.expect("a search by name");
    assert_eq!(found, Some(elena.clone()));

    let mut other = added(bench, tenant, "Marcus").await;
    other.name = "ÉLena".into();
    let renamed = People::update(&bench.store, &other).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { .. })), "{renamed:?}");
    added(bench, bench.id(), "Élena").await;
    assert_eq!(People::list(&bench.store, tenant).await.expect("a list").len(), 2);
}

async fn a_person_is_changed_and_keeps_the_password(bench: &Bench) {
    let tenant = bench.id();
    let mut elena = person(bench, tenant, "Elena");
    elena.state = PersonState::Invited;
    People::add(&bench.store, &elena, None).await.expect("a person is added");
    assert_eq!(bench.store.password_hash(tenant, elena.id).await.expect("a look"), None);
    assert!(bench.store.set_password_hash(tenant, elena.id, "$argon2id$…").await.expect("a password is set"));

    (elena.role, elena.state, elena.name) = (Role::Owner, PersonState::Suspended, "🦊 אלנה".into());
    assert!(People::update(&bench.store, &elena).await.expect("a person is changed"));
    assert_eq!(People::find(&bench.store, tenant, elena.id).await.expect("a look"), Some(elena.clone()));
    let hash = bench.store.password_hash(tenant, elena.id).await.expect("a look");
    assert_eq!(hash.as_deref(), Some("$argon2id$…"));
}

async fn nobody_is_seen_from_another_tenant(bench: &Bench) {
    let (home, away): (TenantId, TenantId) = (bench.id(), bench.id());
    let elena = added(bench, home, "Elena").await;
    let account = account(bench, home, elena.id);
    bench.store.link(&account).await.expect("an account is linked");

    assert_eq!(People::find(&bench.store, away, elena.id).await.expect("a look"), None);
    assert_eq!(bench.store.find_by_name(away, "Elena").await.expect("a look"), None);
    assert_eq!(People::list(&bench.store, away).await.expect("a list"), []);
    assert!(
        !People::update(&bench.store, &Person { tenant: away, ..elena.clone() }).await.expect("no update")
    );
    assert!(!bench.store.set_password_hash(away, elena.id, "x").await.expect("no update"));
    assert_eq!(Identities::find(&bench.store, away, "discord", "Æ42").await.expect("a look"), None);
    assert_eq!(Identities::list(&bench.store, away, elena.id).await.expect("a list"), []);
    assert!(!bench.store.unlink(away, elena.id, account.id).await.expect("no unlinking"));
}

async fn an_account_belongs_to_one_person(bench: &Bench) {
    let tenant = bench.id();
    let (elena, marcus) = (added(bench, tenant, "Elena").await, added(bench, tenant, "Marcus").await);
    let first = account(bench, tenant, elena.id);
    bench.store.link(&first).await.expect("an account is linked");
    bench.store.link(&account(bench, tenant, elena.id)).await.expect("linking the same again is fine");
    let taken = bench.store.link(&account(bench, tenant, marcus.id)).await;
    assert!(matches!(taken, Err(StoreError::Conflict { what: "this account" })), "{taken:?}");

    assert_eq!(
        Identities::list(&bench.store, tenant, elena.id).await.expect("a list"),
        std::slice::from_ref(&first)
    );
    assert!(bench.store.unlink(tenant, elena.id, first.id).await.expect("unlinking"));
    bench.store.link(&account(bench, tenant, marcus.id)).await.expect("a free account is linked");
}

async fn a_nul_in_a_name_is_kept_as_a_substitute(bench: &Bench) {
    let tenant = bench.id();
    let odd = added(bench, tenant, "a\0b").await;
    let found = People::find(&bench.store, tenant, odd.id).await.expect("a look").expect("it is there");
    assert_eq!(found.name, "a\u{1a}b");
    assert!(bench.store.find_by_name(tenant, "A\0B").await.expect("a search by name").is_some());
}
