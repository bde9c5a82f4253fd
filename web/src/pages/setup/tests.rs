//! The steps over an engine that remembers how far somebody came.

use crate::pages::session::Cookies;
use crate::ports::WayIn;
use crate::public::tests::{ask, face, request};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine_client::principal::{Credential, Principal};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::in_process::in_process;
use engine_client::wire::people::Proof;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

const HOSTILE: &str = "<script>alert(1)</script>";
const SESSION: &str = "we_session=wes_good";

/// An engine with its owner, in this state.
#[derive(Clone)]
struct Engine {
    next: Arc<Mutex<String>>,
    role: &'static str,
    found: Value,
    deeds: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Engine {
    fn at(next: &str) -> Self {
        let (next, deeds) = (Arc::new(Mutex::new(next.to_owned())), Arc::default());
        Self { next, role: "owner", found: json!([]), deeds }
    }

    fn face(&self) -> Router {
        let me = json!({ "id": Uuid::nil(), "name": "Ada", "role": self.role, "state": "active", "created_at": 0 });
        let router = Router::new()
            .route("/api/v1/proofs", post(prove))
            .route("/api/v1/me", get(move || async move { Json(me) }))
            .route("/api/v1/setup", get(state).post(set_up))
            .route("/api/v1/sessions", post(begin))
            .route("/api/v1/setup/steps", post(done))
            .route("/api/v1/setup/recovery-code", post(renew))
            .route("/api/v1/connections/scan", post(scan))
            .route("/api/v1/conversations", get(conversations))
            .with_state(self.clone())
            .into_service::<engine_client::transport::Body>();
        face(Ok(WayIn { transport: in_process(router), secret: "inner".into() }))
    }

    fn deeds(&self) -> Vec<(String, Value)> {
        self.deeds.lock().expect("no panic").clone()
    }

    fn did(&self, what: &str, with: Value) {
        self.deeds.lock().expect("no panic").push((what.to_owned(), with));
    }
}

async fn prove(Json(proof): Json<Proof>) -> Response {
    if !matches!(proof, Proof::Session(token) if token == "wes_good") {
        return problem(ErrorCode::Unauthenticated);
    }
    let (tenant, person) = (Uuid::from_u128(1), Uuid::from_u128(2));
    Json(Principal::Person { tenant, person, via: Credential::Session }).into_response()
}

fn problem(code: ErrorCode) -> Response {
    let status = StatusCode::from_u16(code.status()).expect("a status");
    (status, serde_json::to_string(&Problem::new(code, HOSTILE)).expect("plain")).into_response()
}

async fn state(State(engine): State<Engine>) -> Json<Value> {
    let next = engine.next.lock().expect("no panic").clone();
    Json(json!({ "has_owner": next != "owner", "connections": 0, "next": next }))
}

async fn set_up(State(engine): State<Engine>, Json(asked): Json<Value>) -> Json<Value> {
    assert_eq!(asked["guided"], true);
    *engine.next.lock().expect("no panic") = "recovery".to_owned();
    Json(json!({ "person": Uuid::nil(), "recovery_code": "ABCD-1234" }))
}

async fn begin() -> Json<Value> {
    let ada =
        json!({ "id": Uuid::nil(), "name": "Ada", "role": "owner", "state": "active", "created_at": 0 });
    Json(json!({ "token": "wes_good", "person": ada, "expires_at": 0 }))
}

async fn done(State(engine): State<Engine>, Json(asked): Json<Value>) -> StatusCode {
    engine.did("done", asked["step"].clone());
    StatusCode::NO_CONTENT
}

async fn renew() -> Json<Value> {
    Json(json!({ "person": Uuid::nil(), "owner": "Ada", "recovery_code": "EFGH-5678" }))
}

async fn scan(State(engine): State<Engine>, Json(asked): Json<Value>) -> Json<Value> {
    engine.did("scan", asked);
    Json(engine.found)
}

async fn conversations() -> Json<Value> {
    let conversation = json!({ "id": Uuid::nil(), "companion": Uuid::nil(), "title": null, "pinned": false,
        "head": null, "created_at": 0, "updated_at": 0 });
    Json(json!({ "conversations": [conversation], "next": null }))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn leads_to(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
    }

    /// The pairs that a browser keeps from it.
    fn cookies(&self) -> String {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        let pairs: Vec<&str> = lines.filter_map(|line| line.to_str().ok()?.split(';').next()).collect();
        pairs.join("; ")
    }
}

async fn answer(face: &Router, request: http::request::Builder, body: String) -> Answer {
    let (status, headers, body) = ask(face, request.body(Body::from(body)).expect("a request")).await;
    Answer { status, headers, text: String::from_utf8(body).expect("text") }
}

async fn open(face: &Router, path: &str, cookies: &str) -> Answer {
    answer(face, request(Method::GET, path).header("cookie", cookies), String::new()).await
}

async fn send(face: &Router, path: &str, cookies: &str, fields: &str) -> Answer {
    let headers = [(header::COOKIE, cookies.parse().expect("a value"))].into_iter().collect();
    let seal = Cookies::read(&headers).seal().expect("a cookie of ours");
    let request = request(Method::POST, path)
        .header("cookie", cookies)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    answer(face, request, format!("seal={seal}&{fields}")).await
}

#[tokio::test]
async fn whoever_comes_back_goes_on_where_they_stopped() {
    for (next, leads_to) in
        [("recovery", "/setup/recovery"), ("machine", "/setup/machine"), ("model", "/setup/model")]
    {
        let face = Engine::at(next).face();
        for path in ["/", "/setup"] {
            assert_eq!(open(&face, path, SESSION).await.leads_to(), leads_to, "{path}");
        }
        assert_eq!(open(&face, "/setup", "").await.leads_to(), "/sign-in?next=/setup");
        let member = Engine { role: "member", ..Engine::at(next) }.face();
        assert_eq!(open(&member, "/setup", SESSION).await.leads_to(), "/");
        assert!(open(&member, "/", SESSION).await.leads_to().starts_with("/chat/"));
        for path in ["/setup/machine", "/setup/model"] {
            assert_eq!(open(&member, path, SESSION).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let face = Engine::at("done").face();
    assert!(open(&face, "/", SESSION).await.leads_to().starts_with("/chat/"));
    for path in ["/setup", "/setup/recovery"] {
        assert_eq!(open(&face, path, SESSION).await.leads_to(), "/", "{path}");
    }
}

#[tokio::test]
async fn the_code_survives_a_reload_and_a_second_form() {
    let engine = Engine::at("owner");
    let face = engine.face();
    let form = "token=the-token&name=Ada&password=long+enough&again=long+enough";
    let made = send(&face, "/setup/owner", "we_visit=v", form).await;
    assert_eq!((made.status, made.leads_to()), (StatusCode::SEE_OTHER, "/setup/recovery"));
    let cookies = made.cookies();
    let line = made.headers.get_all(header::SET_COOKIE).iter().next_back().expect("a cookie").to_str();
    let line = line.expect("text");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/setup/recovery", "Max-Age=900"] {
        assert!(line.contains(part), "{line}");
    }
    for _ in 0..2 {
        let page = open(&face, "/setup/recovery", &cookies).await;
        assert!(page.text.contains("ABCD-1234"), "{}", page.text);
    }
    // The same form once more, with the seal that it had, finds its way.
    let again = send(&face, "/setup/owner", "we_visit=v", form).await;
    assert_eq!(again.leads_to(), "/setup");

    let elsewhere = open(&face, "/setup/recovery", SESSION).await;
    assert!(!elsewhere.text.contains("ABCD-1234") && elsewhere.text.contains("/setup/recovery/again"));
    let forged = open(&face, "/setup/recovery", &format!("{SESSION}; we_recovery={HOSTILE}")).await;
    assert!(!forged.text.contains("alert(1)"), "{}", forged.text);
    let renewed = send(&face, "/setup/recovery/again", SESSION, "").await;
    assert!(renewed.cookies().contains("we_recovery=EFGH-5678"));
    let kept = send(&face, "/setup/recovery", SESSION, "").await;
    assert_eq!((kept.leads_to(), kept.cookies().as_str()), ("/setup/machine", "we_recovery="));
    assert_eq!(engine.deeds(), [("done".to_owned(), json!("recovery"))]);
}

#[tokio::test]
async fn what_was_found_is_told_and_left_behind() {
    let engine = Engine::at("machine");
    let face = engine.face();
    let page = open(&face, "/setup/machine", SESSION).await;
    assert!(page.text.contains("2 processor cores, 3.9 GiB of memory"), "{}", page.text);
    assert!(page.text.contains("Docker &#60;script&#62;1"), "{}", page.text);
    assert!(page.text.contains("&#60;script&#62;2") && page.text.contains("in look 0"), "{}", page.text);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert_eq!(send(&face, "/setup/machine/look", SESSION, "").await.leads_to(), "/setup/machine");
    let again = open(&face, "/setup/machine", SESSION).await;
    assert!(again.text.contains("in look 1"), "{}", again.text);
    let member = Engine { role: "member", ..Engine::at("machine") }.face();
    let refused = send(&member, "/setup/machine/look", SESSION, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    assert_eq!(send(&face, "/setup/machine", SESSION, "").await.leads_to(), "/setup/model");
    assert_eq!(send(&face, "/setup/model/later", SESSION, "").await.leads_to(), "/");
    assert_eq!(engine.deeds(), [("done".to_owned(), json!("machine")), ("done".to_owned(), json!("model"))]);
}

#[tokio::test]
async fn servers_are_looked_for_only_when_asked_and_one_model_is_recommended() {
    let model = |name: &str, talks: &str| json!({ "name": name, "talks": talks });
    let engine = Engine {
        found: json!([
            { "kind": "ollama", "url": "http://127.0.0.1:11434/v1", "models": [
                model("gemma:2b", "maybe"), model("embedder", "no") ] },
            { "kind": "lm_studio", "url": "http://127.0.0.1:1234/v1", "models": [
                model("best-instruct", "yes"), model(HOSTILE, "yes") ] },
            { "kind": "llama_cpp", "url": "http://127.0.0.1:8080/v1", "models": [] },
        ]),
        ..Engine::at("model")
    };
    let face = engine.face();
    let before = open(&face, "/setup/model", SESSION).await;
    assert!(before.text.contains("action=\"/setup/model/search\"") && engine.deeds().is_empty());
    let after = send(&face, "/setup/model/search", SESSION, "").await;
    assert_eq!(engine.deeds(), [("scan".to_owned(), json!({ "own_ports": [8080] }))]);
    let text = &after.text;
    for said in ["Ollama at", "LM Studio at", "llama.cpp at", "offers no model that can talk"] {
        assert!(text.contains(said), "{said} is missing in {text}");
    }
    let recommended = text.split("class=\"button primary\"").nth(1).expect("one is recommended");
    assert!(recommended.contains(">Use best-instruct<"), "{recommended}");
    assert_eq!(text.matches("Recommended").count(), 1);
    assert!(!text.contains("embedder") && !text.contains(HOSTILE));

    let nothing = Engine::at("model").face();
    let nothing = send(&nothing, "/setup/model/search", SESSION, "").await;
    assert!(nothing.text.contains("No model server answered") && nothing.text.contains("Look again"));
}
