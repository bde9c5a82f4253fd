//! A conversation, held over the contract.

use crate::reader::Reader;
use engine_client::client::{ClientError, EngineClient};
use engine_client::wire::conversations::{ConversationView, MessagePage, MessageView, NewConversation};
use engine_client::wire::turns::{NewTurn, TurnView};
use std::collections::VecDeque;
use uuid::Uuid;

#[derive(Clone)]
pub struct Talk {
    client: EngineClient,
    pub conversation: Uuid,
}

impl Talk {
    /// A new one with the default companion.
    pub async fn open(client: EngineClient) -> anyhow::Result<Self> {
        let opened: ConversationView =
            client.post("/api/v1/conversations", &NewConversation { companion: None }).await?;
        Ok(Self { client, conversation: opened.id })
    }

    /// One that is there already.
    pub fn at(client: EngineClient, conversation: Uuid) -> Self {
        Self { client, conversation }
    }

    /// The same conversation through another door.
    #[must_use]
    pub fn through(&self, client: EngineClient) -> Self {
        Self { client, conversation: self.conversation }
    }

    /// Sends words under an id; when it returns, they were acknowledged.
    pub async fn send(&self, id: Uuid, text: &str) -> Result<TurnView, ClientError> {
        let path = format!("/api/v1/conversations/{}/turns", self.conversation);
        let new = NewTurn {
            id,
            text: text.into(),
            parent: None,
            instead_of: None,
            attachments: Vec::new(),
            history: None,
            max_tokens: None,
        };
        self.client.post(&path, &new).await
    }

    pub async fn say(&self, text: &str) -> anyhow::Result<TurnView> {
        Ok(self.send(Uuid::now_v7(), text).await?)
    }

    /// Says it and reads the reply to its end.
    pub async fn exchange(&self, text: &str) -> anyhow::Result<TurnView> {
        let turn = self.say(text).await?;
        self.reader(turn.id).to_end().await
    }

    pub fn reader(&self, turn: Uuid) -> Reader {
        Reader::new(self.client.clone(), turn)
    }

    pub async fn turn(&self, id: Uuid) -> anyhow::Result<TurnView> {
        Ok(self.client.get(&format!("/api/v1/turns/{id}")).await?)
    }

    pub async fn stop(&self, id: Uuid) -> anyhow::Result<()> {
        Ok(self.client.delete(&format!("/api/v1/turns/{id}")).await?)
    }

    /// What was said in turns: without the greeting that opens a conversation.
    pub async fn exchanged(&self) -> anyhow::Result<Vec<MessageView>> {
        Ok(self.messages().await?.into_iter().filter(|message| message.turn.is_some()).collect())
    }

    /// The whole branch in view, oldest first.
    pub async fn messages(&self) -> anyhow::Result<Vec<MessageView>> {
        let mut messages = VecDeque::new();
        let mut before = String::new();
        loop {
            let path = format!("/api/v1/conversations/{}/messages?limit=200{before}", self.conversation);
            let page: MessagePage = self.client.get(&path).await?;
            page.messages.into_iter().rev().for_each(|message| messages.push_front(message));
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => return Ok(messages.into()),
            }
        }
    }
}
