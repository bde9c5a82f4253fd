//! The tree: words said anew, on a branch of their own.

use super::errors::{code, member};
use super::harness::{House, Running, Seen, conversation, in_every_way, send, turn};
use engine_client::client::EngineClient;
use engine_client::problem::ErrorCode;
use engine_client::wire::conversations::{MessagePage, MessageView};
use engine_client::wire::turns::{NewTurn, TurnView};
use serde_json::json;
use uuid::Uuid;

in_every_way!(words_said_anew_begin_a_branch_of_their_own);

/// A conversation with the house's model, and whoever speaks in it.
struct Talk<'a> {
    house: &'a House,
    client: EngineClient,
    id: Uuid,
}

impl<'a> Talk<'a> {
    async fn open(house: &'a House, running: &Running) -> Self {
        let client = running.set_up(house, true).await;
        let id = conversation(&client).await.id;
        Self { house, client, id }
    }

    /// Says it and gets this reply; how the turn ended, and what the model was asked.
    async fn say(&self, new: &NewTurn, reply: &str) -> (TurnView, String) {
        send(&self.client, self.id, new).await.expect("taken");
        self.reply(new.id, reply).await
    }

    async fn reply(&self, turn: Uuid, reply: &str) -> (TurnView, String) {
        let call = self.house.model.asked().await;
        let asked = call.asked.clone();
        call.say(reply);
        call.finish();
        (self.ended(turn).await, asked)
    }

    async fn ended(&self, turn: Uuid) -> TurnView {
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

    async fn texts(&self) -> Vec<String> {
        self.branch().await.into_iter().map(|message| message.text).collect()
    }

    fn turns(&self) -> String {
        format!("/api/v1/conversations/{}/turns", self.id)
    }
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
