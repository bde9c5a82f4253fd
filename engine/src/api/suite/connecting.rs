//! Model connections, changed and put in order.

use super::errors::{code, member};
use super::harness::{House, in_every_way};
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::connections::{ConnectionChange, ConnectionOrder, ConnectionView, NewConnection};
use serde_json::{Value, json};
use uuid::Uuid;

in_every_way!(
    a_connection_is_changed_field_by_field,
    a_stored_key_never_goes_to_another_server,
    connections_are_tried_in_the_order_that_was_asked_for,
    a_member_changes_no_connection,
);

async fn added(owner: &EngineClient, name: &str, key: Option<&str>) -> ConnectionView {
    let new = NewConnection {
        name: Some(name.into()),
        url: "http://127.0.0.1:1/v1".into(),
        model: "parrot".into(),
        key: key.map(Into::into),
        context_tokens: None,
        continues_text: false,
    };
    owner.post("/api/v1/connections", &new).await.expect("a connection is added")
}

fn path(connection: &ConnectionView) -> String {
    format!("/api/v1/connections/{}", connection.id)
}

async fn a_connection_is_changed_field_by_field(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let (one, two) = (added(&owner, "one", Some("sk-1")).await, added(&owner, "two", None).await);
    let change = ConnectionChange { model: Some(" owl ".into()), ..ConnectionChange::default() };
    let changed: ConnectionView = owner.patch(&path(&one), &change).await.expect("a new model");
    assert_eq!(changed, ConnectionView { model: "owl".into(), ..one.clone() });

    let change = ConnectionChange {
        name: Some("first".into()),
        url: Some("http://127.0.0.1:1/v2/".into()),
        key: Some(String::new()),
        context_tokens: Some(4096),
        continues_text: Some(true),
        ..ConnectionChange::default()
    };
    let changed: ConnectionView = owner.patch(&path(&one), &change).await.expect("everything else");
    let expected = ConnectionView {
        name: "first".into(),
        url: "http://127.0.0.1:1/v2".into(),
        model: "owl".into(),
        has_key: false,
        context_tokens: 4096,
        continues_text: true,
        ..one.clone()
    };
    assert_eq!(changed, expected);
    assert_eq!(running.deeds().await[0], "connection.changed");

    for (wrong, expected) in [
        (json!({"name": "FIRST"}), ErrorCode::Taken),
        (json!({"name": " "}), ErrorCode::Invalid),
        (json!({"name": "a\u{7}"}), ErrorCode::Invalid),
        (json!({"url": "file:///etc/passwd"}), ErrorCode::Invalid),
        (json!({"url": "http://127.0.0.1:1/v1?key=1"}), ErrorCode::Invalid),
        (json!({"model": ""}), ErrorCode::Invalid),
        (json!({"context_tokens": 1}), ErrorCode::Invalid),
        (json!({"rank": 1}), ErrorCode::Invalid),
    ] {
        assert_eq!(code(&owner, "PATCH", &path(&two), wrong.clone()).await, expected, "{wrong}");
    }
    let listed: Vec<ConnectionView> = owner.get("/api/v1/connections").await.expect("a list");
    assert_eq!(listed[1], two, "what was refused changes nothing");
    let nowhere = format!("/api/v1/connections/{}", Uuid::now_v7());
    assert_eq!(code(&owner, "PATCH", &nowhere, json!({})).await, ErrorCode::NotFound);
}

async fn a_stored_key_never_goes_to_another_server(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let one = added(&owner, "one", Some("sk-1")).await;
    let elsewhere = "http://127.0.0.1:2/v1";
    assert_eq!(code(&owner, "PATCH", &path(&one), json!({"url": elsewhere})).await, ErrorCode::Invalid);
    let listed: Vec<ConnectionView> = owner.get("/api/v1/connections").await.expect("a list");
    assert_eq!(listed, std::slice::from_ref(&one));
    for (key, has_key) in [("sk-2", true), ("", false)] {
        let change = json!({"url": elsewhere, "key": key});
        let changed: ConnectionView = owner.patch(&path(&one), &change).await.expect("it was said");
        assert_eq!((changed.url.as_str(), changed.has_key), (elsewhere, has_key));
    }
}

async fn connections_are_tried_in_the_order_that_was_asked_for(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        ids.push(added(&owner, name, Some("sk-1")).await.id);
    }
    let order = [ids[2], ids[0], ids[1]];
    let asked = ConnectionOrder { order: order.to_vec() };
    let answer: Vec<ConnectionView> =
        owner.post("/api/v1/connections/order", &asked).await.expect("every connection once");
    let listed: Vec<ConnectionView> = owner.get("/api/v1/connections").await.expect("a list");
    assert_eq!(listed.iter().map(|connection| connection.id).collect::<Vec<_>>(), order);
    assert_eq!(answer, listed);
    assert!(listed.iter().all(|connection| connection.has_key));
    assert_eq!(running.deeds().await[0], "connection.moved");
    let last = added(&owner, "four", None).await;
    assert!(last.rank > listed[2].rank, "a new one is the last to be tried");

    for wrong in [vec![], order.to_vec(), vec![ids[0]; 4], [&order[..], &[Uuid::now_v7()]].concat()] {
        let refused = code(&owner, "POST", "/api/v1/connections/order", json!({"order": wrong})).await;
        assert_eq!(refused, ErrorCode::Invalid, "{wrong:?}");
    }
}

async fn a_member_changes_no_connection(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let one = added(&owner, "one", None).await;
    let other = member(&owner, &running, "Bo").await;
    for (method, path, body) in [
        ("PATCH", path(&one), json!({"model": "mine"})),
        ("POST", "/api/v1/connections/order".to_owned(), json!({"order": [one.id]})),
        ("POST", format!("{}/test", path(&one)), Value::Null),
        ("DELETE", path(&one), Value::Null),
    ] {
        assert_eq!(code(&other, method, &path, body).await, ErrorCode::Forbidden, "{method} {path}");
    }
}
