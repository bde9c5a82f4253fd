//! What programs need that know other APIs: names to ask for, and a place for a history of their own.

use super::errors::member;
use super::harness::{House, Seen, in_every_way, send, turn};
use crate::domain::usage::{Outcome, Purpose};
use engine_client::client::{ClientError, EngineClient};
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::completions::{Completion, CompletionEvent, FinishView, Line, SpeakerView};
use engine_client::wire::continuations::{ContinuationView, History, ToldMessage};
use engine_client::wire::conversations::{AuthorView, ConversationPage, MessagePage};
use engine_client::wire::models::{ModelTarget, ModelView};
use engine_client::wire::turns::NewTurn;
use futures::StreamExt;
use uuid::Uuid;

in_every_way!(
    what_can_be_asked_for_is_listed,
    a_grown_history_goes_on_in_its_conversation_with_its_tail_alone,
    a_model_is_asked_directly_and_nothing_of_it_is_kept,
    a_companion_asked_aside_is_itself_and_remembers_nothing,
);

async fn models(client: &EngineClient, query: &str) -> Vec<ModelView> {
    client.get(&format!("/api/v1/models{query}")).await.expect("whoever lives here may ask")
}

async fn what_can_be_asked_for_is_listed(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let listed = models(&owner, "").await;
    let names: Vec<&str> = listed.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(names, ["Wren", "parrot"]);
    assert!(matches!(listed[0].target, ModelTarget::Companion(_)) && listed[0].connection.is_none());
    assert!(matches!(listed[1].target, ModelTarget::Connection(_)) && listed[1].connection.is_some());
    assert_eq!(models(&owner, "?name=wREN").await, listed[..1]);
    assert_eq!(models(&owner, "?name=parrot").await, listed[1..]);
    assert_eq!(models(&owner, "?name=Parrot").await, []);
    let nobody = running.client(Principal::Anonymous);
    let refused = nobody.get::<Vec<ModelView>>("/api/v1/models").await.expect_err("nobody lives nowhere");
    assert_eq!(refused.code(), Some(ErrorCode::Forbidden));
}

struct Caller<'a> {
    client: EngineClient,
    house: &'a House,
    companion: Uuid,
}

impl Caller<'_> {
    async fn place(&self, lines: &[(AuthorView, &str)]) -> Result<ContinuationView, ClientError> {
        let line = |&(author, text): &(AuthorView, &str)| ToldMessage { author, text: text.to_owned() };
        let history = History { companion: self.companion, messages: lines.iter().map(line).collect() };
        self.client.post("/api/v1/continuations", &history).await
    }

    /// Asks with a whole history and gets this reply.
    async fn ask(&self, lines: &[(AuthorView, &str)], reply: &str) -> ContinuationView {
        let place = self.place(lines).await.expect("there is a place for it");
        let new = NewTurn {
            history: Some(place.history.clone()),
            parent: place.parent,
            instead_of: None,
            max_tokens: Some(7),
            ..turn(&place.text)
        };
        send(&self.client, place.conversation, &new).await.expect("it is taken");
        let call = self.house.model.asked().await;
        assert!(call.asked.contains(r#""max_tokens":7"#), "{}", call.asked);
        call.say(reply);
        call.finish();
        let mut seen = Seen::default();
        seen.read(&self.client, new.id, |seen| seen.ended.is_some()).await.expect("it ends");
        place
    }
}

async fn a_grown_history_goes_on_in_its_conversation_with_its_tail_alone(house: &House) {
    use AuthorView::{Companion, Person};
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let ModelTarget::Companion(companion) = models(&owner, "?name=Wren").await[0].target else {
        panic!("Wren is a companion");
    };
    let caller = Caller { client: owner.clone(), house, companion };
    let first = caller.ask(&[(Person, "hello")], "good day").await;
    assert_eq!(first.text, "hello");
    // Another talk that began with the same words and went another way.
    let other = caller.ask(&[(Person, "hello")], "who is there?").await;
    assert_ne!(other.conversation, first.conversation);

    let grown = [(Person, "hello"), (Companion, "good day"), (Person, "and now?")];
    let second = caller.ask(&grown, "now it rains").await;
    assert_eq!((second.conversation, second.text.as_str()), (first.conversation, "and now?"));
    let page: MessagePage = owner
        .get(&format!("/api/v1/conversations/{}/messages", first.conversation))
        .await
        .expect("it is the caller's own");
    let texts: Vec<&str> = page.messages.iter().skip(1).map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["hello", "good day", "and now?", "now it rains"]);
    // The same once more is a second try: another branch of the same place.
    let again = caller.place(&grown).await.expect("a place");
    assert_eq!((again.conversation, again.parent), (second.conversation, second.parent));
    // A reply that was never given here, and a history that is somebody else's, begin anew.
    let foreign = [(Person, "hello"), (Companion, "beep"), (Person, "and now?")];
    let begun = caller.place(&foreign).await.expect("a place");
    assert!(begun.conversation != first.conversation && begun.conversation != other.conversation);
    let stranger = Caller { client: member(&owner, &running, "Bo").await, house, companion };
    let begun = stranger.place(&grown).await.expect("a place of their own");
    assert_ne!(begun.conversation, first.conversation);

    for (lines, expected) in [
        (vec![], ErrorCode::Invalid),
        (vec![(Person, "a"), (Companion, "b")], ErrorCode::Invalid),
        (vec![(Person, " ")], ErrorCode::Invalid),
    ] {
        let refused = caller.place(&lines).await.expect_err("there is nothing to answer");
        assert_eq!(refused.code(), Some(expected), "{lines:?}");
    }
    let nobody = Caller { companion: Uuid::now_v7(), ..caller };
    let refused = nobody.place(&[(Person, "hello")]).await.expect_err("there is no such companion");
    assert_eq!(refused.code(), Some(ErrorCode::NotFound));
}

async fn a_model_is_asked_directly_and_nothing_of_it_is_kept(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let ModelTarget::Connection(connection) = models(&owner, "?name=parrot").await[0].target else {
        panic!("the parrot is a model");
    };
    let line = |speaker, text: &str| Line { speaker, text: text.into() };
    let messages = vec![line(SpeakerView::System, "be brief"), line(SpeakerView::Person, "a lighthouse")];
    let target = ModelTarget::Connection(connection);
    let completion = Completion { target, messages, max_tokens: Some(7) };

    // Its words come while the model still holds the rest.
    let mut events = owner.complete(&completion).await.expect("the model takes it");
    let call = house.model.asked().await;
    for part in ["be brief", "a lighthouse", r#""max_tokens":7"#] {
        assert!(call.asked.contains(part), "{}", call.asked);
    }
    call.say("good");
    let event = events.next().await.expect("an event").expect("an unbroken line");
    assert_eq!(event, CompletionEvent::Text("good".into()));
    call.say(" day");
    call.finish();
    let rest: Vec<_> = events.map(|event| event.expect("an unbroken line")).collect().await;
    let [CompletionEvent::Text(text), CompletionEvent::Done(end)] = &rest[..] else { panic!("{rest:?}") };
    assert_eq!((text.as_str(), end.finish, end.model.as_deref()), (" day", FinishView::Stop, Some("parrot")));

    // Dropped, it is cancelled upstream.
    let events = owner.complete(&completion).await.expect("the model takes it");
    let call = house.model.asked().await;
    drop(events);
    call.left().await;

    // One that is cut says so.
    let mut events = owner.complete(&completion).await.expect("the model takes it");
    drop(house.model.asked().await);
    let event = events.next().await.expect("an event").expect("an unbroken line");
    assert!(
        matches!(&event, CompletionEvent::Error(problem) if problem.code == ErrorCode::ModelFailed),
        "{event:?}"
    );

    let found: Vec<serde_json::Value> = owner.get("/api/v1/search?q=lighthouse").await.expect("a search");
    assert!(found.is_empty(), "{found:?}");
    // Each is in the ledger once, settled as it ended.
    let ledger = running.settled(3).await;
    let outcomes: Vec<_> =
        ledger.iter().map(|entry| entry.settlement.as_ref().map(|settled| settled.outcome)).collect();
    assert_eq!(outcomes, [Some(Outcome::Done), Some(Outcome::Stopped), Some(Outcome::Failed)]);
    assert!(ledger.iter().all(|entry| entry.purpose == Purpose::Direct && entry.companion.is_none()));

    let nothing = Completion { messages: Vec::new(), ..completion.clone() };
    let refused = owner.complete(&nothing).await.err().expect("there is nothing to answer");
    assert_eq!(refused.code(), Some(ErrorCode::Invalid));
    let nowhere = Completion { target: ModelTarget::Connection(Uuid::now_v7()), ..completion };
    let refused = owner.complete(&nowhere).await.err().expect("there is no such connection");
    assert_eq!(refused.code(), Some(ErrorCode::NotFound));
}

async fn a_companion_asked_aside_is_itself_and_remembers_nothing(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let target = models(&owner, "?name=Wren").await[0].target;
    let ModelTarget::Companion(companion) = target else { panic!("Wren is a companion") };
    // There is something to recall, and it is not.
    let caller = Caller { client: owner.clone(), house, companion };
    caller.ask(&[(AuthorView::Person, "the lighthouse is green")], "so it is").await;
    let before = running.settled(1).await.len();

    let line = |speaker, text: &str| Line { speaker, text: text.into() };
    let messages = vec![
        line(SpeakerView::System, "be a pirate"),
        line(SpeakerView::Person, "good evening"),
        line(SpeakerView::Companion, "and to you"),
        line(SpeakerView::Person, "which colour is the lighthouse?"),
    ];
    let completion = Completion { target, messages, max_tokens: Some(7) };
    let events = owner.complete(&completion).await.expect("the model takes it");
    let call = house.model.asked().await;
    for told in ["You are Wren", "good evening", "and to you", "which colour", r#""max_tokens":7"#] {
        assert!(call.asked.contains(told), "{told}: {}", call.asked);
    }
    for kept_out in ["pirate", "green"] {
        assert!(!call.asked.contains(kept_out), "{kept_out}: {}", call.asked);
    }
    call.say("I was never told");
    call.finish();
    let said: Vec<_> = events.map(|event| event.expect("an unbroken line")).collect().await;
    assert_eq!(said[0], CompletionEvent::Text("I was never told".into()));

    let found: Vec<serde_json::Value> = owner.get("/api/v1/search?q=evening").await.expect("a search");
    assert!(found.is_empty(), "{found:?}");
    let page: ConversationPage = owner.get("/api/v1/conversations").await.expect("a list");
    assert_eq!(page.conversations.len(), 1);
    let ledger = running.settled(before + 1).await;
    let entry = ledger.last().expect("an entry");
    assert_eq!((entry.purpose, entry.turn), (Purpose::Reply, None));
    assert_eq!(entry.companion.map(|id| id.0), Some(companion));

    let mut unanswerable = completion.clone();
    unanswerable.messages.pop();
    let refused = owner.complete(&unanswerable).await.err().expect("there is nothing to answer");
    assert_eq!(refused.code(), Some(ErrorCode::Invalid));
    let nobody = Completion { target: ModelTarget::Companion(Uuid::now_v7()), ..completion };
    let refused = owner.complete(&nobody).await.err().expect("there is no such companion");
    assert_eq!(refused.code(), Some(ErrorCode::NotFound));
}
