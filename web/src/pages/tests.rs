//! The pages over an engine that is made of a few answers.

use super::session::Cookies;
use super::system::tests::state::BoxState;
use crate::edge::body::Bounds;
use crate::edge::host::AllowedHosts;
use crate::edge::limits::counting::{Limits, Rates};
use crate::edge::visitor::TrustedProxies;
use crate::ports::system::{Logs, System};
use crate::ports::{Appliance, Ground, Leaving, Life, WayIn};
use crate::public::router::{Face, router};
use crate::serve::Peer;
use crate::words::Words;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine_client::principal::{Credential, Principal};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::in_process::in_process;
use engine_client::wire::people::Proof;
use engine_client::wire::sessions::NewSession;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use uuid::Uuid;

pub(super) const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\"'>";
const RIGHT: &str = "a-good-password";
const CONVERSATION: Uuid = Uuid::from_u128(7);

/// What the pages asked the engine to change.
pub(super) type Deeds = Arc<Mutex<Vec<(String, Value)>>>;

struct Stand(WayIn, Leavings, Arc<BoxState>);

/// How the box was told to end.
pub(super) type Leavings = Arc<Mutex<Vec<Leaving>>>;

impl Appliance for Stand {
    fn version(&self) -> &'static str {
        "0.0.0-test"
    }
    fn mode(&self) -> &'static str {
        "desktop"
    }
    fn now(&self) -> i64 {
        self.2.now
    }
    fn engine(&self) -> Result<WayIn, Problem> {
        Ok(self.0.clone())
    }
    fn voice(&self) -> Result<WayIn, Problem> {
        Err(Problem::new(ErrorCode::PartMissing, "nothing here listens or speaks"))
    }
    fn setup_token_opens(&self, token: &str) -> bool {
        token == "the-token"
    }
    fn port(&self) -> u16 {
        8080
    }
    fn life(&self) -> Life {
        Life { started_at: 0, place: HOSTILE.to_owned() }
    }
    fn leave(&self, how: Leaving) {
        self.1.lock().expect("no panic").push(how);
    }
    fn look_around(&self) -> BoxFuture<'_, Ground> {
        Box::pin(std::future::ready(self.2.ground()))
    }
    fn look_again(&self) -> BoxFuture<'_, ()> {
        self.2.does("look");
        Box::pin(std::future::ready(()))
    }
    fn system(&self) -> &dyn System {
        &*self.2
    }
    fn logs(&self) -> &dyn Logs {
        &*self.2
    }
}

pub(super) async fn prove(Json(proof): Json<Proof>) -> Response {
    match proof {
        Proof::Session(token) if token == "wes_good" => {
            let (tenant, person) = (Uuid::from_u128(1), Uuid::from_u128(2));
            Json(Principal::Person { tenant, person, via: Credential::Session }).into_response()
        }
        _ => refused(ErrorCode::Unauthenticated),
    }
}

async fn begin(Json(asked): Json<NewSession>) -> Response {
    if asked.password != RIGHT {
        return refused(ErrorCode::Unauthenticated);
    }
    let person =
        json!({ "id": Uuid::nil(), "name": HOSTILE, "role": "owner", "state": "active", "created_at": 0 });
    Json(json!({ "token": "wes_good", "person": person, "expires_at": 0 })).into_response()
}

pub(super) fn refused(code: ErrorCode) -> Response {
    let problem = serde_json::to_string(&Problem::new(code, HOSTILE)).expect("plain");
    (StatusCode::from_u16(code.status()).expect("a status"), problem).into_response()
}

async fn take(State(deeds): State<Deeds>, Path(id): Path<Uuid>, Json(turn): Json<Value>) -> Response {
    deeds.lock().expect("no panic").push((format!("say in {id}"), turn));
    refused(ErrorCode::TurnInProgress)
}

/// A turn with everything in it that a page may tell.
fn told_turn() -> Value {
    let attempt = json!({ "attempt": 1, "model": HOSTILE, "outcome": "failed", "prompt_tokens": 12,
        "completion_tokens": 34, "estimated": true, "cost_micros": 5, "first_token_us": 250_000 });
    let recalled = json!({ "said_at": 0, "author": "person", "conversation": CONVERSATION,
        "message": Uuid::nil(), "excerpt": HOSTILE });
    json!({ "id": Uuid::nil(), "conversation": CONVERSATION, "message": Uuid::nil(), "reply": Uuid::nil(),
        "state": "failed", "text": HOSTILE, "revision": 0, "model": HOSTILE,
        "failure": { "code": "model_silent", "detail": HOSTILE }, "attempts": [attempt],
        "recalled": [recalled], "created_at": 0, "finished_at": 1_500_000 })
}

fn attachment() -> Value {
    json!({ "id": Uuid::from_u128(9), "name": HOSTILE, "media_type": "image/png", "size": 1,
        "sha256": "", "created_at": 0 })
}

fn engine(deeds: Deeds, has_owner: bool) -> WayIn {
    let conversation = json!({ "id": CONVERSATION, "companion": Uuid::nil(), "title": HOSTILE, "pinned": false,
        "head": null, "created_at": 0, "updated_at": 0 });
    let list = json!({ "conversations": [conversation.clone()], "next": null });
    let message = |author: &str| {
        json!({ "id": Uuid::nil(), "parent": null, "author": author, "text": HOSTILE, "state": "cut",
            "model": HOSTILE, "turn": Uuid::nil(), "attachments": [Uuid::from_u128(9)],
            "created_at": 0, "variants": [Uuid::from_u128(1), Uuid::nil(), Uuid::from_u128(3)] })
    };
    let said =
        json!({ "messages": [message("companion"), message("person")], "running": null, "next": null });
    let companion = json!({ "id": Uuid::nil(), "name": HOSTILE, "description": HOSTILE, "created_at": 0 });
    // Who lives in a box without an owner is a member.
    let role = if has_owner { "owner" } else { "member" };
    let me = json!({ "id": Uuid::nil(), "name": HOSTILE, "role": role, "state": "active", "created_at": 0 });
    let answer = |value: Value| get(move || async move { Json(value) });
    let router = Router::new()
        .route("/api/v1/proofs", post(prove))
        .route("/api/v1/me", answer(me))
        .route("/api/v1/setup", answer(json!({ "has_owner": has_owner, "connections": 0, "next": "done" })))
        .route("/api/v1/sessions", post(begin))
        .route("/api/v1/conversations", answer(list))
        .route("/api/v1/conversations/{id}", answer(conversation))
        .route("/api/v1/conversations/{id}/messages", answer(said))
        .route("/api/v1/conversations/{id}/turns", post(take))
        .route("/api/v1/conversations/{id}/messages/{message}", answer(message("person")))
        .route("/api/v1/companions", answer(json!([companion])))
        .route("/api/v1/turns/{id}", answer(told_turn()))
        .route("/api/v1/attachments/{id}", answer(attachment()))
        .route("/api/v1/attachments/{id}/content", get(|| async { HOSTILE }))
        .route(
            "/api/v1/search",
            answer(json!([{ "conversation": CONVERSATION, "message": message("person") }])),
        )
        .with_state(deeds)
        .into_service::<engine_client::transport::Body>();
    WayIn { transport: in_process(router), secret: "inner".into() }
}

/// The listener over an engine of these routes, which knows the one session besides.
pub(super) fn face_over(engine: Router) -> Router {
    face_that_may_leave(engine, Leavings::default())
}

pub(super) fn face_that_may_leave(engine: Router, leavings: Leavings) -> Router {
    face_of_box(engine, leavings, Arc::default())
}

/// The same, for a box in this state.
pub(super) fn face_of_box(engine: Router, leavings: Leavings, state: Arc<BoxState>) -> Router {
    let engine = engine.route("/api/v1/proofs", post(prove));
    let engine = engine.into_service::<engine_client::transport::Body>();
    listener(WayIn { transport: in_process(engine), secret: "inner".into() }, leavings, state)
}

fn face(deeds: &Deeds, has_owner: bool) -> Router {
    listener(engine(Arc::clone(deeds), has_owner), Leavings::default(), Arc::default())
}

fn listener(engine: WayIn, leavings: Leavings, state: Arc<BoxState>) -> Router {
    router(Face {
        appliance: Arc::new(Stand(engine, leavings, state)),
        figures: PrometheusBuilder::new().build_recorder().handle(),
        hosts: AllowedHosts::new([]),
        metrics_token: None,
        patience: Duration::from_secs(30),
        proxies: TrustedProxies::new(|address| address.is_loopback()),
        authority: None,
        bounds: Bounds::default(),
        limits: Limits::new(Rates::default()),
        words: Words::english(),
        markdown: Arc::default(),
        tasks: TaskTracker::new(),
    })
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn leads_to(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
    }
}

const PLAIN: &str = "application/x-www-form-urlencoded";
const COMPOSED: &str = "multipart/form-data; boundary=edge";

/// What the composer sends; a field whose name has a `;` in it is a file.
fn composed(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        let (name, file) = name.split_once(';').map_or((*name, String::new()), |(name, file)| {
            (name, format!("; filename=\"{file}\"\r\nContent-Type: image/png"))
        });
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).chain(["--edge--\r\n".to_owned()]).collect()
}

pub(super) async fn ask(face: &Router, request: http::request::Builder, body: &str) -> Answer {
    let request = request
        .header("host", "localhost:8080")
        .header("content-type", if body.starts_with("--") { COMPOSED } else { PLAIN })
        .extension(Peer::Local);
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let (parts, body) =
        face.clone().oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
    let text = String::from_utf8(body.collect().await.expect("it ends").to_bytes().to_vec()).expect("text");
    Answer { status: parts.status, headers: parts.headers, text }
}

pub(super) fn to(method: Method, path: &str) -> http::request::Builder {
    http::Request::builder().method(method).uri(path)
}

pub(super) fn signed_in(method: Method, path: &str) -> http::request::Builder {
    to(method, path).header("cookie", "we_session=wes_good").header("sec-fetch-site", "same-origin")
}

pub(super) fn seal(cookie: &str) -> String {
    let headers = [(header::COOKIE, cookie.parse().expect("a value"))].into_iter().collect();
    Cookies::read(&headers).seal().expect("a cookie of ours")
}

pub(super) fn has_no_live_markup(text: &str) {
    for live in ["<script>", "<img src=x", "onerror=alert(1)>\"", " style="] {
        assert!(!text.contains(live), "{live} in {text}");
    }
}

#[test]
fn every_word_that_a_page_says_is_in_the_catalogue() {
    let words = Words::english();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut said, mut everything) = (0, String::new());
    let mut folders = vec![root.join("templates"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            everything.push_str(&text);
            let calls = ["say(\"", "say_with(\"", "say_counting(\"", "frame.with(\""];
            let calls = calls.iter().flat_map(|call| text.split(call).skip(1));
            for name in calls.filter_map(|rest| rest.split('"').next()) {
                assert!(words.has(name), "{} says {name}", path.display());
                said += 1;
            }
        }
    }
    assert!(said > 40, "only {said} were found: they are said in another way now");
    for name in Words::names() {
        assert!(everything.contains(&format!("\"{name}\"")), "nothing says {name}");
    }
}

#[tokio::test]
async fn a_stranger_is_led_to_the_door_and_back() {
    let face = face(&Deeds::default(), true);
    let answer = ask(&face, to(Method::GET, "/chat/1"), "").await;
    assert_eq!((answer.status, answer.leads_to()), (StatusCode::SEE_OTHER, "/sign-in?next=/chat/1"));
    let expired = to(Method::GET, "/").header("cookie", "we_session=wes_gone");
    assert_eq!(ask(&face, expired, "").await.leads_to(), "/sign-in?next=/");
    let door = ask(&face, to(Method::GET, "/sign-in?next=/chat/1"), "").await;
    assert!(door.text.contains("value=\"/chat/1\"") && door.text.contains("current-password"));
    let cookie = door.headers[header::SET_COOKIE].to_str().expect("text");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure"));
    let private = to(Method::GET, "/sign-in")
        .header("x-forwarded-for", "192.0.2.7")
        .header("x-forwarded-proto", "https");
    let door = ask(&face, private, "").await;
    assert!(door.headers[header::SET_COOKIE].to_str().expect("text").ends_with("; Secure"));
}

#[tokio::test]
async fn no_password_field_is_seen_before_the_token_was_right() {
    let face = face(&Deeds::default(), false);
    assert_eq!(ask(&face, to(Method::GET, "/sign-in"), "").await.leads_to(), "/setup");
    let first = ask(&face, to(Method::GET, "/setup"), "").await;
    let cookie = first.headers[header::SET_COOKIE].to_str().expect("text");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    assert!(!first.text.contains("type=\"password\""));
    let send = |token: &str| {
        let request =
            to(Method::POST, "/setup").header("cookie", &cookie).header("origin", "http://localhost:8080");
        (request, format!("seal={}&token={token}", seal(&cookie)))
    };
    let (request, body) = send("guessed");
    let wrong = ask(&face, request, &body).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.text.contains("type=\"password\""));
    let (request, body) = send("the-token");
    let right = ask(&face, request, &body).await;
    assert!(right.text.contains("autocomplete=\"new-password\""), "{}", right.text);
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let deeds = Deeds::default();
    let face = face(&deeds, true);
    let path = format!("/chat/{CONVERSATION}/messages");
    let (sealed, turn) = (seal("we_session=wes_good"), Uuid::now_v7().to_string());
    let good = composed(&[("seal", &sealed), ("text", "hello"), ("turn", &turn)]);
    let elsewhere = to(Method::POST, &path)
        .header("cookie", "we_session=wes_good")
        .header("sec-fetch-site", "cross-site");
    let unsaid = to(Method::POST, &path).header("cookie", "we_session=wes_good");
    for request in [elsewhere, unsaid] {
        assert_eq!(ask(&face, request, &good).await.status, StatusCode::FORBIDDEN);
    }
    let late = composed(&[("text", "hello"), ("turn", &turn), ("seal", &sealed)]);
    for unsealed in [composed(&[("text", "hello"), ("turn", &turn)]), late] {
        let answer = ask(&face, signed_in(Method::POST, &path), &unsealed).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert!(deeds.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn what_others_wrote_is_shown_and_never_obeyed() {
    let deeds = Deeds::default();
    let face = face(&deeds, true);
    let page = ask(&face, signed_in(Method::GET, &format!("/chat/{CONVERSATION}")), "").await;
    let chat = format!("/chat/{CONVERSATION}");
    for path in [
        format!("{chat}?edit={}", Uuid::nil()),
        format!("{chat}?removed={CONVERSATION}"),
        format!("{chat}/turns/{}", Uuid::nil()),
        "/search?q=%3Cscript%3Ealert(1)".to_owned(),
        "/palette?q=%3Cscript%3Ealert(1)".to_owned(),
        "/shortcuts".to_owned(),
    ] {
        let other = ask(&face, signed_in(Method::GET, &path), "").await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
        has_no_live_markup(&other.text);
    }
    assert_eq!(page.status, StatusCode::OK);
    has_no_live_markup(&page.text);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    assert!(page.text.len() < 100_000);
}

#[tokio::test]
async fn words_that_could_not_be_taken_are_still_in_the_field() {
    let deeds = Deeds::default();
    let face = face(&deeds, true);
    let (sealed, turn) = (seal("we_session=wes_good"), Uuid::now_v7().to_string());
    let body = composed(&[("seal", &sealed), ("text", "keep\r\n<this>"), ("turn", &turn)]);
    let answer = ask(&face, signed_in(Method::POST, &format!("/chat/{CONVERSATION}/messages")), &body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("keep\n&#60;this&#62;</textarea>"), "{}", answer.text);
    assert!(answer.text.contains("role=\"alert\""));
    assert_eq!(deeds.lock().expect("no panic")[0].1["text"], "keep\n<this>");
}

#[tokio::test]
async fn what_is_no_picture_is_never_taken_for_one() {
    let deeds = Deeds::default();
    let face = face(&deeds, true);
    let (sealed, turn) = (seal("we_session=wes_good"), Uuid::now_v7().to_string());
    let path = format!("/chat/{CONVERSATION}/messages");
    for file in ["<svg onload=alert(1)>", "<script>alert(1)</script>", "%PDF-1.7", "GIF"] {
        let body = composed(&[
            ("seal", &sealed),
            ("turn", &turn),
            ("picture;../cat.png", file),
            ("text", "look at this"),
        ]);
        let answer = ask(&face, signed_in(Method::POST, &path), &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}");
        assert!(answer.text.contains("Only pictures") && answer.text.contains("look at this</textarea>"));
    }
    let broken = composed(&[("seal", &sealed), ("text", "cut")]).replace("--edge--", "--ed");
    assert_eq!(ask(&face, signed_in(Method::POST, &path), &broken).await.status, StatusCode::BAD_REQUEST);
    assert!(deeds.lock().expect("no panic").is_empty());
    let shown = ask(&face, signed_in(Method::GET, &format!("/files/{}", Uuid::nil())), "").await;
    assert_eq!(shown.headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(shown.headers[header::CONTENT_DISPOSITION], "attachment");
    assert!(shown.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").contains("sandbox"));
}

#[tokio::test]
async fn what_was_being_said_outlives_the_session() {
    let deeds = Deeds::default();
    let face = face(&deeds, true);
    let path = format!("/chat/{CONVERSATION}/messages");
    let turn = Uuid::now_v7();
    let (sealed, id) = (seal("we_session=wes_gone"), turn.to_string());
    let body = composed(&[("seal", &sealed), ("text", "not <lost>\nat all"), ("turn", &id)]);
    // Ended elsewhere, or signed out in another tab, which takes the cookie along.
    for cookie in ["we_session=wes_gone", "we_visit=v"] {
        let late = |from| to(Method::POST, &path).header("cookie", cookie).header("sec-fetch-site", from);
        let door = ask(&face, late("same-origin"), &body).await;
        assert_eq!(door.status, StatusCode::UNAUTHORIZED, "{cookie}");
        assert!(door.text.contains("name=\"text\" value=\"not &#60;lost&#62;\nat all\""), "{}", door.text);
        assert_eq!(ask(&face, late("cross-site"), &body).await.status, StatusCode::FORBIDDEN, "{cookie}");
    }
    assert!(deeds.lock().expect("no panic").is_empty());

    let back = to(Method::POST, "/sign-in")
        .header("cookie", "we_session=wes_gone")
        .header("sec-fetch-site", "same-origin");
    let body = format!(
        "seal={}&name=ada&password={RIGHT}&next=&conversation={CONVERSATION}&turn={turn}&instead_of=&text=not+%3Clost%3E",
        seal("we_session=wes_gone")
    );
    let said = ask(&face, back, &body).await;
    assert!(said.headers[header::SET_COOKIE].to_str().expect("text").starts_with("we_session=wes_good"));
    assert_eq!(deeds.lock().expect("no panic")[0].1["text"], "not <lost>");
    assert_eq!(deeds.lock().expect("no panic")[0].1["id"], turn.to_string());

    // Pictures cannot wait at the door: the words are back in the field, and nothing is said without them.
    let late = to(Method::POST, &path)
        .header("cookie", "we_session=wes_gone")
        .header("sec-fetch-site", "same-origin");
    let body = composed(&[("seal", &sealed), ("text", "see?"), ("turn", &id), ("picture;cat.gif", "GIF89a")]);
    assert!(ask(&face, late, &body).await.text.contains("name=\"with_pictures\""));
    let back = to(Method::POST, "/sign-in")
        .header("cookie", "we_session=wes_gone")
        .header("sec-fetch-site", "same-origin");
    let body = format!(
        "seal={sealed}&name=ada&password={RIGHT}&next=&conversation={CONVERSATION}&turn={turn}&with_pictures=yes&text=see",
    );
    let page = ask(&face, back, &body).await;
    assert!(page.text.contains("Choose them again") && page.text.contains("see</textarea>"), "{}", page.text);
    assert_eq!(deeds.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_repeated() {
    let face = face(&Deeds::default(), true);
    let request =
        to(Method::POST, "/sign-in").header("cookie", "we_visit=v").header("sec-fetch-site", "same-origin");
    let body = format!("seal={}&name=ada&password=hunter2hunter2&next=", seal("we_visit=v"));
    let answer = ask(&face, request, &body).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text.contains("value=\"ada\"") && !answer.text.contains("hunter2"));
    has_no_live_markup(&answer.text);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people_and_a_problem_for_programs() {
    let face = face(&Deeds::default(), true);
    let person = ask(&face, to(Method::GET, "/nothing").header("accept", "text/html,*/*"), "").await;
    assert!(person.status == StatusCode::NOT_FOUND && person.text.contains("<h1>"));
    let program = ask(&face, to(Method::GET, "/nothing"), "").await;
    assert!(program.text.starts_with('{'));
    let style = ask(&face, to(Method::GET, &crate::assets::address("app.css")), "").await;
    assert!(style.headers[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
}

#[tokio::test]
async fn a_chat_without_a_model_says_so_and_leads_the_owner_to_one() {
    for (is_owner, expected) in [(true, 1), (false, 0)] {
        let face = face(&Deeds::default(), is_owner);
        let chat = ask(&face, signed_in(Method::GET, &format!("/chat/{CONVERSATION}")), "").await;
        assert_eq!(chat.text.matches("No language model is connected").count(), 1, "{}", chat.text);
        assert_eq!(chat.text.matches("href=\"/settings/models/add\"").count(), expected);
        assert_eq!(chat.text.matches("owner of this box can connect").count(), 1 - expected);
        has_no_live_markup(&chat.text);
    }
}

#[tokio::test]
async fn the_way_to_the_system_is_there_for_its_owner_alone() {
    for has_owner in [true, false] {
        let face = face(&Deeds::default(), has_owner);
        let chat = ask(&face, signed_in(Method::GET, &format!("/chat/{CONVERSATION}")), "").await;
        let palette = ask(&face, signed_in(Method::GET, "/palette?q=sys"), "").await;
        for page in [&chat, &palette] {
            assert_eq!(page.text.contains("href=\"/system\""), has_owner, "{}", page.text);
        }
        assert!(palette.status == StatusCode::OK && chat.text.contains("href=\"/settings\""));
    }
}
