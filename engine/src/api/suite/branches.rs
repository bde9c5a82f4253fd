//! The tree: words said anew, other replies to the same words, and replies that go on.

use super::errors::{code, member};
use super::harness::{House, Running, Seen, conversation, in_every_way, send, turn};
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::connections::{ConnectionView, NewConnection};
use engine_client::wire::conversations::{ConversationView, MessagePage, MessageView};
use engine_client::wire::turns::{NewReply, NewTurn, TurnStateView, TurnView};
use serde_json::json;
use uuid::Uuid;

in_every_way!(
    words_said_anew_begin_a_branch_of_their_own,
    another_reply_is_a_sibling_of_the_earlier_one,
    without_another_reply_the_earlier_one_stays_in_view,
    a_reply_goes_on_where_it_ended,
    a_model_that_continues_is_given_the_beginning,
    a_beginning_outlives_whoever_was_going_on_from_it,
    there_must_be_something_to_go_on_from_and_somebody_to_do_it,
    a_page_tells_the_variants_of_each_place,
    any_branch_comes_into_view,
);

/// A conversation with the house's model, and whoever speaks in it.
pub struct Talk<'a> {
    pub house: &'a House,
    pub client: EngineClient,
    pub id: Uuid,
}

impl<'a> Talk<'a> {
    pub async fn open(house: &'a House, running: &Running) -> Self {
        let client = running.set_up(house, true).await;
        let id = conversation(&client).await.id;
        Self { house, client, id }
    }

    pub async fn again(&self, earlier: Uuid, go_on: bool) -> TurnView {
        let new = NewReply { id: Uuid::now_v7(), go_on };
        self.client.post(&again(earlier), &new).await.expect("it has ended")
    }

    /// Says it and gets this reply; how the turn ended, and what the model was asked.
    pub async fn say(&self, new: &NewTurn, reply: &str) -> (TurnView, String) {
        send(&self.client, self.id, new).await.expect("taken");
        self.reply(new.id, reply).await
    }

    pub async fn reply(&self, turn: Uuid, reply: &str) -> (TurnView, String) {
        let call = self.house.model.asked().await;
        let asked = call.asked.clone();
        call.say(reply);
        call.finish();
        (self.ended(turn).await, asked)
    }

    pub async fn ended(&self, turn: Uuid) -> TurnView {
        let mut seen = Seen::default();
        seen.read(&self.client, turn, |_| false).await.expect("to the end");
        seen.ended.expect("a last word")
    }

    /// The branch in view, without the greeting.
    async fn branch(&self) -> Vec<MessageView> {
        let path = format!("/api/v1/conversations/{}/messages", self.id);
        let page: MessagePage = self.client.get(&path).await.expect("mine");
        page.messages.into_iter().skip(1).collect()
    }

    pub async fn texts(&self) -> Vec<String> {
        self.branch().await.into_iter().map(|message| message.text).collect()
    }

    fn turns(&self) -> String {
        format!("/api/v1/conversations/{}/turns", self.id)
    }
}

fn again(turn: Uuid) -> String {
    format!("/api/v1/turns/{turn}/again")
}

async fn words_said_anew_begin_a_branch_of_their_own(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (first, _) = talk.say(&turn("my boat is red"), "a red boat").await;
    talk.say(&turn("and fast"), "and fast").await;

    let anew = NewTurn { instead_of: Some(first.message), ..turn("my boat is blue") };
    let (_, asked) = talk.say(&anew, "a blue boat").await;
    assert!(asked.contains("my boat is blue") && !asked.contains("and fast"), "{asked}");
    assert_eq!(talk.texts().await, ["my boat is blue", "a blue boat"]);
    let again = send(&talk.client, talk.id, &anew).await.expect("the same turn again is fine");
    assert_eq!((again.id, again.text.as_str()), (anew.id, "a blue boat"));

    let greeting = talk.branch().await[0].parent.expect("the greeting");
    let other = conversation(&talk.client).await.id;
    for (instead_of, expected) in [
        (first.reply, ErrorCode::Invalid),
        (greeting, ErrorCode::Invalid),
        (Uuid::now_v7(), ErrorCode::NotFound),
    ] {
        let body = json!({"id": Uuid::now_v7(), "text": "x", "instead_of": instead_of});
        assert_eq!(code(&talk.client, "POST", &talk.turns(), body).await, expected);
    }
    let elsewhere = json!({"id": Uuid::now_v7(), "text": "x", "instead_of": first.message});
    let path = format!("/api/v1/conversations/{other}/turns");
    assert_eq!(code(&talk.client, "POST", &path, elsewhere.clone()).await, ErrorCode::NotFound);
    let stranger = member(&talk.client, &running, "Bo").await;
    assert_eq!(code(&stranger, "POST", &talk.turns(), elsewhere).await, ErrorCode::NotFound);
    let both =
        json!({"id": Uuid::now_v7(), "text": "x", "instead_of": first.message, "parent": first.message});
    assert_eq!(code(&talk.client, "POST", &talk.turns(), both).await, ErrorCode::Invalid);
    let different = NewTurn { text: "my boat is green".into(), ..anew };
    let refused = send(&talk.client, talk.id, &different).await.expect_err("other words");
    assert_eq!(refused.code(), Some(ErrorCode::TurnDiffers));
    assert_eq!(talk.texts().await, ["my boat is blue", "a blue boat"]);
}

async fn another_reply_is_a_sibling_of_the_earlier_one(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (first, _) = talk.say(&turn("name my boat"), "Perseverance").await;
    talk.say(&turn("why that?"), "it lasts").await;

    // Of a place in the middle of the branch.
    let second = talk.again(first.id, false).await;
    assert_eq!((second.message, second.text.as_str()), (first.message, ""));
    assert!(second.reply != first.reply && second.id != first.id);
    let other = json!({"id": Uuid::now_v7()});
    for turn in [first.id, second.id] {
        let busy = code(&talk.client, "POST", &again(turn), other.clone()).await;
        assert_eq!(busy, ErrorCode::TurnInProgress);
    }
    assert_eq!(talk.texts().await, ["name my boat"], "what is answered is in view");
    let (second, asked) = talk.reply(second.id, "Endurance").await;
    assert!(asked.contains("name my boat"), "{asked}");
    assert!(!asked.contains("Perseverance") && !asked.contains("it lasts"), "{asked}");
    assert_eq!(talk.texts().await, ["name my boat", "Endurance"]);
    let reply = talk.branch().await.pop().expect("the reply");
    assert_eq!((reply.id, reply.turn, reply.parent), (second.reply, Some(second.id), Some(first.message)));
    assert_eq!(second.attempts.len(), 1, "it has a ledger of its own");

    // The same id is the same turn, whatever became of it, and no other.
    let same = |go_on| json!({"id": second.id, "go_on": go_on});
    let known: TurnView = talk.client.post(&again(first.id), &same(false)).await.expect("the same again");
    assert_eq!(known, TurnView { attempts: known.attempts.clone(), ..second.clone() });
    assert_eq!(code(&talk.client, "POST", &again(first.id), same(true)).await, ErrorCode::TurnDiffers);
    assert_eq!(code(&talk.client, "POST", &again(second.id), same(false)).await, ErrorCode::TurnDiffers);
    let taken = NewTurn { id: second.id, ..turn("name my boat") };
    let refused = send(&talk.client, talk.id, &taken).await.expect_err("that id is another reply's");
    assert_eq!(refused.code(), Some(ErrorCode::TurnDiffers));

    let stranger = member(&talk.client, &running, "Bo").await;
    assert_eq!(code(&stranger, "POST", &again(first.id), other.clone()).await, ErrorCode::NotFound);
    assert_eq!(code(&talk.client, "POST", &again(Uuid::now_v7()), other).await, ErrorCode::NotFound);
    let odd = json!({"id": Uuid::new_v4()});
    assert_eq!(code(&talk.client, "POST", &again(first.id), odd).await, ErrorCode::Invalid);
}

async fn without_another_reply_the_earlier_one_stays_in_view(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (first, _) = talk.say(&turn("name my boat"), "Perseverance").await;
    talk.say(&turn("why that?"), "it lasts").await;
    for go_on in [false, true] {
        let stopped = talk.again(first.id, go_on).await;
        let call = house.model.asked().await;
        talk.client.delete(&format!("/api/v1/turns/{}", stopped.id)).await.expect("mine");
        call.left().await;
        assert_eq!(talk.ended(stopped.id).await.state, TurnStateView::Stopped);
        assert_eq!(talk.texts().await, ["name my boat", "Perseverance", "why that?", "it lasts"]);
    }
}

async fn a_reply_goes_on_where_it_ended(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (first, _) = talk.say(&turn("tell me of the tide"), "It comes").await;
    let taken = talk.again(first.id, true).await;
    assert_eq!(taken.text, "It comes");
    let (ended, asked) = talk.reply(taken.id, " and goes").await;
    assert_eq!((ended.text.as_str(), ended.revision), ("It comes and goes", 0));
    let asked: serde_json::Value = serde_json::from_str(&asked).expect("a request");
    let lines = asked["messages"].as_array().expect("messages");
    let told: Vec<_> = lines[lines.len() - 3..].iter().map(|line| &line["role"]).collect();
    assert_eq!(told, ["user", "assistant", "user"], "speakers take turns");
    assert_eq!(lines[lines.len() - 2]["content"], "It comes");
    assert_eq!(talk.texts().await, ["tell me of the tide", "It comes and goes"]);
    assert_eq!(talk.ended(first.id).await.text, "It comes", "the earlier one is as it was");
    let known: TurnView = talk
        .client
        .post(&again(first.id), &NewReply { id: taken.id, go_on: true })
        .await
        .expect("the same again");
    assert_eq!(known.text, "It comes and goes");
}

async fn continuing(house: &House, running: &Running) -> ConnectionView {
    let new = NewConnection {
        name: None,
        url: house.model.url.clone(),
        model: "parrot".into(),
        key: None,
        context_tokens: None,
        continues_text: true,
    };
    running.operator().post("/api/v1/connections", &new).await.expect("it is kept")
}

async fn a_model_that_continues_is_given_the_beginning(house: &House) {
    let running = house.start().await;
    let client = running.set_up(house, false).await;
    continuing(house, &running).await;
    let id = conversation(&client).await.id;
    let talk = Talk { house, client, id };
    let (first, _) = talk.say(&turn("tell me of the tide"), "It comes").await;
    let taken = talk.again(first.id, true).await;
    // The first attempt dies before it says a word; the beginning is no leftover of it.
    drop(house.model.asked().await);
    let (ended, asked) = talk.reply(taken.id, " and goes").await;
    assert_eq!(ended.text, "It comes and goes");
    assert_eq!(ended.attempts.len(), 2);
    let asked: serde_json::Value = serde_json::from_str(&asked).expect("a request");
    let last = asked["messages"].as_array().and_then(|lines| lines.last()).expect("messages");
    assert_eq!((&last["role"], &last["content"]), (&json!("assistant"), &json!("It comes")));
}

async fn a_beginning_outlives_whoever_was_going_on_from_it(house: &House) {
    let running = house.start().await;
    let talk = Talk::open(house, &running).await;
    let (first, _) = talk.say(&turn("tell me of the tide"), "It comes").await;
    let taken = talk.again(first.id, true).await;
    let call = house.model.asked().await;
    call.say(", then");
    let mut seen = Seen::default();
    seen.read(&talk.client, taken.id, |seen| seen.text == "It comes, then").await.expect("an open stream");
    running.break_off().await;
    drop(call);

    let running = house.start().await;
    let client = running.client(running.prove().await);
    let talk = Talk { client, ..talk };
    let call = house.model.asked().await;
    assert!(call.asked.contains("It comes") && !call.asked.contains(", then"), "{}", call.asked);
    call.say(" and goes");
    call.finish();
    seen.read(&talk.client, taken.id, |_| false).await.expect("to the end");
    assert_eq!(seen.text, "It comes and goes");
    let ended = seen.ended.expect("a last word");
    let outcomes: Vec<_> = ended.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["interrupted", "done"]);
    assert_eq!(ended.attempts[0].completion_tokens, 2, "what an earlier reply gave is counted once");
    assert_eq!(talk.texts().await, ["tell me of the tide", "It comes and goes"]);
}

async fn there_must_be_something_to_go_on_from_and_somebody_to_do_it(house: &House) {
    let running = house.start().await;
    let client = running.set_up(house, false).await;
    let id = conversation(&client).await.id;
    let talk = Talk { house, client, id };
    let new = turn("hello");
    send(&talk.client, talk.id, &new).await.expect("taken");
    assert!(!talk.ended(new.id).await.text.is_empty(), "memory answers");
    let go_on = json!({"id": Uuid::now_v7(), "go_on": true});
    assert_eq!(code(&talk.client, "POST", &again(new.id), go_on.clone()).await, ErrorCode::Invalid);
    // Memory can look once more, though.
    let second = talk.again(new.id, false).await;
    assert_eq!(talk.ended(second.id).await.state, TurnStateView::Done);

    continuing(house, &running).await;
    let silent = turn("say nothing");
    send(&talk.client, talk.id, &silent).await.expect("taken");
    house.model.asked().await.finish();
    assert_eq!(talk.ended(silent.id).await.state, TurnStateView::Failed);
    assert_eq!(code(&talk.client, "POST", &again(silent.id), go_on).await, ErrorCode::Invalid);
    let (second, _) = talk.reply(talk.again(silent.id, false).await.id, "now I do").await;
    assert_eq!(second.state, TurnStateView::Done);
}

/// Two wordings of the first words, the second of them with two replies, the second of these in view.
async fn grown<'a>(house: &'a House, running: &Running) -> (Talk<'a>, [TurnView; 3]) {
    let talk = Talk::open(house, running).await;
    let (red, _) = talk.say(&turn("my boat is red"), "a red boat").await;
    let anew = NewTurn { instead_of: Some(red.message), ..turn("my boat is blue") };
    let (blue, _) = talk.say(&anew, "a blue boat").await;
    let (sky, _) = talk.reply(talk.again(blue.id, false).await.id, "as the sky").await;
    (talk, [red, blue, sky])
}

async fn a_page_tells_the_variants_of_each_place(house: &House) {
    let running = house.start().await;
    let (talk, [red, blue, sky]) = grown(house, &running).await;
    talk.say(&turn("and fast"), "very").await;
    let variants: Vec<_> = talk.branch().await.into_iter().map(|message| message.variants).collect();
    let expected = [vec![red.message, blue.message], vec![blue.reply, sky.reply], vec![], vec![]];
    assert_eq!(variants, expected);
    // What is only a piece of the branch tells the same.
    let path = format!("/api/v1/conversations/{}/messages?limit=1&before={}", talk.id, sky.reply);
    let page: MessagePage = talk.client.get(&path).await.expect("mine");
    assert_eq!(page.messages[0].variants, [red.message, blue.message]);
}

async fn any_branch_comes_into_view(house: &House) {
    let running = house.start().await;
    let (talk, [red, blue, sky]) = grown(house, &running).await;
    let path = format!("/api/v1/conversations/{}", talk.id);
    let look = async |through: Uuid| {
        let seen: ConversationView =
            talk.client.patch(&path, &json!({"through": through})).await.expect("it is there");
        seen.head
    };
    assert_eq!(look(red.message).await, Some(red.reply));
    assert_eq!(talk.texts().await, ["my boat is red", "a red boat"]);
    assert_eq!(look(blue.message).await, Some(sky.reply), "the newest of the replies");
    assert_eq!(look(blue.reply).await, Some(blue.reply));
    assert_eq!(talk.texts().await, ["my boat is blue", "a blue boat"]);
    for (body, expected) in [
        (json!({"through": Uuid::now_v7()}), ErrorCode::NotFound),
        (json!({"through": red.message, "head": red.message}), ErrorCode::Invalid),
    ] {
        assert_eq!(code(&talk.client, "PATCH", &path, body).await, expected);
    }
    let stranger = member(&talk.client, &running, "Bo").await;
    let refused = code(&stranger, "PATCH", &path, json!({"through": red.message})).await;
    assert_eq!(refused, ErrorCode::NotFound);

    // A look elsewhere while a reply is being written leaves the view there; a look back lets it follow.
    let running = talk.again(blue.id, false).await;
    assert_eq!(look(red.message).await, Some(red.reply));
    talk.reply(running.id, "as the sea").await;
    assert_eq!(talk.texts().await, ["my boat is red", "a red boat"]);
    let running = talk.again(blue.id, false).await;
    assert_eq!(look(red.message).await, Some(red.reply));
    assert_eq!(look(blue.message).await, Some(blue.message));
    talk.reply(running.id, "as ink").await;
    assert_eq!(talk.texts().await, ["my boat is blue", "as ink"]);
}
