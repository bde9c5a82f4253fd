//! The page of what was written down.

use super::state::{BoxState, line, open, pages};
use crate::pages::tests::{HOSTILE, has_no_live_markup};
use crate::ports::system::{Level, LogLine, LogPiece, Refused};
use http::{StatusCode, header};

fn piece(lines: Vec<LogLine>, has_more: bool) -> BoxState {
    let piece = LogPiece { lines, place: Some("2026-11-20T14:07:02.123456Z/1".to_owned()), has_more };
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
