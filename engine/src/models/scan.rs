//! Model servers on this machine, looked for when the owner asks for it and never before.
//!
//! The usual servers listen on fixed loopback ports, and each lists its models in OpenAI's shape. All are
//! asked at once and none is waited for longer than a moment. A server that wants a key is no answer, and
//! neither is another box of ours, which wants one too. Nothing that is found is connected here.

use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::providers::ModelBuilder;
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(1);
/// A list for people; whoever has more of them types the name.
const MOST_MODELS: usize = 200;
const LONGEST_NAME: usize = 200;

pub const USUAL_PLACES: [Place; 4] = [
    Place { kind: ServerKind::Ollama, port: 11434 },
    Place { kind: ServerKind::LmStudio, port: 1234 },
    Place { kind: ServerKind::LlamaCpp, port: 8080 },
    Place { kind: ServerKind::TextGenerationWebui, port: 5000 },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    Ollama,
    LmStudio,
    LlamaCpp,
    TextGenerationWebui,
}

/// A loopback port and what usually answers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: ServerKind,
    pub port: u16,
}

/// A server that answered, with what it offers, the best for a companion first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: ServerKind,
    pub url: String,
    pub models: Vec<(String, Talks)>,
}

/// Whether a model can be a companion's, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talks {
    Yes,
    Maybe,
    AboutCode,
    No,
}

#[derive(Clone)]
pub struct ModelScan {
    /// Of models that follow no redirect: nothing but the places themselves is asked.
    pub builder: Arc<dyn ModelBuilder>,
}

impl ModelScan {
    /// In the order of `places`.
    pub async fn look(&self, places: &[Place]) -> Vec<Found> {
        join_all(places.iter().map(|place| self.ask(*place))).await.into_iter().flatten().collect()
    }

    async fn ask(&self, place: Place) -> Option<Found> {
        let url = format!("http://127.0.0.1:{}/v1", place.port);
        let model = self.builder.build(&unstored(&url), None).ok()?;
        let listed = tokio::time::timeout(PATIENCE, model.list_models()).await.ok()?.ok()?;
        let fit = |name: &String| !name.trim().is_empty() && name.len() <= LONGEST_NAME;
        let names = listed.into_iter().filter(fit).take(MOST_MODELS);
        let mut models: Vec<_> = names.map(|name| (name.clone(), talks(&name))).collect();
        // Stable: servers list the newest or the loaded one first.
        models.sort_by_key(|(_, talks)| *talks);
        Some(Found { kind: place.kind, url, models })
    }
}

/// What a builder needs to know; it is kept nowhere.
fn unstored(url: &str) -> Connection {
    Connection {
        id: ConnectionId(Uuid::nil()),
        tenant: TenantId(Uuid::nil()),
        name: String::new(),
        base_url: url.to_owned(),
        model: String::new(),
        sealed_key: None,
        context_tokens: 0,
        continues_text: false,
        rank: 0,
        created_at: Timestamp(0),
    }
}

fn talks(name: &str) -> Talks {
    const OTHER_WORK: [&str; 8] = ["embed", "rerank", "minilm", "whisper", "bge", "clip", "tts", "diffusion"];
    let name = name.to_ascii_lowercase();
    let says = |wanted: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == wanted);
    if OTHER_WORK.iter().any(|work| name.contains(work)) {
        Talks::No
    } else if name.contains("coder") || says("code") || name.starts_with("code") {
        Talks::AboutCode
    } else if ["instruct", "chat", "it"].into_iter().any(says) {
        Talks::Yes
    } else {
        Talks::Maybe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::openai::builder::OpenAiBuilder;
    use crate::adapters::openai::config::OpenAiConfig;
    use crate::adapters::system::SystemClock;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse, Response};
    use axum::{Json, Router};
    use engine_outbound::client::{Outbound, OutboundConfig};
    use serde_json::json;
    use tokio::net::TcpListener;
    use tokio_util::task::TaskTracker;

    fn scan() -> ModelScan {
        let outbound = Arc::new(Outbound::new(OutboundConfig::default()));
        let clock = Arc::new(SystemClock::default());
        let config = OpenAiConfig { redirects: 0, ..OpenAiConfig::default() };
        let builder = OpenAiBuilder { outbound, config, clock };
        ModelScan { builder: Arc::new(builder) }
    }

    /// A server that answers everything so, and where it is.
    async fn server(tasks: &TaskTracker, answer: Option<Response>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let answer = Arc::new(tokio::sync::Mutex::new(answer));
        let router = Router::new().fallback(move || {
            let answer = Arc::clone(&answer);
            async move {
                match answer.lock().await.take() {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        });
        tasks.spawn(async move { axum::serve(listener, router).await });
        port
    }

    #[tokio::test]
    async fn what_answers_is_listed_and_what_does_not_holds_nobody_up() {
        let tasks = TaskTracker::new();
        let long = "x".repeat(LONGEST_NAME + 1);
        let names =
            ["nomic-embed-text:latest", "qwen2.5-coder:7b", "llama3.2:3b", "gemma-3-4b-it", "", &long];
        let list: Vec<_> = names.iter().map(|id| json!({ "id": id, "object": "model" })).collect();
        let good = Json(json!({ "object": "list", "data": list })).into_response();
        let ours = (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": "no API key was sent" } })));
        let other = ([("content-type", "text/html")], "<h1>A router</h1>").into_response();
        let elsewhere = Json(json!({ "data": [{ "id": "elsewhere" }] })).into_response();
        let elsewhere = format!("http://127.0.0.1:{}/v1/models", server(&tasks, Some(elsewhere)).await);
        let sends_on = (StatusCode::FOUND, [("location", elsewhere)]).into_response();
        let mut places = Vec::new();
        for answer in [Some(good), Some(ours.into_response()), Some(other), Some(sends_on), None] {
            places.push(Place { kind: ServerKind::LmStudio, port: server(&tasks, answer).await });
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        places.push(Place { kind: ServerKind::Ollama, port: gone.local_addr().expect("bound").port() });
        drop(gone);

        let found = scan().look(&places).await;
        let wanted = [
            ("gemma-3-4b-it", Talks::Yes),
            ("llama3.2:3b", Talks::Maybe),
            ("qwen2.5-coder:7b", Talks::AboutCode),
            ("nomic-embed-text:latest", Talks::No),
        ];
        let models = wanted.map(|(name, talks)| (name.to_owned(), talks)).to_vec();
        let url = format!("http://127.0.0.1:{}/v1", places[0].port);
        assert_eq!(found, [Found { kind: ServerKind::LmStudio, url, models }]);
    }

    #[test]
    fn a_name_tells_what_a_model_is_for() {
        for (name, wanted) in [
            ("mistral-7b-instruct-v0.3", Talks::Yes),
            ("TheBloke/Llama-2-7B-Chat-GGUF", Talks::Yes),
            ("wit", Talks::Maybe),
            ("codellama:13b", Talks::AboutCode),
            ("text-embedding-3-small", Talks::No),
            ("BAAI/bge-m3", Talks::No),
        ] {
            assert_eq!(talks(name), wanted, "{name}");
        }
    }
}
