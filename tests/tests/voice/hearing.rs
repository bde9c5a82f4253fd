//! Sound becomes text: at the terminal, for programs with a key, with the box and without it.

use anyhow::{Context, ensure};
use engine_client::wire::people::{KeyCreated, NewKey};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use tests::house::House;
use tests::process::Home;
use tests::speech::{add_recogniser, poison, recogniser, spoken};
use tests::stores::Store;
use tests::{http as plain, python};
use voice_client::contract::TRANSCRIPTIONS;
use voice_client::form::Form;

/// Of a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);

pub async fn says(home: &Home, arguments: &[&str]) -> anyhow::Result<String> {
    let done = home.run(arguments, SOON).await?;
    ensure!(done.status.success(), "{arguments:?}: {}", done.stderr);
    Ok(done.stdout)
}

pub async fn refuses(home: &Home, arguments: &[&str]) -> anyhow::Result<String> {
    let done = home.run(arguments, SOON).await?;
    ensure!(done.status.code() == Some(1), "{arguments:?}: {}", done.stdout);
    Ok(done.stderr)
}

pub async fn key(house: &House) -> anyhow::Result<String> {
    let made: KeyCreated = house.client().post("/api/v1/keys", &NewKey { name: "a program".into() }).await?;
    Ok(made.key)
}

pub async fn hear(house: &House, key: &str, sound: &[u8], model: &str) -> anyhow::Result<Response<Bytes>> {
    let (kind, body) = Form::new(1).with("model", model).with_sound(sound).end();
    let request = Request::post(TRANSCRIPTIONS)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, kind)
        .body(Full::new(Bytes::from(body)))?;
    plain::send_within(SOON, house.address(), request).await
}

pub fn told(answer: &Response<Bytes>) -> anyhow::Result<Value> {
    serde_json::from_slice(answer.body()).with_context(|| format!("{:?}", answer.body()))
}

#[tokio::test]
async fn a_file_is_heard_where_no_box_runs_and_by_the_one_that_does() -> anyhow::Result<()> {
    let mut house = House::new(Store::Sqlite)?;
    let file = house.home.path().join("said.wav").display().to_string();
    std::fs::write(&file, spoken("turn on the light")?)?;
    assert!(refuses(&house.home, &["transcribe", &file]).await?.contains("whisperengine model add"));
    let loose = recogniser(house.home.path())?.display().to_string();
    assert_eq!(says(&house.home, &["transcribe", &file, "--model", &loose]).await?, "turn on the light\n");
    add_recogniser(&house.home, "words").await?;
    assert_eq!(says(&house.home, &["transcribe", &file]).await?, "turn on the light\n");

    house.home.set("WHISPERENGINE_LOG_LEVEL", "debug");
    house.up().await?;
    let said: Value = serde_json::from_str(&says(&house.home, &["transcribe", &file, "--json"]).await?)?;
    assert_eq!(
        (&said["text"], &said["segments"][0]["text"]),
        (&json!("turn on the light"), &json!("turn on the light"))
    );
    // The box heard it, not the command.
    let log = house.home.data_dir().join("logs/performance.log");
    assert!(std::fs::read_to_string(log)?.contains(TRANSCRIPTIONS));
    let no_sound = house.home.path().join("notes.txt").display().to_string();
    std::fs::write(&no_sound, "nothing that can be heard")?;
    assert!(refuses(&house.home, &["transcribe", &no_sound]).await?.contains("send wav, flac"));
    says(&house.home, &["model", "remove", "words"]).await?;
    assert_eq!(
        says(&house.home, &["model", "list", "--json"]).await?.replace([' ', '\n'], ""),
        r#"{"models":[]}"#
    );
    assert!(refuses(&house.home, &["transcribe", &file]).await?.contains("no model to listen with"));
    house.stop().await
}

#[tokio::test]
async fn a_program_with_a_key_is_heard_and_nobody_else() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let (key, sound) = (key(&house).await?, spoken("what is my name")?);
    let answer = hear(&house, &key, &sound, "whisper-1").await?;
    assert_eq!((answer.status(), told(&answer)?), (StatusCode::OK, json!({ "text": "what is my name" })));
    for (key, sound, model, status, code) in [
        ("wek_wrong", &sound[..], "words", StatusCode::UNAUTHORIZED, "invalid_api_key"),
        (&key, &sound, "other", StatusCode::NOT_FOUND, "not_found"),
        (&key, b"no sound", "words", StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media"),
    ] {
        let answer = hear(&house, key, sound, model).await?;
        assert_eq!((answer.status(), &told(&answer)?["error"]["code"]), (status, &json!(code)));
    }
    Ok(())
}

#[tokio::test]
async fn a_model_that_ends_whoever_loads_it_leaves_the_box_up() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let poison = poison(house.home.path())?.display().to_string();
    let refused = refuses(&house.home, &["model", "add", &poison, "--name", "poison"]).await?;
    assert!(refused.contains("signal 6: GGML_ASSERT"), "{refused}");
    // Put there past the box, and asked for.
    add_recogniser(&house.home, "words").await?;
    std::fs::copy(&poison, house.home.data_dir().join("data/models/ears/poison.bin"))?;
    let (key, sound) = (key(&house).await?, spoken("what is my name")?);
    let answer = hear(&house, &key, &sound, "poison").await?;
    assert_eq!(
        (answer.status(), &told(&answer)?["error"]["code"]),
        (StatusCode::BAD_GATEWAY, &json!("model_failed"))
    );
    assert_eq!(plain::get(house.address(), "/health").await?.status(), StatusCode::OK);
    let answer = hear(&house, &key, &sound, "words").await?;
    assert_eq!(told(&answer)?, json!({ "text": "what is my name" }));
    Ok(())
}

#[tokio::test]
async fn whoever_wants_no_voice_has_none() -> anyhow::Result<()> {
    let mut house = House::new(Store::Sqlite)?;
    house.home.set("WHISPERENGINE_VOICE", "false");
    house.up().await?;
    house.set_up().await?;
    let answer = hear(&house, &key(&house).await?, &spoken("what is my name")?, "words").await?;
    let error = &told(&answer)?["error"];
    assert_eq!((answer.status(), &error["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("part_missing")));
    assert!(error["message"].as_str().is_some_and(|text| text.contains("voice.enabled")), "{error}");
    Ok(())
}

#[tokio::test]
async fn openais_own_client_is_heard_in_every_shape() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let file = house.home.path().join("said.wav").display().to_string();
    std::fs::write(&file, spoken("turn on the light")?)?;
    let (script, address) =
        (python::script("openai_voice.py").display().to_string(), house.address().to_string());
    let arguments = ["-I", &script, &address, &key(&house).await?, &file];
    let mut client = house.home.start_neighbour(python::interpreter()?, &arguments)?;
    let status = client.wait_for_exit(SOON).await?;
    ensure!(status.success(), "it ended with {status}: {}", client.stderr()?);
    let said: Vec<Value> = client.stdout()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let light = "turn on the light";
    assert_eq!(
        said,
        [
            json!(["json", light]),
            json!(["text", format!("{light}\n")]),
            json!(["srt", true]),
            json!(["vtt", true]),
            json!(["verbose_json", "english", light, ["turn", "on", "the", "light"]]),
            json!(["translation", light]),
            json!(["stream", ["transcript.text.delta", "transcript.text.done"], light]),
            json!(["refused", "NotFoundError", 404]),
        ]
    );
    Ok(())
}
