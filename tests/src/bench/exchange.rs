//! One question and its first token, asked of the box over its contract or of the model directly.

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use engine_client::client::EngineClient;
use engine_client::events::{Place, TurnEvent};
use engine_client::wire::conversations::{ConversationView, NewConversation};
use engine_client::wire::turns::{NewTurn, TurnStateView, TurnView};
use futures::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

pub async fn open_conversation(client: &EngineClient) -> anyhow::Result<Uuid> {
    let new = NewConversation { companion: None };
    Ok(client.post::<ConversationView>("/api/v1/conversations", &new).await?.id)
}

/// Says it and waits for the whole reply, as one call.
pub async fn say(client: &EngineClient, conversation: Uuid, text: String) -> anyhow::Result<TurnView> {
    let path = format!("/api/v1/conversations/{conversation}/turns?wait=true");
    let turn: TurnView = client.post(&path, &new_turn(text)).await?;
    ensure!(turn.state == TurnStateView::Done, "a turn ended as {:?}: {:?}", turn.state, turn.failure);
    Ok(turn)
}

/// From sending the message to the first words of the reply; reads on to its end.
pub async fn through_the_box(
    client: &EngineClient,
    conversation: Uuid,
    text: String,
) -> anyhow::Result<Duration> {
    let (path, new) = (format!("/api/v1/conversations/{conversation}/turns"), new_turn(text));
    let begun = Instant::now();
    let turn: TurnView = client.post(&path, &new).await?;
    let mut events = client.follow(turn.id, Place::default()).await?;
    let mut first = None;
    while let Some(event) = events.next().await {
        match event? {
            TurnEvent::Text { .. } => {
                first.get_or_insert_with(|| begun.elapsed());
            }
            TurnEvent::Done(turn) => {
                ensure!(turn.state == TurnStateView::Done, "a turn ended as {:?}", turn.state);
                return first.context("a turn ended without a word");
            }
            TurnEvent::Error(problem) => bail!("a turn could not be followed: {}", problem.detail),
            TurnEvent::Stage(_) | TurnEvent::Reset { .. } => {}
        }
    }
    bail!("a turn's stream broke off")
}

/// A connection to the model that is kept from question to question, as the box keeps its own.
pub struct Direct {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    _connection: JoinSet<()>,
}

impl Direct {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            // How it ends is seen in the response's body.
            let _ = connection.await;
        });
        Ok(Self { sender, address, _connection: driving })
    }

    /// From sending the request to the first words; reads on to the end.
    pub async fn ask(&mut self, body: Bytes) -> anyhow::Result<Duration> {
        let request = Request::post("/v1/chat/completions")
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let begun = Instant::now();
        let mut response = self.sender.send_request(request).await?;
        let mut first = None;
        while let Some(frame) = response.frame().await {
            let has_words = |bytes: &Bytes| bytes.windows(9).any(|window| window == b"\"content\"");
            if first.is_none() && frame?.data_ref().is_some_and(has_words) {
                first = Some(begun.elapsed());
            }
        }
        first.context("the model said nothing")
    }
}

fn new_turn(text: String) -> NewTurn {
    NewTurn {
        id: Uuid::now_v7(),
        text,
        parent: None,
        instead_of: None,
        attachments: Vec::new(),
        history: None,
        max_tokens: None,
    }
}
