//! Pages that are open while a reply pauses: what two hundred of them hold, and what they take of the
//! processor while nothing happens.
//!
//! The target for memory is a third of what the box may hold at rest, shared by all: 100 kB are a
//! connection with its buffers, the engine's stream behind it, and the reply as text and as page. The target
//! for the processor is a third of what a box in use may take.

use super::exchange::open_conversation;
use super::long_house::LongHouse;
use super::report::Figure;
use super::resources::{memory, processor_time};
use crate::model_server::script::Script;
use crate::visitor::Visitor;
use anyhow::{Context, ensure};
use bytes::Bytes;
use engine_client::client::EngineClient;
use engine_client::wire::turns::{NewTurn, TurnView};
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

const REPLIES: usize = 10;
const READERS_EACH: usize = 20;
const STREAMS: usize = REPLIES * READERS_EACH;
/// Longer than the time between two signs of life.
const IDLE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure(house: &LongHouse, visitor: &Visitor) -> anyhow::Result<Vec<Figure>> {
    let (client, pid, model) = (&house.subject.client, house.subject.pid(), &house.model.server);
    let before_holding = model.counts().held;
    model.by_default(Script::tokens(8).hold_after(4));
    let mut running = Vec::new();
    for _ in 0..REPLIES {
        running.push(begin(client).await?);
    }
    model.until_held(before_holding + REPLIES).await?;

    let (before, mut connections, mut readers) = (memory(pid)?, JoinSet::new(), Vec::new());
    for (conversation, turn) in &running {
        let path = format!("/chat/{conversation}/turns/{turn}/live");
        for _ in 0..READERS_EACH {
            readers.push(read(visitor, &path, &mut connections).await?);
        }
    }
    let (begun, used) = (Instant::now(), processor_time(pid)?);
    tokio::time::sleep(IDLE).await;
    let percent =
        100.0 * processor_time(pid)?.saturating_sub(used).as_secs_f64() / begun.elapsed().as_secs_f64();
    let more = memory(pid)?.saturating_sub(before) as f64;

    model.release_all();
    for reader in readers {
        to_end(reader).await?;
    }
    ensure!(connections.join_all().await.len() == STREAMS, "a connection was lost");
    let seen = format!("of {STREAMS} open event streams on {REPLIES} replies, {:.1} MB in all", more / 1e6);
    let idle = format!("of one core, {STREAMS} open event streams for {:.0} s", IDLE.as_secs_f64());
    Ok(vec![
        Figure::new("event_stream_memory", more / 1000.0 / STREAMS as f64, "kB", 100.0, seen),
        Figure::new("event_streams_idle", percent, "%", 5.0, idle),
    ])
}

async fn begin(client: &EngineClient) -> anyhow::Result<(Uuid, Uuid)> {
    let conversation = open_conversation(client).await?;
    let new = NewTurn {
        id: Uuid::now_v7(),
        text: "Take your time.".into(),
        parent: None,
        instead_of: None,
        attachments: Vec::new(),
        history: None,
        max_tokens: None,
    };
    let turn: TurnView = client.post(&format!("/api/v1/conversations/{conversation}/turns"), &new).await?;
    Ok((conversation, turn.id))
}

/// Opens the stream as a page does and reads the words so far.
async fn read(visitor: &Visitor, path: &str, connections: &mut JoinSet<()>) -> anyhow::Result<Incoming> {
    let stream = TcpStream::connect(visitor.address()).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    connections.spawn(async move {
        // How it ends is seen in the response's body.
        let _ = connection.await;
    });
    let request = Request::get(path)
        .header(header::HOST, visitor.address().to_string())
        .header(header::COOKIE, visitor.cookie())
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    ensure!(answer.status().is_success(), "{path} answers {}", answer.status());
    let mut body = answer.into_body();
    until(&mut body, "t4").await?;
    Ok(body)
}

async fn to_end(mut body: Incoming) -> anyhow::Result<()> {
    until(&mut body, "event: ended").await
}

async fn until(body: &mut Incoming, words: &str) -> anyhow::Result<()> {
    let reading = async {
        let mut read = String::new();
        while !read.contains(words) {
            let frame = body.frame().await.with_context(|| format!("a stream ended before {words:?}"))??;
            read.push_str(&String::from_utf8_lossy(frame.data_ref().map_or(&[][..], |data| data)));
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, reading).await.with_context(|| format!("no {words:?} in {PATIENCE:?}"))?
}
