//! The door for programs that speak OpenAI's API, as one of them meets it.

use anyhow::{Context, ensure};
use engine_client::wire::conversations::ConversationPage;
use engine_client::wire::people::{KeyCreated, NewKey};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Duration;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(30);

/// A program with a key.
struct Client<'a> {
    house: &'a House,
    key: String,
}

/// An answer under way; dropped, its connection is closed.
struct Answer {
    response: Response<Incoming>,
    _connection: JoinSet<()>,
    /// What came and was not looked at.
    rest: String,
}

impl<'a> Client<'a> {
    async fn of(house: &'a House) -> anyhow::Result<Self> {
        let created: KeyCreated =
            house.client().post("/api/v1/keys", &NewKey { name: "a program".into() }).await?;
        Ok(Self { house, key: created.key })
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let address = self.house.address();
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            // A connection that breaks off shows in what was read.
            drop(connection.await);
        });
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default())))?;
        let response =
            tokio::time::timeout(SOON, sender.send_request(request)).await.context("no answer")??;
        Ok(Answer { response, _connection: connections, rest: String::new() })
    }

    async fn ask(&self, messages: &Value, fields: &Value) -> anyhow::Result<Answer> {
        let mut body = json!({"model": "Wren", "messages": messages});
        let fields = fields.as_object().context("fields")?.clone();
        body.as_object_mut().context("an object")?.extend(fields);
        self.send("POST", "/v1/chat/completions", Some(&body)).await
    }

    /// The whole exchange, not streamed.
    async fn exchange(&self, messages: &Value) -> anyhow::Result<String> {
        let (status, body) = self.ask(messages, &json!({})).await?.whole().await?;
        ensure!(status == StatusCode::OK, "{status}: {body}");
        let text = body["choices"][0]["message"]["content"].as_str();
        text.map(str::to_owned).with_context(|| body.to_string())
    }

    async fn conversations(&self) -> anyhow::Result<ConversationPage> {
        Ok(self.house.client().get("/api/v1/conversations").await?)
    }
}

impl Answer {
    async fn whole(mut self) -> anyhow::Result<(StatusCode, Value)> {
        let body = tokio::time::timeout(SOON, self.response.body_mut().collect()).await??.to_bytes();
        let status = self.response.status();
        Ok((status, serde_json::from_slice(&body).with_context(|| format!("{status}: {body:?}"))?))
    }

    /// The next `data:` of the stream; `None` at its end.
    async fn data(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            if let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let (data, rest) = (frame.strip_prefix("data: ").map(str::to_owned), rest.to_owned());
                self.rest = rest;
                match data {
                    Some(data) => return Ok(Some(data)),
                    None => continue,
                }
            }
            let frame = tokio::time::timeout(SOON, self.response.body_mut().frame());
            match frame.await.with_context(|| format!("nothing after {:?}", self.rest))? {
                Some(frame) => {
                    if let Ok(bytes) = frame?.into_data() {
                        self.rest.push_str(std::str::from_utf8(&bytes)?);
                    }
                }
                None => return Ok(None),
            }
        }
    }

    /// The next chunk that has words.
    async fn words(&mut self) -> anyhow::Result<String> {
        loop {
            let data = self.data().await?.context("the stream ended")?;
            let chunk: Value = serde_json::from_str(&data).with_context(|| data.clone())?;
            match chunk["choices"][0]["delta"]["content"].as_str() {
                Some(words) if !words.is_empty() => return Ok(words.to_owned()),
                _ => {}
            }
        }
    }
}

fn said(lines: &[(&str, &str)]) -> Value {
    lines.iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

#[tokio::test]
async fn companions_are_listed_without_a_model_and_answer_from_memory() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let client = Client::of(&house).await?;
    let (status, list) = client.send("GET", "/v1/models", None).await?.whole().await?;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(
        (&list["data"][0]["id"], &list["data"][0]["owned_by"]),
        (&json!("Wren"), &json!("whisperengine"))
    );
    let (status, one) = client.send("GET", "/v1/models/wren", None).await?.whole().await?;
    assert_eq!((status, &one), (StatusCode::OK, &list["data"][0]));
    assert!(!client.exchange(&said(&[("user", "hello")])).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_first_word_arrives_while_the_model_holds_the_second() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    model.next(Script::tokens(4).hold_after(1));
    let options = json!({"stream": true, "stream_options": {"include_usage": true}, "max_tokens": 9});
    let mut answer = client.ask(&said(&[("user", "count")]), &options).await?;
    assert_eq!(answer.words().await?, "t1");
    assert_eq!(model.counts().held, 1);
    model.release();
    let mut text = String::from("t1");
    while text != Script::tokens_text(4) {
        text += &answer.words().await?;
    }
    let mut ends = Vec::new();
    while let Some(data) = answer.data().await? {
        ends.push(data);
    }
    assert_eq!(ends.len(), 3, "{ends:?}");
    let (finish, usage): (Value, Value) = (serde_json::from_str(&ends[0])?, serde_json::from_str(&ends[1])?);
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert!(usage["usage"]["completion_tokens"].as_i64().is_some_and(|tokens| tokens > 0), "{usage}");
    assert_eq!(ends[2], "[DONE]");
    assert_eq!(model.asked()[0].body["max_tokens"], 9);
    Ok(())
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_turn_upstream() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    model.next(Script::tokens(40).hold_after(3));
    let mut answer = client.ask(&said(&[("user", "go on")]), &json!({"stream": true})).await?;
    assert_eq!(answer.words().await?, "t1");
    drop(answer);
    model.disconnected(1).await?;

    // Also where it waits for the whole answer and hears nothing yet.
    model.next(Script::tokens(40).hold_after(0));
    let (messages, plain) = (said(&[("user", "quietly")]), json!({}));
    tokio::select! {
        answered = client.ask(&messages, &plain) => anyhow::bail!("it was answered: {}", answered.is_ok()),
        held = model.until_held(2) => held?,
    }
    model.disconnected(2).await
}

#[tokio::test]
async fn a_grown_history_continues_its_conversation_and_sends_only_its_tail() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    let reply = client.exchange(&said(&[("system", "be brief"), ("user", "hello")])).await?;
    let grown = [("system", "be briefer"), ("user", "hello"), ("assistant", &reply), ("user", "and now?")];
    client.exchange(&said(&grown)).await?;
    let page = client.conversations().await?;
    assert_eq!(page.conversations.len(), 1);
    let talk = Talk::at(house.client(), page.conversations[0].id);
    let texts: Vec<String> = talk.exchanged().await?.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["hello", reply.as_str(), "and now?", &Script::tokens_text(8)]);
    // The same begin elsewhere is another talk.
    client.exchange(&said(&[("user", "hello")])).await?;
    assert_eq!(client.conversations().await?.conversations.len(), 2);
    Ok(())
}

#[tokio::test]
async fn who_has_no_key_and_what_is_not_there_are_refused_in_the_shape_clients_know() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let good = Client::of(&house).await?;
    let bad = Client { house: &house, key: "wek_wrong".into() };
    let answer = bad.ask(&said(&[("user", "hello")]), &json!({})).await?;
    assert_eq!(answer.response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    let (status, body) = answer.whole().await?;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_api_key")));
    let unknown = good.ask(&said(&[("user", "hello")]), &json!({"model": "nobody"})).await?;
    let (status, body) = unknown.whole().await?;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &json!("model_not_found")));
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]);
    let (status, body) = good.ask(&image, &json!({})).await?.whole().await?;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        body["error"]["message"].as_str().is_some_and(|words| words.contains("images are not supported"))
    );
    assert!(good.conversations().await?.conversations.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_reply_that_breaks_off_ends_with_an_error_and_no_pretended_stop() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    model.next(Script::tokens(8).broken_after(3));
    let mut answer = client.ask(&said(&[("user", "hello")]), &json!({"stream": true})).await?;
    let mut all = Vec::new();
    while let Some(data) = answer.data().await? {
        all.push(data);
    }
    let last: Value = serde_json::from_str(all.last().context("something came")?)?;
    assert!(last["error"]["message"].is_string(), "{all:?}");
    let stopped = all.iter().any(|data| data.contains(r#""finish_reason":"stop""#) || data == "[DONE]");
    assert!(!stopped, "{all:?}");
    Ok(())
}

#[tokio::test]
async fn a_model_is_asked_without_a_companion_and_nothing_is_remembered() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    let plain = said(&[("system", "be brief"), ("user", "count")]);
    let (status, body) = client.ask(&plain, &json!({"model": "scripted"})).await?.whole().await?;
    assert_eq!(
        (status, &body["choices"][0]["message"]["content"]),
        (StatusCode::OK, &json!(Script::tokens_text(8)))
    );
    assert_eq!(model.asked()[0].body["messages"], plain);

    model.next(Script::tokens(4).hold_after(1));
    let mut answer = client.ask(&plain, &json!({"model": "scripted", "stream": true})).await?;
    assert_eq!(answer.words().await?, "t1");
    drop(answer);
    model.disconnected(1).await?;

    model.next(Script::rate_limited(Some(7)));
    let answer = client.ask(&plain, &json!({"model": "scripted", "stream": true})).await?;
    assert_eq!(answer.response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.response.headers()[header::RETRY_AFTER], "7");
    assert!(client.conversations().await?.conversations.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_companion_that_is_to_store_nothing_answers_as_itself_and_keeps_nothing() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let client = Client::of(&house).await?;
    client.exchange(&said(&[("user", "the harbour light is green")])).await?;
    let kept = client.conversations().await?.conversations.len();

    let told = said(&[("system", "be a pirate"), ("user", "what do you know of the harbour light?")]);
    let answer = client.ask(&told, &json!({"store": false, "stream": true})).await?;
    assert_eq!(answer.response.status(), StatusCode::OK);
    let body = json!({"model": "Wren", "messages": told});
    let by_address = client.send("POST", "/v1/chat/completions?memory=off", Some(&body)).await?;
    let (status, whole) = by_address.whole().await?;
    assert_eq!((status, &whole["model"]), (StatusCode::OK, &json!("Wren")), "{whole}");
    for asked in &model.asked()[1..] {
        let prompt = asked.body["messages"].to_string();
        assert!(prompt.contains("You are Wren") && prompt.contains("harbour light?"), "{prompt}");
        assert!(!prompt.contains("green") && !prompt.contains("pirate"), "{prompt}");
    }
    assert_eq!(model.asked().len(), 3);
    assert_eq!(client.conversations().await?.conversations.len(), kept);
    let found: Vec<Value> = house.client().get("/api/v1/search?q=know").await?;
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}

#[tokio::test]
async fn texts_become_vectors_by_the_model_that_is_named() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "vectors").await?;
    let client = Client::of(&house).await?;
    let embed = async |fields: Value| {
        let mut body = json!({"model": "vectors"});
        body.as_object_mut().context("an object")?.extend(fields.as_object().context("fields")?.clone());
        client.send("POST", "/v1/embeddings", Some(&body)).await?.whole().await
    };
    let texts = json!(["the harbour light", "the harbour light", "bread"]);
    let (status, body) = embed(json!({"input": texts, "dimensions": 8})).await?;
    assert_eq!(status, StatusCode::OK, "{body}");
    let vector = |at: usize| body["data"][at]["embedding"].as_array().cloned().unwrap_or_default();
    assert_eq!((vector(0).len(), vector(0) == vector(1), vector(0) == vector(2)), (8, true, false), "{body}");
    assert_eq!(body["usage"], json!({"prompt_tokens": 7, "total_tokens": 7}));
    let (_, packed) = embed(json!({"input": "bread", "dimensions": 8, "encoding_format": "base64"})).await?;
    // 32 bytes.
    assert_eq!(packed["data"][0]["embedding"].as_str().map(str::len), Some(44), "{packed}");
    let (status, body) = embed(json!({"input": "bread", "model": "Wren"})).await?;
    assert_eq!((status, &body["error"]["param"]), (StatusCode::BAD_REQUEST, &json!("model")));
    Ok(())
}
