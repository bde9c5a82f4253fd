//! Malformed and forbidden calls: a problem with a stable code, never a bare status.

use super::harness::{House, conversation, in_every_way, send, turn};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::people::{Invite, Invited, PersonStateView, SetPersonState};
use engine_client::wire::status::EngineStatus;
use engine_client::wire::turns::NewTurn;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

in_every_way!(
    strangers_are_not_let_in,
    malformed_calls_are_named,
    nobody_acts_beyond_their_role,
    a_suspension_counts_from_the_next_call,
    another_persons_things_do_not_exist,
    the_same_turn_twice_is_one_turn,
    only_who_looks_after_the_box_reads_why_it_is_not_well,
);

pub async fn code(client: &EngineClient, method: &str, path: &str, body: Value) -> ErrorCode {
    let answer = match method {
        "GET" => client.get::<Value>(path).await,
        "PATCH" => client.patch::<Value>(path, &body).await,
        "DELETE" => client.delete(path).await.map(|()| Value::Null),
        _ => client.post::<Value>(path, &body).await,
    };
    let error = answer.expect_err("this call must be refused");
    error.code().unwrap_or_else(|| panic!("{method} {path}: not a problem document: {error}"))
}

async fn strangers_are_not_let_in(house: &House) {
    let running = house.start().await;
    for secret in [None, Some(""), Some("a guess"), Some("the suite's own secre")] {
        let stranger = running.stranger(secret);
        assert_eq!(code(&stranger, "GET", "/api/v1/setup", Value::Null).await, ErrorCode::Unauthenticated);
    }
    let nobody = running.client(Principal::Anonymous);
    assert_eq!(code(&nobody, "GET", "/api/v1/me", Value::Null).await, ErrorCode::Forbidden);
    assert_eq!(
        code(&nobody, "POST", "/api/v1/proofs", json!({"api_key": "wek_guess"})).await,
        ErrorCode::Unauthenticated
    );
}

async fn malformed_calls_are_named(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let id = conversation(&owner).await.id;
    let turns = format!("/api/v1/conversations/{id}/turns");
    let message = format!("/api/v1/conversations/{id}/messages/not-an-id");
    let v7 = Uuid::now_v7();
    for (method, path, body, expected) in [
        ("GET", "/api/v1/nowhere", Value::Null, ErrorCode::NotFound),
        ("POST", "/api/v1/me", json!({}), ErrorCode::MethodNotAllowed),
        ("GET", "/api/v1/turns/not-an-id", Value::Null, ErrorCode::Invalid),
        ("GET", &message, Value::Null, ErrorCode::Invalid),
        ("GET", "/api/v1/conversations?limit=0", Value::Null, ErrorCode::Invalid),
        ("GET", "/api/v1/conversations?limit=many", Value::Null, ErrorCode::Invalid),
        ("GET", "/api/v1/conversations?before=yesterday", Value::Null, ErrorCode::Invalid),
        ("GET", "/api/v1/conversations?colour=red", Value::Null, ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": " "}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": "a\u{0}b"}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": "x".repeat(129 * 1024)}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": "x".repeat(2 * 1024 * 1024)}), ErrorCode::TooLarge),
        ("POST", turns.as_str(), json!({"id": Uuid::new_v4(), "text": "hi"}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": "hi", "extra": 1}), ErrorCode::Invalid),
        ("POST", turns.as_str(), json!({"id": v7, "text": "hi", "parent": v7}), ErrorCode::NotFound),
        ("POST", turns.as_str(), json!({"id": v7, "text": "hi", "attachments": [v7]}), ErrorCode::NotFound),
        ("PATCH", &format!("/api/v1/conversations/{id}"), json!({"head": v7}), ErrorCode::NotFound),
        (
            "PATCH",
            &format!("/api/v1/conversations/{id}"),
            json!({"title": "x".repeat(201)}),
            ErrorCode::Invalid,
        ),
        ("POST", "/api/v1/keys", json!({"name": ""}), ErrorCode::Invalid),
        ("POST", "/api/v1/people", json!({"name": "ADA"}), ErrorCode::Taken),
        (
            "POST",
            "/api/v1/setup",
            json!({"owner": "Eve", "password": "long enough"}),
            ErrorCode::AlreadySetUp,
        ),
        (
            "POST",
            "/api/v1/connections",
            json!({"url": "file:///etc/passwd", "model": "x"}),
            ErrorCode::Invalid,
        ),
        (
            "POST",
            "/api/v1/connections",
            json!({"url": "http://127.0.0.1:1/v1", "model": ""}),
            ErrorCode::Invalid,
        ),
    ] {
        let speaker = if path == "/api/v1/setup" { &running.operator() } else { &owner };
        assert_eq!(code(speaker, method, path, body).await, expected, "{method} {path}");
    }
}

async fn nobody_acts_beyond_their_role(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let forbidden = json!({"owner": "Eve", "password": "long enough"});
    assert_eq!(code(&owner, "POST", "/api/v1/setup", forbidden).await, ErrorCode::Forbidden);
    assert_eq!(code(&owner, "POST", "/api/v1/owner/recovery-code", json!({})).await, ErrorCode::Forbidden);
    let member = member(&owner, &running, "Bo").await;
    assert_eq!(code(&member, "GET", "/api/v1/people", Value::Null).await, ErrorCode::Forbidden);
    assert_eq!(code(&member, "GET", "/api/v1/connections", Value::Null).await, ErrorCode::Forbidden);
    let connection = json!({"url": "http://127.0.0.1:1/v1", "model": "x"});
    assert_eq!(code(&member, "POST", "/api/v1/connections", connection).await, ErrorCode::Forbidden);
}

async fn a_suspension_counts_from_the_next_call(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let member = member(&owner, &running, "Bo").await;
    let me: engine_client::wire::people::PersonView = member.get("/api/v1/me").await.expect("active");
    let state = format!("/api/v1/people/{}/state", me.id);
    let suspended = SetPersonState { state: PersonStateView::Suspended };
    owner.post::<Value>(&state, &suspended).await.expect("the owner may");
    assert_eq!(code(&member, "GET", "/api/v1/me", Value::Null).await, ErrorCode::Unauthenticated);
    let active = SetPersonState { state: PersonStateView::Active };
    owner.post::<Value>(&state, &active).await.expect("the owner may");
    member.get::<Value>("/api/v1/me").await.expect("back again");
    let own: engine_client::wire::people::PersonView = owner.get("/api/v1/me").await.expect("active");
    let last = format!("/api/v1/people/{}/state", own.id);
    assert_eq!(code(&owner, "POST", &last, json!({"state": "suspended"})).await, ErrorCode::Invalid);
}

async fn another_persons_things_do_not_exist(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    let id = conversation(&owner).await.id;
    let said = send(&owner, id, &turn("a secret about lighthouses")).await.expect("taken");
    let file: engine_client::wire::attachments::AttachmentView = owner
        .upload("/api/v1/attachments?name=a.txt", "text/plain", futures::stream::iter([Ok("x".into())]))
        .await
        .expect("stored");
    for (method, path, body) in [
        ("GET", format!("/api/v1/conversations/{id}"), Value::Null),
        ("PATCH", format!("/api/v1/conversations/{id}"), json!({"title": "mine"})),
        ("DELETE", format!("/api/v1/conversations/{id}"), Value::Null),
        ("GET", format!("/api/v1/conversations/{id}/messages"), Value::Null),
        ("POST", format!("/api/v1/conversations/{id}/turns"), json!({"id": Uuid::now_v7(), "text": "hi"})),
        ("GET", format!("/api/v1/turns/{}", said.id), Value::Null),
        ("DELETE", format!("/api/v1/turns/{}", said.id), Value::Null),
        ("GET", format!("/api/v1/turns/{}/events", said.id), Value::Null),
        ("GET", format!("/api/v1/attachments/{}", file.id), Value::Null),
        ("GET", format!("/api/v1/attachments/{}/content", file.id), Value::Null),
        ("DELETE", format!("/api/v1/attachments/{}", file.id), Value::Null),
    ] {
        assert_eq!(code(&other, method, &path, body).await, ErrorCode::NotFound, "{method} {path}");
    }
    let found: Vec<Value> = other.get("/api/v1/search?q=lighthouses").await.expect("a search");
    assert!(found.is_empty());
    let found: Vec<Value> = owner.get("/api/v1/search?q=lighthouses").await.expect("a search");
    assert!(!found.is_empty());
}

async fn the_same_turn_twice_is_one_turn(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let said = turn("hello");
    let all = futures::future::join_all((0..10).map(|_| send(&owner, id, &said))).await;
    for taken in all {
        assert_eq!(taken.expect("the same turn again is fine").id, said.id);
    }
    let other_words = NewTurn { text: "goodbye".into(), ..said.clone() };
    let refused = send(&owner, id, &other_words).await.expect_err("other words");
    assert_eq!(refused.code(), Some(ErrorCode::TurnDiffers));
    let refused = send(&owner, id, &turn("and another thing")).await.expect_err("one at a time");
    assert_eq!(refused.code(), Some(ErrorCode::TurnInProgress));
    assert_eq!(refused.to_string(), said.id.to_string());
    let call = house.model.asked().await;
    call.say("hi");
    call.finish();
}

/// Invites somebody, lets them in, and gives a client that speaks for them.
pub async fn member(owner: &EngineClient, running: &super::harness::Running, name: &str) -> EngineClient {
    use engine_client::principal::Credential;
    use engine_client::wire::setup::Recover;
    let invited: Invited =
        owner.post("/api/v1/people", &Invite { name: name.into() }).await.expect("a free name");
    let spend =
        Recover { owner: name.into(), recovery_code: invited.code, password: "another long one".into() };
    let door = running.client(Principal::Anonymous);
    door.post::<Value>("/api/v1/owner/recover", &spend).await.expect("a fresh code is good");
    let again = door.post::<Value>("/api/v1/owner/recover", &spend).await.expect_err("a code is good once");
    assert_eq!(again.code(), Some(ErrorCode::Forbidden));
    let tenant = match running.prove().await {
        Principal::Person { tenant, .. } => tenant,
        other => panic!("{other:?}"),
    };
    running.client(Principal::Person { tenant, person: invited.person.id, via: Credential::Session })
}

async fn only_who_looks_after_the_box_reads_why_it_is_not_well(house: &House) {
    let running = house.start().await;
    running.set_up(house, false).await;
    let store = async |principal| {
        let status: EngineStatus = running.client(principal).get("/api/v1/status").await.expect("it answers");
        status.parts.into_iter().find(|part| part.name == "store").expect("there is a store")
    };
    assert!(store(Principal::Anonymous).await.ok && store(Principal::Operator).await.ok);
    running.engine.drain(Duration::from_secs(5)).await;
    let (nobody, operator) = (store(Principal::Anonymous).await, store(Principal::Operator).await);
    assert!(!nobody.ok && !operator.ok);
    assert_eq!(nobody.detail, "cannot be used; the owner of the box is told why");
    assert!(!operator.detail.is_empty() && operator.detail != nobody.detail, "{}", operator.detail);
}
