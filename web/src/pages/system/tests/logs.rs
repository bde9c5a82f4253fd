//! The page of what was written down.

use super::state::{BoxState, line, open, pages};
use crate::pages::tests::{HOSTILE, Leavings, face_of_box, has_no_live_markup, refused, signed_in};
use crate::ports::system::{Level, LogLine, LogPiece, Refused};
use crate::serve::Peer;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine_client::problem::ErrorCode;
use futures::StreamExt;
use http::{Method, StatusCode, header};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::ServiceExt;

fn piece(lines: Vec<LogLine>, has_more: bool) -> BoxState {
    let piece =
        LogPiece { lines, place: Some("2026-11-20T14:07:02.123456Z/1".to_owned()), has_more, is_kept: false };
    BoxState { piece: Ok(piece), ..BoxState::default() }
}

#[tokio::test]
async fn lines_are_words_and_what_is_asked_for_is_handed_on() {
    let lines = vec![
        line(Some(Level::Error), HOSTILE),
        line(Some(Level::Info), &"long ".repeat(1_000)),
        LogLine { at: String::new(), level: None, message: HOSTILE.to_owned(), fields: String::new() },
    ];
    let (face, state) = pages("owner", piece(lines, true));
    let page = open(&face, "/system/logs?log=errors&q=%3Cb%3E+x&level=warn").await;
    assert_eq!(page.status, StatusCode::OK);
    has_no_live_markup(&page.text);
    assert_eq!(page.text.matches("<h1").count(), 1);
    assert_eq!(page.text.matches("</li>").count(), 3);
    assert!(page.text.contains("data-live=\"/system/logs/live?log=errors&#38;level=warn&#38;q="));
    for words in [
        "<option value=\"errors\" selected>",
        "<option value=\"warn\" selected>",
        "value=\"&#60;b&#62; x\"",
        ">2026-11-20 14:07:02</time>",
        "<b>ERROR</b>",
        "#i-bad",
        "The newest 3 lines. There are older ones.",
        "href=\"/system/logs?log=errors&#38;level=warn&#38;q=%3Cb%3E%20x&#38;after=2026-11-20T14%3A07%3A02.123456Z/1\"",
        "href=\"/system/logs/download?log=errors&#38;level=warn&#38;q=%3Cb%3E%20x\" download",
        "<p id=\"lost\" class=\"problem\" role=\"alert\" hidden>No new lines come",
        "<a href=\"/system/logs?log=errors&#38;level=warn&#38;q=%3Cb%3E%20x\">Load the page again</a>",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(page.text.len() < 20_000);
    let asked = state.done();
    let wish = "LogWish { words: \"<b> x\", level: Some(Warn), after: None, most: 100 }";
    assert_eq!(asked, [format!("read Errors {wish}")]);
}

#[tokio::test]
async fn newer_lines_are_asked_for_from_the_place_that_was_reached() {
    let (face, state) = pages("owner", piece(Vec::new(), false));
    let page = open(&face, "/system/logs?after=2026-11-20T14:07:02Z/3").await;
    assert!(page.text.contains("Nothing newer was written down."), "{}", page.text);
    assert!(state.done()[0].contains("after: Some(\"2026-11-20T14:07:02Z/3\")"));
    for (query, words) in [
        ("", "Nothing was written down yet."),
        ("?q=x", "No recent line fits."),
        ("?level=error", "No recent"),
    ] {
        assert!(open(&face, &format!("/system/logs{query}")).await.text.contains(words), "{query}");
    }
    let (face, _) = pages("owner", piece(vec![line(None, "x")], false));
    assert!(open(&face, "/system/logs").await.text.contains("One line."));
    assert!(open(&face, "/system/logs?after=x").await.text.contains("One newer line."));
}

#[tokio::test]
async fn a_download_is_text_and_whole() {
    let long = "long ".repeat(1_000);
    let (face, _) = pages("owner", piece(vec![line(Some(Level::Warn), HOSTILE), line(None, &long)], false));
    let file = open(&face, "/system/logs/download?log=performance").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"performance.txt\"");
    assert_eq!(file.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(file.text.starts_with("2026-11-20T14:07:02.123456Z WARN <script>"), "{}", file.text);
    assert!(file.text.contains(&long) && file.text.lines().count() == 2);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_told() {
    let failed = || Err(Refused::Failed("closed <b>".to_owned()));
    let (face, _) = pages("owner", BoxState { piece: failed(), ..BoxState::default() });
    let page = open(&face, "/system/logs").await;
    assert!(page.text.contains("The log cannot be read: closed &#60;b&#62;"), "{}", page.text);
    let file = open(&face, "/system/logs/download").await;
    assert_eq!(file.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_service_says_what_it_says_and_one_that_is_not_there_is_not_found() {
    let lines = vec![line(None, HOSTILE), line(None, &"long ".repeat(1_000))];
    let (face, state) = pages("owner", piece(lines.clone(), true));
    let page = open(&face, "/system/logs?part=redis&q=x&level=error").await;
    assert_eq!(page.status, StatusCode::OK);
    has_no_live_markup(&page.text);
    for words in [
        "<option value=\"redis\" selected>What Redis said</option>",
        "href=\"/system/logs?part=redis&#38;q=x&#38;after=2026-11-20T14%3A07%3A02.123456Z/1\"",
        "data-live=\"/system/logs/live?part=redis&#38;q=x&#38;after=2026",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert_eq!(state.done(), ["said redis LogWish { words: \"x\", level: None, after: None, most: 100 }"]);
    // As the form sends it.
    assert!(open(&face, "/system/logs?log=redis").await.text.contains("value=\"redis\" selected"));
    let file = open(&face, "/system/logs/download?part=redis").await;
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"redis.txt\"");
    for path in ["/system/logs?part=moon", "/system/logs?log=..%2Fapp", "/system/logs/download?part=moon"] {
        assert_eq!(open(&face, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let mut kept = piece(lines, false);
    kept.piece = kept.piece.map(|piece| LogPiece { is_kept: true, ..piece });
    let (face, _) = pages("owner", kept);
    let page = open(&face, "/system/logs?part=redis").await;
    assert!(page.text.contains("These are the last lines that were kept."), "{}", page.text);
}

#[tokio::test]
async fn lines_come_as_they_are_written_from_the_place_that_was_reached() {
    let (face, state) = pages("owner", piece(vec![line(Some(Level::Warn), HOSTILE)], false));
    let follow = signed_in(Method::GET, "/system/logs/live?part=redis&after=here")
        .header("host", "localhost:8080")
        .extension(Peer::Local)
        .header("last-event-id", "2026-11-20T14:07:01Z/2")
        .body(Body::empty())
        .expect("a request");
    let answer = face.oneshot(follow).await.expect("an answer");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = answer.into_body().into_data_stream();
    let first = events.next().await.expect("an event").expect("whole");
    let first = std::str::from_utf8(&first).expect("text");
    assert!(first.starts_with("id: 2026-11-20T14:07:02.123456Z/1\nevent: lines\ndata: {"), "{first}");
    assert_eq!(first.trim_end().lines().count(), 3, "an event of its own: {first}");
    has_no_live_markup(first);
    assert!(state.done()[0].contains("after: Some(\"2026-11-20T14:07:01Z/2\")"));
    events.next().await.expect("another").expect("whole");
    assert!(state.done()[0].contains("after: Some(\"2026-11-20T14:07:02.123456Z/1\")"));
}

/// Who the engine says they are, which changes.
fn somebody(answers: fn(usize) -> Response) -> Router {
    let asked = Arc::new(AtomicUsize::new(0));
    let me = get(move || std::future::ready(answers(asked.fetch_add(1, Ordering::SeqCst))));
    let engine = Router::new().route("/api/v1/me", me);
    let state = Arc::new(piece(Vec::new(), false));
    face_of_box(engine, Leavings::default(), state)
}

fn me(role: &str) -> Response {
    let id = uuid::Uuid::from_u128(2);
    let me = serde_json::json!({ "id": id, "name": "Ada", "role": role, "state": "active", "created_at": 0 });
    axum::Json(me).into_response()
}

/// How long lines are followed, at most a minute.
async fn followed(face: Router) -> Option<Duration> {
    let follow = signed_in(Method::GET, "/system/logs/live")
        .header("host", "localhost:8080")
        .extension(Peer::Local)
        .body(Body::empty())
        .expect("a request");
    let answer = face.oneshot(follow).await.expect("an answer");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let begun = tokio::time::Instant::now();
    let read = answer.into_body().into_data_stream().for_each(|_| std::future::ready(()));
    tokio::time::timeout(Duration::from_mins(1), read).await.ok().map(|()| begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_owner_any_more_is_put_out_within_a_second() {
    let second = Duration::from_secs(1);
    // The first answer lets them in, and the second finds them still there.
    let demoted = somebody(|asked| me(if asked < 2 { "owner" } else { "member" }));
    let put_out = followed(demoted).await.expect("they were put out");
    assert!(put_out < second, "{put_out:?}");
    let gone = somebody(|asked| if asked < 2 { me("owner") } else { refused(ErrorCode::Unauthenticated) });
    let put_out = followed(gone).await.expect("they were put out");
    assert!(put_out < second, "{put_out:?}");
    // Who cannot be asked about stays.
    let silent = somebody(|asked| if asked < 2 { me("owner") } else { refused(ErrorCode::StoreUnavailable) });
    assert_eq!(followed(silent).await, None);
    assert_eq!(followed(somebody(|_| me("owner"))).await, None);
}
