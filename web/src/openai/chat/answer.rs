//! From a request to its answer: the client's new words become a turn, and the turn is followed.
//!
//! The answer begins with the first words, so that what goes wrong before them has a status of its own;
//! only a reply that keeps everybody waiting is begun without.

use super::direct;
use super::frames::{self, Frames, Summary};
use super::reply::{Leaving, Reply, Step};
use super::request::{ChatRequest, Role};
use crate::openai::caller::Caller;
use crate::openai::errors::Complaint;
use crate::openai::models::meant;
use crate::public::router::Face;
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine_client::client::EngineClient;
use engine_client::wire::continuations::{ContinuationView, History, ToldMessage};
use engine_client::wire::conversations::AuthorView;
use engine_client::wire::models::ModelTarget;
use engine_client::wire::turns::{NewTurn, TurnView};
use futures::stream;
use http::StatusCode;
use serde::Deserialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use uuid::Uuid;

/// For the first words, before the answer begins without them.
pub const FIRST_WORDS: Duration = Duration::from_secs(10);
/// Proxies cut what is silent for long.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// For clients that cannot send `store`.
#[derive(Deserialize)]
pub struct Asked {
    memory: Option<String>,
}

pub async fn post(
    State(face): State<Face>,
    Caller(engine): Caller,
    Query(address): Query<Asked>,
    request: Request,
) -> Result<Response, Complaint> {
    let mut asked = ChatRequest::read(request.into_body()).await?;
    match address.memory.as_deref() {
        None | Some("on") => {}
        Some("off") => asked.store = false,
        Some(_) => return Err(Complaint::field("memory", "memory: `on` or `off`")),
    }
    let model = meant(&engine, &asked.model).await?;
    let id = Uuid::now_v7();
    let frames = Frames::new(id, model.id, asked.include_usage);
    let companion = match model.target {
        ModelTarget::Companion(companion) if asked.store => companion,
        target => return direct::answer(&engine, target, &asked, frames).await,
    };
    let reply = Reply::new(said(&face, &engine, companion, id, &asked).await?);
    if asked.stream {
        streamed(reply, frames, asked.max_tokens).await
    } else {
        whole(reply, &frames, asked.max_tokens).await
    }
}

/// The words are safe when it returns, and somebody is writing the reply. What the client instructs is
/// not passed on: who a companion is, is for its owner to say.
async fn said(
    face: &Face,
    engine: &EngineClient,
    companion: Uuid,
    id: Uuid,
    asked: &ChatRequest,
) -> Result<Leaving, Complaint> {
    let told = asked.messages.iter().filter_map(|spoken| {
        let author = match spoken.role {
            Role::System => return None,
            Role::Person => AuthorView::Person,
            Role::Companion => AuthorView::Companion,
        };
        Some(ToldMessage { author, text: spoken.text.clone() })
    });
    let history = History { companion, messages: told.collect() };
    let place: ContinuationView = engine.post("/api/v1/continuations", &history).await?;
    let new = NewTurn {
        id,
        text: place.text,
        parent: place.parent,
        instead_of: None,
        attachments: Vec::new(),
        history: Some(place.history),
        max_tokens: asked.max_tokens,
    };
    // Held from before the first word goes out: a client may leave at any time.
    let leaving = Leaving::new(engine.clone(), new.id, face.tasks.clone());
    let path = format!("/api/v1/conversations/{}/turns", place.conversation);
    engine.post::<TurnView>(&path, &new).await?;
    Ok(leaving)
}

async fn whole(mut reply: Reply, frames: &Frames, most: Option<i64>) -> Result<Response, Complaint> {
    loop {
        match reply.next().await {
            // The turn itself tells its text when it has ended.
            Step::Words(_) | Step::Void => {}
            Step::Failed(complaint) => return Err(complaint),
            Step::Ended(turn) => {
                return match frames::failure(&turn) {
                    Some(complaint) => Err(complaint),
                    None => Ok(Json(frames.whole(&turn.text, &Summary::of(&turn, most))).into_response()),
                };
            }
        }
    }
}

async fn streamed(mut reply: Reply, frames: Frames, most: Option<i64>) -> Result<Response, Complaint> {
    let first = match tokio::time::timeout(FIRST_WORDS, reply.next()).await {
        Ok(Step::Failed(complaint)) => return Err(complaint),
        Ok(Step::Ended(turn)) => match frames::failure(&turn) {
            Some(complaint) => return Err(complaint),
            None => Some(Step::Ended(turn)),
        },
        Ok(step) => Some(step),
        Err(_) => None,
    };
    let mut telling =
        Telling { reply, queue: VecDeque::from([frames.opening()]), frames, most, told: false, over: false };
    if let Some(step) = first {
        telling.take(step);
    }
    Ok(frames::stream_of(Body::from_stream(stream::unfold(telling, Telling::next))))
}

/// A reply on its way to the client. Dropped before the end, it stops the turn.
struct Telling {
    reply: Reply,
    frames: Frames,
    /// The longest reply that was wanted, in tokens.
    most: Option<i64>,
    queue: VecDeque<Bytes>,
    /// Whether the client has seen words, which nobody can take back.
    told: bool,
    over: bool,
}

impl Telling {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                return Some((Ok(frame), self));
            }
            if self.over {
                return None;
            }
            match tokio::time::timeout(ALIVE_EVERY, self.reply.next()).await {
                Ok(step) => self.take(step),
                Err(_) => self.queue.push_back(frames::alive()),
            }
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Words(text) => {
                self.told = true;
                self.queue.push_back(self.frames.words(&text));
            }
            Step::Void if self.told => {
                let void = "the reply broke off and begins again; what came of it so far is void";
                self.break_off(&Complaint::new(StatusCode::BAD_GATEWAY, "interrupted", void));
            }
            Step::Void => {}
            Step::Failed(complaint) => self.break_off(&complaint),
            Step::Ended(turn) => match frames::failure(&turn) {
                Some(complaint) => self.break_off(&complaint),
                None => {
                    self.over = true;
                    self.queue.extend(self.frames.closing(&Summary::of(&turn, self.most)));
                }
            },
        }
    }

    fn break_off(&mut self, complaint: &Complaint) {
        self.over = true;
        self.queue.push_back(frames::broken(complaint));
    }
}
