//! Programs that others wrote, before the door for programs: OpenAI's own Python package.

use anyhow::ensure;
use engine_client::wire::people::{KeyCreated, NewKey};
use serde_json::{Value, json};
use std::time::Duration;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::Process;
use tests::python;
use tests::stores::Store;

/// A first import on a busy machine takes its time.
const SOON: Duration = Duration::from_secs(60);

/// Starts `tests/python/openai_client.py` with a key of its own.
async fn start(house: &House, deed: &str) -> anyhow::Result<Process> {
    let created: KeyCreated = house.client().post("/api/v1/keys", &NewKey { name: deed.into() }).await?;
    let script = python::script("openai_client.py").display().to_string();
    let address = house.address().to_string();
    house.home.start_neighbour(python::interpreter()?, &["-I", &script, &address, &created.key, deed])
}

/// Everything it said, once it has ended well.
async fn said(mut process: Process) -> anyhow::Result<Vec<Value>> {
    let status = process.wait_for_exit(SOON).await?;
    ensure!(status.success(), "it ended with {status}: {}", process.stderr()?);
    process.stdout()?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[tokio::test]
async fn openais_own_client_finds_a_companion_where_no_model_is_connected() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let seen = said(start(&house, "models").await?).await?;
    assert_eq!(seen, [json!([["Wren", "whisperengine"]]), json!("Wren")]);
    Ok(())
}

#[tokio::test]
async fn openais_own_client_talks_in_words_in_parts_and_with_a_limit() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let seen = said(start(&house, "chat").await?).await?;
    assert_eq!(
        seen,
        [json!(Script::tokens_text(8)), json!("length"), json!(["chat.completion", "assistant", true])]
    );
    let asked = model.asked();
    assert!(asked[1].texts().any(|text| text.contains("in \nparts")), "{:?}", asked[1].body);
    assert_eq!((&asked[1].body["max_tokens"], &asked[2].body["max_tokens"]), (&json!(7), &json!(9)));
    Ok(())
}

#[tokio::test]
async fn openais_own_client_gets_the_first_word_while_the_model_holds_the_second() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(4).hold_after(1));
    let mut client = start(&house, "stream").await?;
    assert_eq!(client.wait_for_line("text", SOON).await?, r#"{"text": "t1"}"#);
    assert_eq!((model.counts().held, client.stdout()?.lines().count()), (1, 1));
    model.release();
    let seen = said(client).await?;
    let text: String = seen.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(text, Script::tokens_text(4));
    let ends = &seen[seen.len() - 3..];
    assert_eq!(ends[0], json!({"finish": "stop"}));
    assert_eq!(ends[1]["choices"], 0);
    assert!(ends[1]["usage"].as_i64().is_some_and(|tokens| tokens > 0), "{ends:?}");
    assert_eq!(ends[2], "end");
    Ok(())
}

#[tokio::test]
async fn openais_own_client_leaves_and_the_model_is_left_too() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(40).hold_after(1));
    let seen = said(start(&house, "leave").await?).await?;
    assert_eq!(seen, [json!("t1"), json!("left")]);
    model.disconnected(1).await
}

#[tokio::test]
async fn openais_own_client_knows_our_refusals_by_their_names() -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let seen = said(start(&house, "refusals").await?).await?;
    assert_eq!(seen[0], json!(["AuthenticationError", 401, "invalid_api_key"]));
    assert_eq!(seen[1], json!(["NotFoundError", 404, "model_not_found"]));
    for refused in &seen[2..] {
        assert_eq!((&refused[0], &refused[1]), (&json!("BadRequestError"), &json!(400)));
    }
    assert!(model.asked().is_empty(), "what was refused was sent on");
    Ok(())
}
