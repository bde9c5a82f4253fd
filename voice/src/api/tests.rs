//! The contract over HTTP, with a real recogniser behind it.

use super::router::{Voice, router};
use crate::ears::desk::{Desk, Settings};
use crate::ears::tests::{easy, shelf, spoken};
use crate::mouth::espeak::EspeakNg;
use crate::mouth::speaking::Mouth;
use crate::queue::Queue;
use crate::shelf::models::Shelf;
use crate::shelf::proof::Proofs;
use crate::sound::brought::Keeping;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use engine_client::principal::{PRINCIPAL, Principal, REQUEST_ID, SECRET};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use voice_client::contract::{
    LARGEST_FORM, LARGEST_SOUND, READY, SPEECH, TRANSCRIPTIONS, TRANSLATIONS, VOICES,
};

const MARK: &str = "a-line-that-is-in-no-file";

fn voice(root: &Path, settings: Settings) -> Router {
    router(voice_at(root, settings))
}

/// With the models there, behind `the secret`.
pub fn voice_at(root: &Path, settings: Settings) -> Voice {
    parts(root, settings, Keeping::at(root.to_owned()))
}

fn kept_at(root: &Path, settings: Settings, keeping: Keeping) -> Router {
    router(parts(root, settings, keeping))
}

fn parts(root: &Path, settings: Settings, keeping: Keeping) -> Voice {
    let proofs = Proofs::new(easy(root), "1", root.join("proven.json"));
    let ears = Desk::new(Shelf::at(root.to_owned()), proofs, settings);
    let mouth = Mouth::new(Arc::new(EspeakNg::new(None)), TaskTracker::new());
    let (mouth, speakers) = (Arc::new(mouth), Queue::new(2, 2));
    let (usual, secret) = ("en-us".into(), "the secret".into());
    Voice { ears, mouth, speakers, usual, secret, keeping }
}

fn form(sound: Option<&[u8]>, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--{MARK}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    if let Some(sound) = sound {
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"x.wav\"";
        body.extend(format!("--{MARK}\r\n{head}\r\nContent-Type: audio/wav\r\n\r\n").bytes());
        body.extend(sound);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{MARK}--\r\n").bytes());
    body
}

fn request(path: &str, body: Vec<u8>) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={MARK}"))
        .header(SECRET, "the secret")
        .header(PRINCIPAL, Principal::Operator.to_header())
        .header(REQUEST_ID, "r-1")
        .body(Body::from(body))
        .expect("a request")
}

async fn told(router: &Router, request: Request<Body>) -> (StatusCode, String, String) {
    let answer = router.clone().oneshot(request).await.expect("answered");
    assert_eq!(answer.headers().get(REQUEST_ID).map(axum::http::HeaderValue::as_bytes), Some(&b"r-1"[..]));
    let kind =
        answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (status, kind) = (answer.status(), kind.to_owned());
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a whole answer");
    (status, kind, String::from_utf8(body.to_vec()).expect("text"))
}

async fn heard(router: &Router, fields: &[(&str, &str)]) -> (String, String) {
    let sound = spoken("turn on the light");
    let (status, kind, text) = told(router, request(TRANSCRIPTIONS, form(Some(&sound), fields))).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    (kind, text)
}

#[tokio::test]
async fn every_format_says_the_same() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings::default());
    let (kind, text) = heard(&voice, &[("model", "whisper-1")]).await;
    assert_eq!((kind.as_str(), text.as_str()), ("application/json", r#"{"text":"turn on the light"}"#));
    let (kind, text) = heard(&voice, &[("response_format", "text"), ("model", "words")]).await;
    assert_eq!((kind.as_str(), text.as_str()), ("text/plain; charset=utf-8", "turn on the light\n"));
    let (_, text) = heard(&voice, &[("response_format", "srt"), ("language", "en")]).await;
    assert!(text.starts_with("1\n00:00:00,") && text.ends_with("\nturn on the light\n\n"), "{text}");
    let (kind, text) = heard(&voice, &[("response_format", "vtt"), ("temperature", "0")]).await;
    assert!(kind.starts_with("text/vtt") && text.starts_with("WEBVTT\n\n00:00:00."), "{kind} {text}");
    let fields =
        [("response_format", "verbose_json"), ("timestamp_granularities[]", "word"), ("prompt", "a\0light")];
    let (_, text) = heard(&voice, &fields).await;
    let told: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&told["task"], &told["language"]), (&"transcribe".into(), &"english".into()));
    assert_eq!(told["words"].as_array().map(Vec::len), Some(4), "{told}");
    assert_eq!(told["segments"][0]["text"], "turn on the light");
    let translated = form(Some(&spoken("what is my name")), &[]);
    let (_, _, text) = self::told(&voice, request(TRANSLATIONS, translated)).await;
    assert_eq!(text, r#"{"text":"what is my name"}"#);
}

#[tokio::test]
async fn a_stream_tells_each_piece_and_then_the_whole_or_what_went_wrong() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings::default());
    let (kind, text) = heard(&voice, &[("stream", "true")]).await;
    assert_eq!(kind, "text/event-stream");
    let events: Vec<_> = text.split("\n\n").filter(|event| !event.is_empty()).collect();
    let data = |event: &str| -> Value {
        let data = event.lines().find_map(|line| line.strip_prefix("data: ")).expect("it has data");
        serde_json::from_str(data).expect("JSON")
    };
    let [first, last] = events[..] else { panic!("{events:?}") };
    assert!(
        first.starts_with("event: transcript.text.delta\n")
            && last.starts_with("event: transcript.text.done\n")
    );
    assert_eq!(
        (&data(first)["delta"], &data(last)["text"]),
        (&"turn on the light".into(), &"turn on the light".into())
    );
    let nobody = form(Some(&spoken("what is my name")), &[("stream", "true"), ("model", "other")]);
    assert_eq!(told(&voice, request(TRANSCRIPTIONS, nobody)).await.0, StatusCode::NOT_FOUND);
    let broken = form(Some(b"no sound at all"), &[("stream", "true")]);
    let (_, _, text) = told(&voice, request(TRANSCRIPTIONS, broken)).await;
    assert!(text.starts_with("event: error\n") && text.contains("unsupported_media"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_what_to_do() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings::default());
    let sound = spoken("what is my name");
    let refused = async |sound: Option<&[u8]>, fields: &[(&str, &str)]| {
        let (status, kind, text) = told(&voice, request(TRANSCRIPTIONS, form(sound, fields))).await;
        assert_eq!(kind, "application/problem+json");
        let problem: Value = serde_json::from_str(&text).expect("JSON");
        (status.as_u16(), problem["detail"].as_str().expect("a sentence").to_owned())
    };
    for (sound, fields, status, says) in [
        (None, &[][..], 400, "file:"),
        (Some(&b""[..]), &[], 415, "no format"),
        (Some(&b"hello, this is text"[..]), &[], 415, "no format"),
        (Some(&sound[..44]), &[], 400, "no sound"),
        (Some(&sound[..]), &[("model", "../other")], 404, "no model"),
        (Some(&sound[..]), &[("language", "klingon")], 400, "no language"),
        (Some(&sound[..]), &[("language", "fr")], 400, "English"),
        (Some(&sound[..]), &[("response_format", "pdf")], 400, "response_format:"),
        (Some(&sound[..]), &[("temperature", "7")], 400, "temperature:"),
        (Some(&sound[..]), &[("temperature", "NaN")], 400, "temperature:"),
        (Some(&sound[..]), &[("stream", "perhaps")], 400, "stream:"),
        (Some(&sound[..]), &[("timestamp_granularities[]", "letter")], 400, "timestamp_granularities"),
    ] {
        let (found, detail) = refused(sound, fields).await;
        assert!((found, detail.contains(says)) == (status, true), "{fields:?}: {found} {detail}");
    }
    let long = "x".repeat(17_000);
    assert_eq!(refused(Some(&sound), &[("prompt", &long)]).await.0, 400);
    let mut cut = form(Some(&sound), &[]);
    cut.truncate(cut.len() / 2);
    assert_eq!(told(&voice, request(TRANSCRIPTIONS, cut)).await.0, StatusCode::BAD_REQUEST);
    let bare = Request::post(TRANSCRIPTIONS).header(REQUEST_ID, "r-1");
    for stranger in [
        bare.body(Body::empty()).expect("a request"),
        request_with(SECRET, "a guess"),
        request_with(PRINCIPAL, &Principal::Anonymous.to_header()),
        request_with(PRINCIPAL, "operator"),
    ] {
        assert_eq!(told(&voice, stranger).await.0, StatusCode::UNAUTHORIZED);
    }
    let empty = tempfile::tempdir().expect("a directory");
    let none = self::voice(empty.path(), Settings::default());
    let (status, _, text) = told(&none, request(TRANSCRIPTIONS, form(Some(&sound), &[]))).await;
    assert!(status == StatusCode::SERVICE_UNAVAILABLE && text.contains("part_missing"), "{text}");
}

fn request_with(name: &'static str, value: &str) -> Request<Body> {
    let mut request = request(TRANSCRIPTIONS, form(Some(b""), &[]));
    request.headers_mut().insert(name, value.parse().expect("a header"));
    request
}

#[tokio::test]
async fn more_than_may_wait_are_sent_away_and_everybody_else_is_heard() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings { most_waiting: 4, ..Settings::default() });
    let sound = spoken("turn on the light");
    let all = (0..12)
        .map(|_| told(&voice, request(TRANSCRIPTIONS, form(Some(&sound), &[("response_format", "text")]))));
    let all = futures::future::join_all(all).await;
    let (well, away): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(status, _, _)| *status == StatusCode::OK);
    assert!(well.iter().all(|(_, _, text)| text == "turn on the light\n"));
    assert!(away.iter().all(|(status, _, text)| {
        *status == StatusCode::TOO_MANY_REQUESTS && text.contains("\"retry_after\":5")
    }));
    assert_eq!((well.len(), away.len()), (5, 7));
}

async fn said(router: &Router, body: &Value) -> (StatusCode, String, Vec<u8>) {
    let mut request = request(SPEECH, body.to_string().into_bytes());
    request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a type"));
    let answer = router.clone().oneshot(request).await.expect("answered");
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    let status = answer.status();
    (status, kind, to_bytes(answer.into_body(), 1 << 22).await.expect("a whole answer").to_vec())
}

#[tokio::test]
async fn what_is_said_in_every_shape_is_heard_as_it_was_written() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings::default());
    for (shape, kind) in [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("opus", "audio/ogg")] {
        let body = json!({ "model": "tts-1", "voice": "alloy", "input": "turn on the light", "response_format": shape });
        let (status, found, sound) = said(&voice, &body).await;
        assert_eq!((status, found.as_str()), (StatusCode::OK, kind));
        let (_, _, text) =
            told(&voice, request(TRANSCRIPTIONS, form(Some(&sound), &[("response_format", "text")]))).await;
        assert_eq!(text, "turn on the light\n", "{shape}");
    }
    let (_, kind, usual) = said(&voice, &json!({ "input": "what is my name", "speed": 1.0 })).await;
    assert_eq!(kind, "audio/mpeg");
    let (_, _, quick) = said(&voice, &json!({ "input": "what is my name", "speed": 2.0 })).await;
    assert!(quick.len() * 3 < usual.len() * 2, "{} {}", quick.len(), usual.len());
    let asked = json!({ "input": "what is my name", "response_format": "pcm", "stream_format": "sse" });
    let (_, kind, events) = said(&voice, &asked).await;
    let events = String::from_utf8(events).expect("text");
    assert!(kind == "text/event-stream" && events.contains("speech.audio.delta"), "{kind}");
    assert!(events.trim_end().ends_with(r#"data: {"type":"speech.audio.done"}"#), "{events}");
}

#[tokio::test]
async fn what_cannot_be_said_is_told_and_who_can_speak_is_listed() {
    let (root, _) = shelf();
    let voice = voice(root.path(), Settings::default());
    for (body, status, says) in [
        (json!({ "input": "hello", "voice": "nobody" }), 400, "/v1/audio/voices"),
        (json!({ "input": "hello", "voice": "--version" }), 400, "no voice"),
        (json!({ "input": "hello", "model": "other" }), 404, "espeak-ng"),
        (json!({ "input": "hello", "response_format": "aac" }), 400, "mp3, opus, wav or pcm"),
        (json!({ "input": "hello", "speed": 9 }), 400, "speed:"),
        (json!({ "input": "  \n  " }), 400, "nothing in it"),
        (json!({ "input": "x".repeat(300_000) }), 413, "bytes"),
        (json!({ "text": "hello" }), 400, "input"),
    ] {
        let (found, _, text) = said(&voice, &body).await;
        let text = String::from_utf8(text).expect("text");
        assert!((found.as_u16(), text.contains(says)) == (status, true), "{found} {text}");
    }
    let mut request = request(VOICES, Vec::new());
    *request.method_mut() = axum::http::Method::GET;
    let (_, _, text) = told(&voice, request).await;
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let has =
        |id: &str| told["voices"].as_array().is_some_and(|all| all.iter().any(|voice| voice["id"] == id));
    assert!(has("en-us") && has("de"), "{text}");
}

/// In pieces, as a connection brings them.
fn streamed(path: &str, body: &[u8]) -> Request<Body> {
    let pieces: Vec<_> = body.chunks(100_000).map(Bytes::copy_from_slice).map(Ok::<_, Infallible>).collect();
    request(path, Vec::new()).map(|_| Body::from_stream(futures::stream::iter(pieces)))
}

#[tokio::test]
async fn a_large_file_waits_on_the_disk_and_one_that_is_too_large_is_refused() {
    let (root, _) = shelf();
    let (empty, keeping) =
        (tempfile::tempdir().expect("a directory"), |path: &Path| Keeping::at(path.to_owned()));
    let voice = kept_at(root.path(), Settings::default(), keeping(empty.path()));
    let mut sound = spoken("turn on the light").to_vec();
    sound.resize(3 << 20, 0);
    let fields = [("response_format", "text")];
    let whole = form(Some(&sound), &fields);
    assert_eq!(told(&voice, streamed(TRANSCRIPTIONS, &whole)).await.2, "turn on the light\n");
    assert_eq!(std::fs::read_dir(empty.path()).expect("read").count(), 0);
    let nowhere = kept_at(root.path(), Settings::default(), keeping(&empty.path().join("none")));
    let (status, _, _) = told(&nowhere, streamed(TRANSCRIPTIONS, &whole)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "it was not in memory");
    // One byte more, and so much that it is not even a form.
    for length in [LARGEST_SOUND + 1, LARGEST_FORM] {
        sound.resize(length, 0);
        let (status, _, text) = told(&voice, streamed(TRANSCRIPTIONS, &form(Some(&sound), &[]))).await;
        assert!(status == StatusCode::PAYLOAD_TOO_LARGE && text.contains("too_large"), "{text}");
    }
}

#[tokio::test]
async fn who_comes_when_the_memory_is_full_of_sound_is_told_to_come_back() {
    let (root, _) = shelf();
    let keeping = Keeping::at(root.path().to_owned());
    let voice = kept_at(root.path(), Settings::default(), keeping.clone());
    let mut waiting: Vec<_> = (0..64).map(|_| keeping.begin()).collect();
    for one in &mut waiting {
        one.take(&vec![0; 1 << 20]).await.expect("there is room");
    }
    let ask = || told(&voice, request(TRANSCRIPTIONS, form(Some(&spoken("what is my name")), &[])));
    let (status, _, text) = ask().await;
    assert!(status == StatusCode::TOO_MANY_REQUESTS && text.contains("\"retry_after\":5"), "{text}");
    drop(waiting);
    assert_eq!(ask().await.2, r#"{"text":"what is my name"}"#);
}

#[tokio::test]
async fn it_says_what_it_can_do_to_whoever_may_ask_and_loads_nothing_for_it() {
    let ready = async |router: &Router, secret: &str| {
        let request = Request::get(READY)
            .header(SECRET, secret)
            .header(PRINCIPAL, Principal::Operator.to_header())
            .header(REQUEST_ID, "r-1");
        told(router, request.body(Body::empty()).expect("a request")).await
    };
    let (root, _) = shelf();
    let (status, _, text) = ready(&voice(root.path(), Settings::default()), "the secret").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, r#"{"ears":"ready","mouth":"ready"}"#));
    assert!(!root.path().join("proven.json").exists(), "no model was tried out");
    let empty = tempfile::tempdir().expect("a folder");
    let deaf = voice(empty.path(), Settings::default());
    let (status, _, text) = ready(&deaf, "the secret").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, r#"{"ears":"missing","mouth":"ready"}"#));
    assert_eq!(ready(&deaf, "another").await.0, StatusCode::UNAUTHORIZED);
}
