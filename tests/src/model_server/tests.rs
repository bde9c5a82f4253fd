//! The scripted server, seen with a bare HTTP client.

use super::script::Script;
use super::server::{Counts, ModelServer};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One connection with one request on it; dropping it leaves the server.
struct Call {
    response: http::Response<Incoming>,
    _connection: JoinSet<()>,
}

async fn call(server: &ModelServer, path: &str, body: &Value) -> anyhow::Result<Call> {
    let stream = TcpStream::connect(server.address()).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        // How it ends is seen in the response's body.
        let _ = connection.await;
    });
    let request = Request::post(path)
        .header("host", server.address().to_string())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let response = sender.send_request(request).await?;
    Ok(Call { response, _connection: driving })
}

async fn chat(server: &ModelServer) -> anyhow::Result<Call> {
    let messages = json!([{"role": "user", "content": "two words"}]);
    call(server, "/v1/chat/completions", &json!({"model": "m", "stream": true, "messages": messages})).await
}

impl Call {
    async fn text(self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.response.into_body().collect().await?.to_bytes()).into_owned())
    }

    async fn piece(&mut self) -> anyhow::Result<String> {
        let frame = self.response.frame().await.ok_or_else(|| anyhow::anyhow!("the body ended"))??;
        let bytes = frame.into_data().map_err(|_| anyhow::anyhow!("trailers"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The events' JSON, without the last `[DONE]`.
fn events(text: &str) -> anyhow::Result<Vec<Value>> {
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    Ok(data.filter(|data| *data != "[DONE]").map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn streams_its_words_with_figures_and_an_end() -> anyhow::Result<()> {
    let server = ModelServer::start().await?;
    server.next(Script::tokens(3).thinking(["hm"]).model("other").cost("0.00014"));
    let text = chat(&server).await?.text().await?;
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let events = events(&text)?;
    let content: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(content, Script::tokens_text(3));
    assert_eq!(events[0]["choices"][0]["delta"]["reasoning_content"], "hm");
    assert_eq!(events[0]["model"], "other");
    let figures = &events[events.len() - 1]["usage"];
    assert!(figures.to_string().contains("\"cost\":0.00014"), "{figures}");
    assert_eq!((&figures["prompt_tokens"], &figures["completion_tokens"]), (&json!(2), &json!(4)));
    assert_eq!(server.counts(), Counts { asked: 1, held: 0, left: 0 });
    assert_eq!(server.asked()[0].texts().collect::<Vec<_>>(), ["two words"]);
    Ok(())
}

#[tokio::test]
async fn holds_until_released_and_notices_who_leaves() -> anyhow::Result<()> {
    let server = ModelServer::start().await?;
    server.by_default(Script::tokens(3).hold_after(2));
    let mut held = chat(&server).await?;
    assert!(held.piece().await?.contains("\"t1\""));
    server.until_held(1).await?;
    server.release();
    assert!(held.text().await?.contains(" t3"));
    let left = chat(&server).await?;
    server.until_held(2).await?;
    drop(left);
    server.disconnected(1).await?;
    server.by_default(Script::silent());
    let waiting = tokio::time::timeout(Duration::from_millis(50), chat(&server)).await;
    assert!(waiting.is_err());
    server.disconnected(2).await
}

#[tokio::test]
async fn breaks_cuts_floods_and_drips_on_command() -> anyhow::Result<()> {
    let server = ModelServer::start().await?;
    server.next(Script::tokens(5).broken_after(2));
    let mut broken = chat(&server).await?;
    assert!(broken.piece().await?.contains("\"t1\""));
    assert!(broken.text().await.is_err());
    server.next(Script::tokens(5).cut_after(2));
    let cut = chat(&server).await?.text().await?;
    assert!(cut.contains(" t2") && !cut.contains("t3") && !cut.contains("DONE"), "{cut}");
    server.next(Script::huge_frame(1_000_000));
    assert!(chat(&server).await?.text().await?.len() > 1_000_000);
    server.next(Script::endless());
    let mut endless = chat(&server).await?;
    let mut taken = 0;
    while taken < 1_000_000 {
        taken += endless.piece().await?.len();
    }
    drop(endless);
    server.disconnected(1).await?;
    server.next(Script::tokens(1).drip(Duration::from_micros(100)));
    let mut dripping = chat(&server).await?;
    assert_eq!(dripping.piece().await?, "d");
    assert_eq!(events(&format!("d{}", dripping.text().await?))?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn refuses_with_the_status_it_was_told() -> anyhow::Result<()> {
    let server = ModelServer::start().await?;
    for status in [401, 402, 404, 413, 500, 503] {
        server.next(Script::status(status));
        assert_eq!(chat(&server).await?.response.status(), status);
    }
    server.next(Script::rate_limited(Some(7)));
    let limited = chat(&server).await?.response;
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"7".parse()?));
    server.next(Script::web_page());
    assert_eq!(chat(&server).await?.response.headers()["content-type"], "text/html; charset=utf-8");
    Ok(())
}

#[tokio::test]
async fn answers_whole_and_embeds_alike_texts_alike() -> anyhow::Result<()> {
    let server = ModelServer::start().await?;
    server.next(Script::tokens(2));
    let ask = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    let whole: Value =
        serde_json::from_str(&call(&server, "/v1/chat/completions", &ask).await?.text().await?)?;
    assert_eq!(whole["choices"][0]["message"]["content"], "t1 t2");
    let input = json!({"model": "e", "input": ["the cat sat", "the cat slept", "stock prices"]});
    let embedded: Value =
        serde_json::from_str(&call(&server, "/v1/embeddings", &input).await?.text().await?)?;
    let rows: Vec<Vec<f64>> = embedded["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| serde_json::from_value(row["embedding"].clone()))
        .collect::<Result<_, _>>()?;
    let near = |a: usize, b: usize| rows[a].iter().zip(&rows[b]).map(|(x, y)| x * y).sum::<f64>();
    assert!(near(0, 1) > near(0, 2), "{rows:?}");
    Ok(())
}
