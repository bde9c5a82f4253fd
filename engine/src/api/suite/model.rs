//! A model server that says what the test tells it to, when the test tells it to.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_util::task::TaskTracker;

pub struct Model {
    pub url: String,
    calls: Mutex<mpsc::UnboundedReceiver<Call>>,
}

/// One request under way; dropped, its answer is cut.
pub struct Call {
    /// The request's body.
    pub asked: String,
    words: mpsc::UnboundedSender<String>,
}

impl Model {
    pub async fn start(tasks: &TaskTracker) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("a bound socket has an address"));
        let (asked, calls) = mpsc::unbounded_channel();
        let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::new(asked));
        tasks.spawn(async move { axum::serve(listener, router).await });
        Self { url, calls: Mutex::new(calls) }
    }

    /// The next request that comes in.
    pub async fn asked(&self) -> Call {
        self.calls.lock().await.recv().await.expect("the server lives as long as the test")
    }
}

impl Call {
    pub fn say(&self, words: &str) {
        let chunk = serde_json::json!({"model": "parrot", "choices": [{"delta": {"content": words}}]});
        self.send(&chunk.to_string());
    }

    pub fn finish(self) {
        self.send(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);
        self.send("[DONE]");
    }

    fn send(&self, data: &str) {
        // Nobody listens any more after a stop.
        let _ = self.words.send(format!("data: {data}\n\n"));
    }

    /// Until whoever asked hangs up.
    pub async fn left(&self) {
        self.words.closed().await;
    }
}

async fn answer(State(asked): State<Arc<mpsc::UnboundedSender<Call>>>, body: Bytes) -> Response {
    let (words, said) = mpsc::unbounded_channel();
    let _ = asked.send(Call { asked: String::from_utf8_lossy(&body).into_owned(), words });
    let frames = futures::stream::unfold(said, |mut said| async move {
        let frame = said.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(frame)), said))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames.boxed())).into_response()
}
