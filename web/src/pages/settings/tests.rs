//! The settings over an engine that is made of a few answers and writes down what it is asked to change.

use crate::pages::tests::{
    Answer, Deeds, HOSTILE, Leavings, ask, face_over, face_that_may_leave, has_no_live_markup, refused, seal,
    signed_in, to,
};
use crate::ports::Leaving;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use engine_client::problem::ErrorCode;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const ME: Uuid = Uuid::from_u128(2);
const THEY: Uuid = Uuid::from_u128(3);
const KEY: Uuid = Uuid::from_u128(4);
const FIRST: Uuid = Uuid::from_u128(5);
const SECOND: Uuid = Uuid::from_u128(6);
const GONE: Uuid = Uuid::from_u128(7);
const CODE: &str = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE";

fn person(id: Uuid, role: &str, state: &str) -> Value {
    json!({ "id": id, "name": HOSTILE, "role": role, "state": state, "created_at": 0 })
}

fn connection(id: Uuid) -> Value {
    json!({ "id": id, "name": HOSTILE, "url": HOSTILE, "model": HOSTILE, "has_key": true,
        "context_tokens": 8192, "continues_text": true, "rank": 0 })
}

fn answer(value: &Value) -> Response {
    axum::Json(value).into_response()
}

/// Reads are answered, deeds are written down; a name, model or password `refuse` is refused.
async fn engine(State((role, deeds)): State<(&'static str, Deeds)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix("/api/v1/").unwrap_or_default().to_owned();
    let body = body.collect().await.expect("it ends").to_bytes();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let session = json!({ "token": "wes_fresh", "person": person(ME, role, "active"), "expires_at": 0 });
    let invited = json!({ "person": person(THEY, "member", "invited"), "code": CODE });
    let connections = json!([connection(FIRST), connection(SECOND)]);
    if parts.method == Method::GET {
        return match path.as_str() {
            "me" => answer(&person(ME, role, "active")),
            "me/appearance" => answer(&json!({ "theme": "dark", "text_size": "large", "hue": 250 })),
            "people" => answer(&json!([
                person(ME, "owner", "active"),
                person(THEY, "member", "invited"),
                person(Uuid::from_u128(8), "member", "suspended")
            ])),
            "keys" => answer(&json!([
                { "id": KEY, "name": HOSTILE, "hint": "wek_abcd", "created_at": 0, "revoked_at": null },
                { "id": THEY, "name": HOSTILE, "hint": "wek_gone", "created_at": 0, "revoked_at": 1 }
            ])),
            "connections" => answer(&connections),
            "me/belongings" => answer(&json!({ "conversations": 2, "messages": 6, "attachments": 1,
                "attachment_bytes": 2048, "memories": 3, "may_leave": role == "member" })),
            "me/export" => "{\"kind\":\"export\"}\n".into_response(),
            "conversations" => answer(&json!({ "next": null, "conversations": [{ "id": GONE,
                "companion": ME, "title": HOSTILE, "pinned": false, "head": null, "created_at": 0,
                "updated_at": 0 }] })),
            _ => refused(ErrorCode::NotFound),
        };
    }
    deeds.lock().expect("no panic").push((format!("{} {path}", parts.method), asked.clone()));
    if asked.as_object().is_some_and(|asked| asked.values().any(|value| value == "refuse")) {
        return refused(if path == "connections" { ErrorCode::Invalid } else { ErrorCode::Taken });
    }
    match path.as_str() {
        "me" => answer(&person(ME, role, "active")),
        "me/erase" | "me/password" if asked["current"] != "right" => refused(ErrorCode::Invalid),
        "me/password" | "sessions" => answer(&session),
        "me/appearance" => answer(&asked),
        "people" => answer(&invited),
        "keys" => answer(&json!({ "id": KEY, "name": HOSTILE, "key": "wek_secret" })),
        "connections" => answer(&connection(SECOND)),
        "connections/order" => answer(&connections),
        "owner/recover" if asked["recovery_code"] != CODE => refused(ErrorCode::Forbidden),
        _ if path.ends_with("/code") => answer(&invited),
        _ if path.ends_with("/state") => answer(&person(THEY, "member", "suspended")),
        _ if path == format!("connections/{SECOND}/test") => {
            answer(&json!({ "models": [HOSTILE, "owl"], "knows_model": false }))
        }
        _ if path.ends_with("/restore") => answer(&json!({ "id": GONE, "companion": ME, "title": null,
            "pinned": false, "head": null, "created_at": 0, "updated_at": 0 })),
        _ if path.ends_with("/test") => answer(&json!({ "models": ["owl"], "knows_model": true })),
        _ if parts.method == Method::PATCH => answer(&connection(FIRST)),
        _ if path == format!("keys/{THEY}") => refused(ErrorCode::NotFound),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Pages for somebody of this role, and what they led to.
fn pages(role: &'static str) -> (Router, Deeds) {
    let (face, deeds, _) = box_of(role);
    (face, deeds)
}

fn box_of(role: &'static str) -> (Router, Deeds, Leavings) {
    let deeds = Deeds::default();
    let everything = any(engine).with_state((role, Arc::clone(&deeds)));
    let leavings = Leavings::default();
    let face = face_that_may_leave(Router::new().route("/api/v1/{*path}", everything), Arc::clone(&leavings));
    (face, deeds, leavings)
}

async fn open(face: &Router, path: &str) -> Answer {
    ask(face, signed_in(Method::GET, path), "").await
}

async fn send(face: &Router, path: &str, fields: &str) -> Answer {
    let body = format!("seal={}&{fields}", seal("we_session=wes_good"));
    ask(face, signed_in(Method::POST, path), &body).await
}

fn done(deeds: &Deeds) -> Vec<(String, Value)> {
    std::mem::take(&mut *deeds.lock().expect("no panic"))
}

fn all_pages() -> Vec<String> {
    let fixed = [
        "",
        "/appearance",
        "/keys",
        "/data",
        "/data/erase",
        "/data/leave",
        "/box",
        "/box/restart",
        "/box/stop",
        "/people",
        "/models",
        "/models/add",
    ];
    let of = |what: &str, id: Uuid, deed: &str| format!("/settings/{what}/{id}{deed}");
    let mut pages: Vec<String> = fixed.iter().map(|path| format!("/settings{path}")).collect();
    pages.extend([
        of("keys", KEY, "/revoke"),
        of("data/removed", GONE, "/delete"),
        of("people", THEY, "/suspend"),
        of("people", THEY, "/resume"),
        of("models", FIRST, ""),
        of("models", FIRST, "/remove"),
    ]);
    pages
}

fn is_owners(path: &str) -> bool {
    ["/people", "/models", "/box"].iter().any(|section| path.contains(section))
}

#[tokio::test]
async fn every_page_is_whole_and_obeys_nothing_that_is_written_in_it() {
    let (face, _) = pages("owner");
    for path in all_pages() {
        let page = open(&face, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        has_no_live_markup(&page.text);
        assert_eq!(page.text.matches("<h1").count(), 1, "{path}");
        assert_eq!(page.text.matches("aria-current=\"page\"").count(), 1, "{path}");
        assert!(page.text.contains("<a class=\"button quiet\" href=\"/\">"), "{path}: no way back");
        let inputs = page.text.matches("<input").count();
        let labelled = ["<label", "type=\"hidden\""].map(|mark| page.text.matches(mark).count());
        assert!(inputs <= labelled.iter().sum(), "{path}: a field without a label");
        assert!(!page.text.contains("settings-"), "{path}: a word that is missing: {}", page.text);
        assert!(page.text.len() < 100_000);
    }
}

#[tokio::test]
async fn what_belongs_to_the_owner_is_not_there_for_a_member() {
    let (face, deeds) = pages("member");
    for path in all_pages() {
        let page = open(&face, &path).await;
        let expected = if is_owners(&path) { StatusCode::FORBIDDEN } else { StatusCode::OK };
        assert_eq!(page.status, expected, "{path}");
        assert!(!page.text.contains("href=\"/settings/people\"") && !page.text.contains("/settings/models"));
    }
    for path in [
        "/settings/people".to_owned(),
        format!("/settings/people/{THEY}/code"),
        format!("/settings/people/{THEY}/suspend"),
        format!("/settings/people/{THEY}/resume"),
        "/settings/models/add".to_owned(),
        format!("/settings/models/{FIRST}"),
        format!("/settings/models/{FIRST}/test"),
        format!("/settings/models/{FIRST}/later"),
        format!("/settings/models/{FIRST}/remove"),
        "/settings/box/restart".to_owned(),
        "/settings/box/stop".to_owned(),
    ] {
        let sent = send(&face, &path, "name=x&url=http://x&model=x").await;
        assert_eq!(sent.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(done(&deeds), []);
}

#[tokio::test]
async fn no_form_from_elsewhere_changes_a_setting() {
    let (face, deeds) = pages("owner");
    for path in [
        "/settings/name".to_owned(),
        "/settings/password".to_owned(),
        "/settings/sessions/end".to_owned(),
        "/settings/appearance".to_owned(),
        "/settings/keys".to_owned(),
        format!("/settings/keys/{KEY}/revoke"),
        format!("/settings/data/removed/{GONE}/restore"),
        format!("/settings/data/removed/{GONE}/delete"),
        "/settings/data/erase".to_owned(),
        "/settings/data/leave".to_owned(),
        "/settings/people".to_owned(),
        format!("/settings/people/{THEY}/code"),
        format!("/settings/people/{THEY}/suspend"),
        format!("/settings/people/{THEY}/resume"),
        "/settings/models/add".to_owned(),
        format!("/settings/models/{FIRST}"),
        format!("/settings/models/{FIRST}/test"),
        format!("/settings/models/{FIRST}/earlier"),
        format!("/settings/models/{FIRST}/later"),
        format!("/settings/models/{FIRST}/remove"),
        "/settings/box/restart".to_owned(),
        "/settings/box/stop".to_owned(),
        "/join".to_owned(),
    ] {
        let fields = "name=x&url=http://x&model=x&current=a&password=b&again=b&theme=dark&size=usual&code=x";
        let unsealed = ask(&face, signed_in(Method::POST, &path), fields).await;
        let elsewhere = to(Method::POST, &path)
            .header("cookie", "we_session=wes_good")
            .header("sec-fetch-site", "cross-site");
        let sealed = format!("seal={}&{fields}", seal("we_session=wes_good"));
        let foreign = ask(&face, elsewhere, &sealed).await;
        assert_eq!([unsealed.status, foreign.status], [StatusCode::FORBIDDEN; 2], "{path}");
        let nobody =
            ask(&face, to(Method::POST, &path).header("sec-fetch-site", "same-origin"), &sealed).await;
        assert!(matches!(nobody.status, StatusCode::SEE_OTHER | StatusCode::FORBIDDEN), "{path}");
    }
    assert_eq!(done(&deeds), []);
}

#[tokio::test]
async fn a_new_password_brings_a_new_session_and_is_never_repeated() {
    let (face, deeds) = pages("member");
    let fields =
        |current: &str, again: &str| format!("current={current}&password=hunter2hunter2&again={again}");
    let differ = send(&face, "/settings/password", &fields("right", "hunter3hunter3")).await;
    assert_eq!((differ.status, done(&deeds)), (StatusCode::UNPROCESSABLE_ENTITY, Vec::new()));
    let wrong = send(&face, "/settings/password", &fields("wrongwrong", "hunter2hunter2")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for page in [&differ, &wrong] {
        assert!(page.text.contains("role=\"alert\"") && !page.text.contains("hunter"), "{}", page.text);
        assert!(!page.text.contains("wrongwrong"));
        has_no_live_markup(&page.text);
    }
    let right = send(&face, "/settings/password", &fields("right", "hunter2hunter2")).await;
    assert_eq!(right.leads_to(), "/settings?done=password");
    assert!(right.headers[header::SET_COOKIE].to_str().expect("text").starts_with("we_session=wes_fresh;"));

    let out = send(&face, "/settings/sessions/end", "").await;
    assert_eq!(out.leads_to(), "/sign-in");
    assert!(out.headers[header::SET_COOKIE].to_str().expect("text").starts_with("we_session=;"));
    assert_eq!(done(&deeds).last().expect("a deed").0, "POST me/sessions/end");
}

#[tokio::test]
async fn a_taken_name_is_told_and_still_in_the_field() {
    let (face, deeds) = pages("owner");
    assert_eq!(send(&face, "/settings/name", "name=Ada+L").await.leads_to(), "/settings?done=renamed");
    assert_eq!(done(&deeds), [("PATCH me".to_owned(), json!({ "name": "Ada L" }))]);
    for path in ["/settings/name", "/settings/people"] {
        let taken = send(&face, path, "name=refuse").await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.text.contains("Somebody here has this name already"), "{}", taken.text);
        assert!(taken.text.contains("value=\"refuse\""));
    }
}

#[tokio::test]
async fn the_looks_follow_the_person_by_one_stylesheet() {
    let (face, deeds) = pages("member");
    let sheet = open(&face, "/look.css").await;
    assert_eq!(sheet.text, ":root { color-scheme: dark; font-size: 112.5%; --hue: 250; }\n");
    assert_eq!(sheet.headers[header::VARY], "cookie");
    assert!(sheet.headers[header::CACHE_CONTROL].to_str().expect("text").starts_with("private"));
    let guest = ask(&face, to(Method::GET, "/look.css"), "").await;
    assert_eq!((guest.status, guest.text.as_str()), (StatusCode::OK, ""));
    let page = open(&face, "/settings/appearance").await;
    assert!(page.text.contains("<link rel=\"stylesheet\" href=\"/look.css\">"));
    assert!(page.text.contains("value=\"dark\" checked") && page.text.contains("value=\"250\" checked"));

    let chosen = send(&face, "/settings/appearance", "theme=light&size=largest&hue=145").await;
    assert_eq!(chosen.leads_to(), "/settings/appearance?done=kept");
    assert!(chosen.headers[header::SET_COOKIE].to_str().expect("text").starts_with("we_look="));
    let unnamed = send(&face, "/settings/appearance", "theme=device&size=usual").await;
    assert_eq!(unnamed.status, StatusCode::SEE_OTHER);
    let kept = |theme, size, hue| json!({ "theme": theme, "text_size": size, "hue": hue });
    let expected = [kept("light", "largest", 145), kept("device", "usual", 250)];
    assert_eq!(done(&deeds), expected.map(|look| ("PATCH me/appearance".to_owned(), look)));
    for wrong in ["theme=pink&size=usual&hue=1", "theme=dark&size=usual&hue=red", "size=usual"] {
        assert_eq!(send(&face, "/settings/appearance", wrong).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(done(&deeds), []);
}

#[tokio::test]
async fn without_an_engine_a_page_keeps_the_usual_looks() {
    let broken = face_over(Router::new().route("/api/v1/me/appearance", get(|| async { "nonsense" })));
    let sheet = open(&broken, "/look.css").await;
    assert_eq!((sheet.status, sheet.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(sheet.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_code_is_shown_with_what_to_do_with_it() {
    let (face, deeds) = pages("owner");
    for path in ["/settings/people".to_owned(), format!("/settings/people/{THEY}/code")] {
        let page = send(&face, &path, "name=Ben").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(CODE) && page.text.contains("http://localhost:8080/join?name=%3Cscript"));
        has_no_live_markup(&page.text);
        assert!(!open(&face, "/settings/people").await.text.contains(CODE));
    }
    let mine = open(&face, "/settings/people").await.text;
    assert!(!mine.contains(&format!("/settings/people/{ME}")), "the owner has no deeds for herself");
    let suspended = send(&face, &format!("/settings/people/{THEY}/suspend"), "").await;
    assert_eq!(suspended.leads_to(), "/settings/people?done=suspended");
    let resumed = send(&face, &format!("/settings/people/{THEY}/resume"), "").await;
    assert_eq!(resumed.leads_to(), "/settings/people?done=resumed");
    let state = |state: &str| (format!("POST people/{THEY}/state"), json!({ "state": state }));
    assert_eq!(done(&deeds)[2..], [state("suspended"), state("active")]);
    let nobody = open(&face, &format!("/settings/people/{}/suspend", Uuid::now_v7())).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_is_shown_once_and_somebody_elses_does_not_exist() {
    let (face, deeds) = pages("member");
    let made = send(&face, "/settings/keys", "name=laptop").await;
    assert!(made.text.contains("value=\"wek_secret\" readonly"), "{}", made.text);
    assert!(made.text.contains("curl http://localhost:8080/v1/models -H"));
    has_no_live_markup(&made.text);
    assert!(!open(&face, "/settings/keys").await.text.contains("wek_secret"));
    let revoked = send(&face, &format!("/settings/keys/{KEY}/revoke"), "").await;
    assert_eq!(revoked.leads_to(), "/settings/keys?done=revoked");
    assert_eq!(done(&deeds)[1].0, format!("DELETE keys/{KEY}"));
    // One that is revoked already and one of somebody else.
    for id in [THEY, Uuid::now_v7()] {
        assert_eq!(open(&face, &format!("/settings/keys/{id}/revoke")).await.status, StatusCode::NOT_FOUND);
    }
    let gone = send(&face, &format!("/settings/keys/{THEY}/revoke"), "").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_connection_is_kept_only_if_it_works_and_changed_with_care_for_its_key() {
    let (face, deeds) = pages("owner");
    let added = send(&face, "/settings/models/add", "url=http://x&model=owl&key=sk-1&context=4096").await;
    assert_eq!(added.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(added.text.contains("does not know this model") && added.text.contains("value=\"owl\""));
    assert!(!added.text.contains("sk-1"));
    has_no_live_markup(&added.text);
    let wanted = json!({ "name": null, "url": "http://x", "model": "owl", "key": "sk-1",
        "context_tokens": 4096, "continues_text": false });
    let deed = |deed: String, asked| (deed, asked);
    assert_eq!(
        done(&deeds),
        [
            deed("POST connections".into(), wanted),
            deed(format!("POST connections/{SECOND}/test"), Value::Null),
            deed(format!("DELETE connections/{SECOND}"), Value::Null),
        ]
    );
    let refused = send(&face, "/settings/models/add", "url=http://x&model=refuse").await;
    assert_eq!((refused.status, done(&deeds).len()), (StatusCode::UNPROCESSABLE_ENTITY, 1));

    let path = format!("/settings/models/{FIRST}");
    for (fields, key) in [("", Value::Null), ("&key=sk-2", json!("sk-2")), ("&forget=yes", json!(""))] {
        let fields = format!("name=one&url=http://x&model=owl&context=&continues=yes{fields}");
        let changed = send(&face, &path, &fields).await;
        assert!(changed.text.contains("knows this model"), "{}", changed.text);
        assert_eq!(done(&deeds)[0].1["key"], key);
    }
    let odd = send(&face, &path, "name=one&url=http://x&model=owl&context=many").await;
    assert_eq!((odd.status, done(&deeds)), (StatusCode::UNPROCESSABLE_ENTITY, Vec::new()));
    let tested = send(&face, &format!("/settings/models/{SECOND}/test"), "").await;
    assert!(tested.text.contains("owl") && tested.status == StatusCode::OK);
    has_no_live_markup(&tested.text);
}

#[tokio::test]
async fn a_connection_is_moved_one_place_and_never_over_the_edge() {
    let (face, deeds) = pages("owner");
    let order = json!({ "order": [SECOND, FIRST] });
    for (id, way) in [(FIRST, "later"), (SECOND, "earlier")] {
        let moved = send(&face, &format!("/settings/models/{id}/{way}"), "").await;
        assert_eq!(moved.leads_to(), format!("/settings/models#c-{id}"));
        assert_eq!(done(&deeds), [("POST connections/order".to_owned(), order.clone())]);
    }
    for (id, way) in [(FIRST, "earlier"), (SECOND, "later")] {
        send(&face, &format!("/settings/models/{id}/{way}"), "").await;
    }
    assert_eq!(done(&deeds), []);
}

#[tokio::test]
async fn a_code_is_spent_at_the_door_without_a_hint_of_who_lives_here() {
    let (face, deeds) = pages("member");
    let door = ask(&face, to(Method::GET, "/join?name=%3Cscript%3EBen"), "").await;
    assert!(door.text.contains("&#60;script&#62;Ben") && door.headers.contains_key(header::SET_COOKIE));
    let spend = async |code: &str, again: &str| {
        let request =
            to(Method::POST, "/join").header("cookie", "we_visit=v").header("sec-fetch-site", "same-origin");
        let seal = seal("we_visit=v");
        let body = format!("seal={seal}&name=Ben&code={code}&password=hunter2hunter2&again={again}");
        ask(&face, request, &body).await
    };
    let wrong = spend("WRONG", "hunter2hunter2").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.text.contains("do not fit together") && !wrong.text.contains("hunter2"));
    let differ = spend(CODE, "hunter3hunter3").await;
    assert_eq!(differ.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(done(&deeds).len(), 1, "two passwords that differ cost no code");
    let right = spend(CODE, "hunter2hunter2").await;
    assert_eq!(right.leads_to(), "/");
    assert!(right.headers[header::SET_COOKIE].to_str().expect("text").starts_with("we_session=wes_fresh;"));
}

#[tokio::test]
async fn everything_goes_only_with_the_password_and_after_it_was_counted() {
    let (face, deeds) = pages("member");
    for (path, what) in [("/settings/data/erase", "things"), ("/settings/data/leave", "account")] {
        let asked = open(&face, path).await.text;
        for count in ["<dd>6</dd>", "<dd>1 (2 KiB)</dd>", "<dd>3</dd>"] {
            assert!(asked.contains(count), "{path} does not count {count}: {asked}");
        }
        let wrong = send(&face, path, "current=a+guess").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("role=\"alert\"") && !wrong.text.contains("a guess"), "{}", wrong.text);
        done(&deeds);
        let right = send(&face, path, "current=right").await;
        assert_eq!(done(&deeds), [("POST me/erase".to_owned(), json!({ "what": what, "current": "right" }))]);
        if what == "things" {
            assert_eq!(right.leads_to(), "/settings/data?done=erasing");
        } else {
            assert!(right.text.contains("Your account is going"), "{}", right.text);
            let cookie = right.headers[header::SET_COOKIE].to_str().expect("text");
            assert!(cookie.starts_with("we_session=;"), "{cookie}");
        }
    }
    let (face, _) = pages("owner");
    let data = open(&face, "/settings/data").await.text;
    assert!(data.contains("only owner") && !data.contains("/settings/data/leave"), "{data}");
}

#[tokio::test]
async fn what_was_removed_comes_back_or_goes_for_good_and_all_of_it_can_be_taken_along() {
    let (face, deeds) = pages("member");
    let file = open(&face, "/settings/data/export").await;
    assert_eq!(file.text, "{\"kind\":\"export\"}\n");
    assert_eq!(
        file.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"whisperengine-1970-01-01.jsonl\""
    );
    let removed = format!("/settings/data/removed/{GONE}");
    let back = send(&face, &format!("{removed}/restore"), "").await;
    assert_eq!(back.leads_to(), "/settings/data?done=restored");
    let gone = send(&face, &format!("{removed}/delete"), "").await;
    assert_eq!(gone.leads_to(), "/settings/data?done=deleted");
    let deeds: Vec<_> = done(&deeds).into_iter().map(|(deed, _)| deed).collect();
    assert_eq!(deeds, [format!("POST conversations/{GONE}/restore"), format!("DELETE conversations/{GONE}")]);
    // What was not removed is no matter of this page.
    let in_use = send(&face, &format!("/settings/data/removed/{ME}/delete"), "").await;
    assert_eq!(in_use.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_owner_restarts_and_stops_the_box_and_nobody_else_does() {
    let (face, _, leavings) = box_of("owner");
    let told = || std::mem::take(&mut *leavings.lock().expect("no panic"));
    let restart = send(&face, "/settings/box/restart", "").await;
    assert_eq!((restart.status, told()), (StatusCode::OK, vec![Leaving::Restart]));
    assert!(restart.text.contains("content=\"5; url=/settings/box/back?since=0\""), "{}", restart.text);
    // The box that is asked is still the one that was told.
    let waiting = ask(&face, to(Method::GET, "/settings/box/back?since=0"), "").await;
    assert!(waiting.text.contains("The box is restarting"), "{}", waiting.text);
    let back = ask(&face, to(Method::GET, "/settings/box/back?since=-1"), "").await;
    assert_eq!(back.leads_to(), "/settings/box?done=restarted");
    let stop = send(&face, "/settings/box/stop", "").await;
    assert!(stop.text.contains("whisperengine up"), "{}", stop.text);
    assert_eq!(told(), [Leaving::Stop]);

    let (face, _, leavings) = box_of("member");
    for path in ["/settings/box/restart", "/settings/box/stop"] {
        assert_eq!(send(&face, path, "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(ask(&face, signed_in(Method::POST, path), "").await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(*leavings.lock().expect("no panic"), []);
}
