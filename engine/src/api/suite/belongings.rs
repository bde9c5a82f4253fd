//! What is one's own, as a whole.

use super::errors::{code, member};
use super::harness::{House, Running, Seen, conversation, in_every_way, send, turn};
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::belongings::HoldingsView;
use engine_client::wire::connections::{ConnectionView, NewConnection};
use engine_client::wire::export::{ExportLine, FORMAT};
use engine_client::wire::people::{KeyCreated, NewKey, PersonView};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

in_every_way!(
    an_export_is_whole_and_holds_no_secret_and_nothing_of_anybody_else,
    everything_of_ones_own_goes_and_the_account_stays,
    whoever_leaves_is_shut_out_at_once_and_gone_soon,
);

const PASSWORD: &str = "a long password";

/// Says it, and waits until it is answered.
async fn said(client: &EngineClient, words: &str) {
    let talk = conversation(client).await;
    let turn = send(client, talk.id, &turn(words)).await.expect("it is taken");
    let mut seen = Seen::default();
    seen.read(client, turn.id, |seen| seen.ended.is_some()).await.expect("it is answered");
}

async fn exported(client: &EngineClient) -> String {
    let mut content = Box::pin(client.download("/api/v1/me/export").await.expect("one's own"));
    let mut text = Vec::new();
    while let Some(piece) = content.next().await {
        text.extend_from_slice(&piece.expect("a whole answer"));
    }
    String::from_utf8(text).expect("it is text")
}

fn lines(text: &str) -> Vec<ExportLine> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

async fn with_key(running: &Running, client: &EngineClient, house: &House) -> KeyCreated {
    let connection = NewConnection {
        name: Some("second".into()),
        url: house.model.url.clone(),
        model: "parrot".into(),
        key: Some("provider-secret-7".into()),
        context_tokens: None,
        continues_text: false,
    };
    running.operator().post::<ConnectionView>("/api/v1/connections", &connection).await.expect("a good one");
    client.post("/api/v1/keys", &NewKey { name: "her laptop".into() }).await.expect("her key")
}

async fn an_export_is_whole_and_holds_no_secret_and_nothing_of_anybody_else(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    said(&owner, "the heron at dawn").await;
    said(&other, "an otter at noon").await;
    let key = with_key(&running, &owner, house).await;
    let content = stream::iter([Ok(bytes::Bytes::from_static(b"feathers"))]);
    owner
        .upload::<Value, _>("/api/v1/attachments?name=heron.txt", "text/plain", content)
        .await
        .expect("it fits");

    let text = exported(&owner).await;
    for secret in ["$argon2", &key.key, "provider-secret", "otter", "Bo", "a long password"] {
        assert!(!text.contains(secret), "{secret} is told: {text}");
    }
    let lines = lines(&text);
    let told = lines.len() as u64 - 1;
    assert!(matches!(lines[0], ExportLine::Export { format: FORMAT, .. }), "{:?}", lines[0]);
    assert_eq!(lines.last(), Some(&ExportLine::End { lines: told }));
    let has = |wanted: &dyn Fn(&ExportLine) -> bool| lines.iter().any(wanted);
    assert!(has(&|line| matches!(line, ExportLine::Profile { name, .. } if name == "Ada")));
    assert!(has(&|line| matches!(line, ExportLine::Key { name, .. } if name == "her laptop")));
    assert!(has(&|line| matches!(line, ExportLine::Message(said) if said.text == "the heron at dawn")));
    assert!(has(
        &|line| matches!(line, ExportLine::AttachmentPart { base64, .. } if base64 == "ZmVhdGhlcnM=")
    ));
    assert!(has(&|line| matches!(line, ExportLine::Usage(spent) if spent.purpose == "reply")));
    let others = exported(&other).await;
    assert!(others.contains("otter") && !others.contains("heron") && !others.contains("her laptop"));
    assert!(running.deeds().await.contains(&"person.exported".to_owned()));
}

async fn held(client: &EngineClient) -> HoldingsView {
    client.get("/api/v1/me/belongings").await.expect("one's own")
}

fn wish(what: &str, current: &str) -> Value {
    json!({"what": what, "current": current})
}

async fn everything_of_ones_own_goes_and_the_account_stays(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    said(&owner, "the heron at dawn").await;
    said(&other, "an otter at noon").await;
    let (hers, his) = (held(&owner).await, held(&other).await);
    assert!(hers.conversations == 1 && hers.messages >= 2 && !hers.may_leave, "{hers:?}");
    assert!(his.may_leave);
    let refused = code(&owner, "POST", "/api/v1/me/erase", wish("things", "not hers at all")).await;
    assert_eq!(refused, ErrorCode::Invalid);
    assert_eq!(held(&owner).await, hers);
    let refused = code(&owner, "POST", "/api/v1/me/erase", wish("account", PASSWORD)).await;
    assert_eq!(refused, ErrorCode::Invalid, "she is the last owner");

    owner.post::<Value>("/api/v1/me/erase", &wish("things", PASSWORD)).await.expect("her own");
    let begun_since = conversation(&owner).await;
    while held(&owner).await.conversations > 1
        || !running.deeds().await.contains(&"person.things_erased".into())
    {
        tokio::task::yield_now().await;
    }
    owner
        .get::<Value>(&format!("/api/v1/conversations/{}", begun_since.id))
        .await
        .expect("begun after the wish");
    assert_eq!(held(&other).await, his);
    assert!(!exported(&owner).await.contains("heron"));
    let deeds = running.deeds().await;
    assert!(deeds.contains(&"person.things_unwanted".into()), "{deeds:?}");
}

async fn whoever_leaves_is_shut_out_at_once_and_gone_soon(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    said(&owner, "the heron at dawn").await;
    said(&other, "an otter at noon").await;
    let hers = held(&owner).await;
    let spent = running.settled(2).await.len();
    let leave = wish("account", "another long one");
    other.post::<Value>("/api/v1/me/erase", &leave).await.expect("his own");
    assert_eq!(code(&other, "GET", "/api/v1/me", Value::Null).await, ErrorCode::Unauthenticated);
    running.until_deed("person.removed").await;
    assert_eq!(held(&owner).await, hers);
    assert_eq!(running.settled(2).await.len(), spent, "what was spent is not forgotten");
    let deeds = running.deeds().await;
    assert!(deeds.contains(&"person.leaving".into()), "{deeds:?}");
    member(&owner, &running, "Bo").await;
    let people: Vec<PersonView> = owner.get("/api/v1/people").await.expect("the owner may");
    assert_eq!(people.len(), 2, "his name is free again");
}
