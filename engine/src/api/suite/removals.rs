//! A conversation is removed: gone for everybody at once, back within a week, and then gone for good.

use super::branches::Talk;
use super::errors::{code, member};
use super::harness::{House, PATIENCE, Running, Seen, conversation, in_every_way, send, turn};
use engine_client::client::EngineClient;
use engine_client::events::{Place, TurnEvent};
use engine_client::problem::ErrorCode;
use engine_client::wire::continuations::ContinuationView;
use engine_client::wire::conversations::{ConversationPage, ConversationView, FoundMessage, MessagePage};
use engine_client::wire::turns::{NewTurn, TurnStateView, TurnView};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

in_every_way!(
    what_is_removed_is_nowhere_and_comes_back_whole,
    a_running_reply_stops_and_its_readers_hear_no_last_word,
    what_is_removed_is_not_recalled,
    a_history_does_not_lead_into_what_was_removed,
    what_goes_for_ever_is_gone_at_once,
    after_a_week_it_is_gone_for_good,
    lists_tell_pinned_and_removed_apart,
);

async fn listed(client: &EngineClient, query: &str) -> Vec<Uuid> {
    let page: ConversationPage = client.get(&format!("/api/v1/conversations{query}")).await.expect("a list");
    page.conversations.iter().map(|conversation| conversation.id).collect()
}

async fn remove(talk: &Talk<'_>) {
    talk.client.delete(&path(talk)).await.expect("mine");
}

async fn restore(talk: &Talk<'_>) -> ConversationView {
    talk.client.post(&format!("{}/restore", path(talk)), &json!({})).await.expect("it was only removed")
}

fn path(talk: &Talk<'_>) -> String {
    format!("/api/v1/conversations/{}", talk.id)
}

async fn what_is_removed_is_nowhere_and_comes_back_whole(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (said, _) = talk.say(&turn("the lighthouse is green"), "so it is").await;
    let messages: MessagePage = talk.client.get(&format!("{}/messages", path(&talk))).await.expect("mine");
    let before: ConversationView = talk.client.get(&path(&talk)).await.expect("mine");
    let search = "/api/v1/search?q=lighthouse";
    let found: Vec<FoundMessage> = talk.client.get(search).await.expect("a search");
    assert_eq!(found.len(), 1);

    remove(&talk).await;
    let id = talk.id;
    for (method, path, body) in [
        ("GET", format!("/api/v1/conversations/{id}"), Value::Null),
        ("PATCH", format!("/api/v1/conversations/{id}"), json!({"title": "mine"})),
        ("PATCH", format!("/api/v1/conversations/{id}"), json!({"through": said.message})),
        ("DELETE", format!("/api/v1/conversations/{id}"), Value::Null),
        ("GET", format!("/api/v1/conversations/{id}/messages"), Value::Null),
        ("POST", format!("/api/v1/conversations/{id}/turns"), json!({"id": Uuid::now_v7(), "text": "hi"})),
        (
            "POST",
            format!("/api/v1/conversations/{id}/turns"),
            json!({"id": said.id, "text": "the lighthouse is green"}),
        ),
        ("GET", format!("/api/v1/turns/{}", said.id), Value::Null),
        ("DELETE", format!("/api/v1/turns/{}", said.id), Value::Null),
        ("GET", format!("/api/v1/turns/{}/events", said.id), Value::Null),
        ("POST", format!("/api/v1/turns/{}/again", said.id), json!({"id": Uuid::now_v7()})),
    ] {
        assert_eq!(code(&talk.client, method, &path, body).await, ErrorCode::NotFound, "{method} {path}");
    }
    assert_eq!(listed(&talk.client, "").await, [] as [Uuid; 0]);
    assert_eq!(listed(&talk.client, "?removed=true").await, [id]);
    let found: Vec<FoundMessage> = talk.client.get(search).await.expect("a search");
    assert!(found.is_empty());
    let stranger = member(&talk.client, &running, "Bo").await;
    let theirs = format!("{}/restore", path(&talk));
    assert_eq!(code(&stranger, "POST", &theirs, json!({})).await, ErrorCode::NotFound);
    let nothing = format!("/api/v1/conversations/{}/restore", Uuid::now_v7());
    assert_eq!(code(&talk.client, "POST", &nothing, json!({})).await, ErrorCode::NotFound);

    assert_eq!(restore(&talk).await, before);
    assert_eq!(restore(&talk).await, before, "it is back already");
    let again: MessagePage = talk.client.get(&format!("{}/messages", path(&talk))).await.expect("mine");
    assert_eq!(again, messages);
    let found: Vec<FoundMessage> = talk.client.get(search).await.expect("a search");
    assert_eq!(found.len(), 1);
    talk.say(&turn("and the harbour?"), "grey").await;
}

async fn a_running_reply_stops_and_its_readers_hear_no_last_word(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let taken = send(&talk.client, talk.id, &turn("tell me")).await.expect("taken");
    let call = house.model.asked().await;
    call.say("so far");
    let mut seen = Seen::default();
    seen.read(&talk.client, taken.id, |seen| seen.text == "so far").await.expect("an open stream");
    let events = talk.client.follow(taken.id, Place::default()).await.expect("an open stream");
    remove(&talk).await;
    let told: Vec<_> = events.collect().await;
    assert!(!told.iter().any(|event| matches!(event, Ok(TurnEvent::Done(_)))), "{told:?}");
    call.left().await;
    restore(&talk).await;
    let stopped = talk.ended(taken.id).await;
    assert_eq!((stopped.state, stopped.text.as_str()), (TurnStateView::Stopped, "so far"));
    assert_eq!(talk.texts().await, ["tell me", "so far"]);
}

async fn what_is_removed_is_not_recalled(house: &House) {
    let running = house.start().await;
    let told = Talk::open(house, &running).await;
    told.say(&turn("my boat is called Perseverance"), "a fine name").await;
    let other = conversation(&told.client).await.id;
    let asking = Talk { house, client: told.client.clone(), id: other };
    remove(&told).await;
    let (_, asked) = asking.say(&turn("what is my boat called?"), "I do not know").await;
    assert!(!asked.contains("Perseverance"), "{asked}");
    restore(&told).await;
    let (_, asked) = asking.say(&turn("and now, what is my boat called?"), "Perseverance").await;
    assert!(asked.contains("Perseverance"), "{asked}");
}

async fn a_history_does_not_lead_into_what_was_removed(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let companion = talk.client.get::<ConversationView>(&path(&talk)).await.expect("mine").companion;
    let line = |author, text| json!({"author": author, "text": text});
    let place = async |lines: Value| {
        let asked = json!({"companion": companion, "messages": lines});
        let place: ContinuationView =
            talk.client.post("/api/v1/continuations", &asked).await.expect("a place");
        place
    };
    let first = place(json!([line("person", "hello")])).await;
    let said = Talk { house, client: talk.client.clone(), id: first.conversation };
    let new = NewTurn { history: Some(first.history), parent: first.parent, ..turn("hello") };
    said.say(&new, "good day").await;
    let grown = json!([line("person", "hello"), line("companion", "good day"), line("person", "and?")]);
    assert_eq!(place(grown.clone()).await.conversation, first.conversation);
    remove(&said).await;
    assert_ne!(place(grown).await.conversation, first.conversation);
}

async fn what_goes_for_ever_is_gone_at_once(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    for removed_before in [false, true] {
        let gone = Talk { house, client: talk.client.clone(), id: conversation(&talk.client).await.id };
        gone.say(&turn("farewell"), "farewell").await;
        if removed_before {
            remove(&gone).await;
        }
        let forever = format!("{}?forever=true", path(&gone));
        talk.client.delete(&forever).await.expect("mine");
        assert_eq!(code(&talk.client, "DELETE", &forever, Value::Null).await, ErrorCode::NotFound);
        never_back(&gone).await;
    }
    // A reply under way is no reason to wait.
    let taken = send(&talk.client, talk.id, &turn("tell me")).await.expect("taken");
    let call = house.model.asked().await;
    talk.client.delete(&format!("{}?forever=true", path(&talk))).await.expect("mine");
    call.left().await;
    never_back(&talk).await;
    let turn = format!("/api/v1/turns/{}", taken.id);
    assert_eq!(code(&talk.client, "GET", &turn, Value::Null).await, ErrorCode::NotFound);
}

async fn never_back(talk: &Talk<'_>) {
    let restore = format!("{}/restore", path(talk));
    assert_eq!(code(&talk.client, "POST", &restore, json!({})).await, ErrorCode::NotFound);
    assert!(!listed(&talk.client, "?removed=true").await.contains(&talk.id));
}

/// As somebody else, in an engine that has just swept, for it does so when it starts.
async fn next_day<'a>(house: &'a House, running: Running, talk: Talk<'a>, days: u64) -> (Running, Talk<'a>) {
    running.break_off().await;
    house.clock.advance(Duration::from_hours(24 * days));
    let running = house.start().await;
    let client = running.client(running.prove().await);
    (running, Talk { client, ..talk })
}

async fn after_a_week_it_is_gone_for_good(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (said, _) = talk.say(&turn("the lighthouse is green"), "so it is").await;
    let kept = conversation(&talk.client).await.id;
    remove(&talk).await;
    let (running, talk) = next_day(house, running, talk, 6).await;
    restore(&talk).await;
    remove(&talk).await;
    let (running, talk) = next_day(house, running, talk, 6).await;
    assert_eq!(listed(&talk.client, "?removed=true").await, [talk.id], "the week begins with the removal");
    let (_running, talk) = next_day(house, running, talk, 2).await;
    let swept = async {
        while !listed(&talk.client, "?removed=true").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, swept).await.expect("the engine looks after it");
    never_back(&talk).await;
    assert_eq!(listed(&talk.client, "").await, [kept]);
    let gone = talk.client.get::<TurnView>(&format!("/api/v1/turns/{}", said.id)).await;
    assert_eq!(gone.expect_err("it went, too").code(), Some(ErrorCode::NotFound));
}

async fn lists_tell_pinned_and_removed_apart(house: &House) {
    let running = house.start().await;
    let client = running.set_up(house, false).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(conversation(&client).await.id);
    }
    for pinned in [ids[0], ids[2]] {
        let change = json!({"pinned": true});
        client.patch::<Value>(&format!("/api/v1/conversations/{pinned}"), &change).await.expect("mine");
    }
    for gone in [ids[2], ids[3]] {
        client.delete(&format!("/api/v1/conversations/{gone}")).await.expect("mine");
    }
    for (query, expected) in [
        ("", vec![ids[1], ids[0]]),
        ("?pinned=true", vec![ids[0]]),
        ("?pinned=false&limit=9", vec![ids[1]]),
        ("?removed=true", vec![ids[3], ids[2]]),
        ("?removed=true&pinned=true", vec![ids[2]]),
        ("?removed=false", vec![ids[1], ids[0]]),
    ] {
        assert_eq!(listed(&client, query).await, expected, "{query}");
    }
    let odd = "/api/v1/conversations?pinned=maybe";
    assert_eq!(code(&client, "GET", odd, Value::Null).await, ErrorCode::Invalid);
}
