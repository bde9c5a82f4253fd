//! The public router over an engine that only writes down what reaches it.

use super::router::{Face, router};
use crate::edge::body::Bounds;
use crate::edge::host::AllowedHosts;
use crate::edge::limits::counting::{Limits, Rates};
use crate::edge::visitor::TrustedProxies;
use crate::pages::system::tests::state::BoxState;
use crate::ports::system::{Logs, System};
use crate::ports::{
    Appliance, ContainerEngine, ContainerState, EngineKind, Graphics, Ground, Leaving, Life, Size, WayIn,
};
use crate::serve::Peer;
use crate::words::Words;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use engine_client::principal::{
    Credential, DEADLINE_MS, INTERNAL_HEADERS, PRINCIPAL, Principal, REQUEST_ID, SECRET,
};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::in_process::in_process;
use engine_client::wire::people::Proof;
use engine_client::wire::status::{EngineStatus, PartStatus};
use futures::future::BoxFuture;
use futures::stream;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) const KEY: &str = "wek_good";
const TENANT: Uuid = Uuid::from_u128(1);
const PERSON: Uuid = Uuid::from_u128(2);
const KEY_ID: Uuid = Uuid::from_u128(3);

pub(crate) fn proven() -> Principal {
    Principal::Person { tenant: TENANT, person: PERSON, via: Credential::Key { id: KEY_ID } }
}

/// What reached the engine under `/api/v1/echo`.
type Seen = Arc<Mutex<Vec<HeaderMap>>>;

struct Stand {
    engine: Result<WayIn, Problem>,
    looks: AtomicU32,
    /// With everything in the box itself.
    state: BoxState,
}

impl Appliance for Stand {
    fn version(&self) -> &'static str {
        "0.0.0-test"
    }
    fn mode(&self) -> &'static str {
        "desktop"
    }
    fn now(&self) -> i64 {
        0
    }
    fn engine(&self) -> Result<WayIn, Problem> {
        self.engine.clone()
    }
    fn voice(&self) -> Result<WayIn, Problem> {
        self.engine.clone()
    }
    fn setup_token_opens(&self, token: &str) -> bool {
        token == "the-token"
    }
    fn port(&self) -> u16 {
        8080
    }
    fn life(&self) -> Life {
        Life { started_at: 0, place: "/home/ada/WhisperEngine".to_owned() }
    }
    fn leave(&self, _: Leaving) {
        unreachable!("nobody is signed in here")
    }
    fn look_around(&self) -> BoxFuture<'_, Ground> {
        let looks = self.looks.load(Ordering::Relaxed);
        let containers = ContainerEngine {
            state: ContainerState::Degraded,
            kind: EngineKind::Docker,
            version: Some("<script>1</script>".to_owned()),
            detail: format!("<script>2</script> in look {looks}"),
        };
        let (graphics, size) = (Graphics::None, Size::Constrained);
        let ground = Ground { cores: 2, memory_gib: 3.9, disk_free_gib: 40.0, graphics, size, containers };
        Box::pin(std::future::ready(ground))
    }
    fn look_again(&self) -> BoxFuture<'_, ()> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
    fn system(&self) -> &dyn System {
        &self.state
    }
    fn logs(&self) -> &dyn Logs {
        &self.state
    }
}

async fn echo(State(seen): State<Seen>, request: Request) -> Response {
    seen.lock().expect("no test panics here").push(request.headers().clone());
    match request.into_body().collect().await {
        Ok(body) => {
            ([(header::TRANSFER_ENCODING.as_str(), ""), ("x-kept", "yes")], body.to_bytes()).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

pub(crate) async fn proofs(Json(proof): Json<Proof>) -> Response {
    if matches!(proof, Proof::ApiKey(key) if key == KEY) {
        return Json(proven()).into_response();
    }
    let problem = Problem::new(ErrorCode::Unauthenticated, "no such key");
    (StatusCode::UNAUTHORIZED, serde_json::to_string(&problem).expect("plain")).into_response()
}

fn engine(seen: Seen, store_is_up: bool) -> WayIn {
    let part =
        PartStatus { name: "store".into(), ok: store_is_up, needed: true, detail: "gone fishing".into() };
    let cache = PartStatus { name: "cache".into(), ok: false, needed: false, detail: "local instead".into() };
    let status = EngineStatus { version: "1".into(), store: "sqlite".into(), parts: vec![part, cache] };
    let router = Router::new()
        .route("/api/v1/echo", any(echo))
        .route("/api/v1/proofs", post(proofs))
        .route("/api/v1/status", get(move || async move { Json(status) }))
        .with_state(seen)
        .into_service::<engine_client::transport::Body>();
    WayIn { transport: in_process(router), secret: "inner-secret".into() }
}

pub(crate) fn face(engine: Result<WayIn, Problem>) -> Router {
    router(parts(engine))
}

pub(crate) fn face_limited(engine: Result<WayIn, Problem>, rates: Rates) -> Router {
    router(Face { limits: Limits::new(rates), ..parts(engine) })
}

pub(crate) fn parts(engine: Result<WayIn, Problem>) -> Face {
    Face {
        appliance: Arc::new(Stand { engine, looks: AtomicU32::default(), state: BoxState::default() }),
        figures: PrometheusBuilder::new().build_recorder().handle(),
        hosts: AllowedHosts::new(["box.lan".to_owned()]),
        proxies: TrustedProxies::new(|address| address.to_string() == "192.0.2.1"),
        authority: None,
        metrics_token: None,
        patience: Duration::from_secs(30),
        bounds: Bounds { bytes: 1000, silence: Duration::from_secs(5) },
        limits: Limits::new(Rates::default()),
        words: Words::english(),
        markdown: Arc::default(),
        tasks: TaskTracker::new(),
    }
}

pub(crate) fn request(method: Method, path: &str) -> http::request::Builder {
    let address = "127.0.0.1:50000".parse().expect("an address");
    http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .extension(Peer::Network(address))
}

pub(crate) async fn ask(router: &Router, request: http::Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("the body ends").to_bytes().to_vec();
    (parts.status, parts.headers, body)
}

fn problem(body: &[u8]) -> Problem {
    serde_json::from_slice(body).expect("a problem document")
}

pub(crate) fn empty(builder: http::request::Builder) -> http::Request<Body> {
    builder.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn a_call_with_a_key_passes_unchanged_under_the_name_of_its_person() {
    let seen = Seen::default();
    let face = face(Ok(engine(Arc::clone(&seen), true)));
    for (name, value) in [("authorization", "bearer wek_good"), ("x-api-key", KEY)] {
        let call = request(Method::POST, "/api/v1/echo?a=b")
            .header(name, value)
            .header(SECRET, "guessed")
            .header(PRINCIPAL, Principal::Operator.to_header())
            .header(DEADLINE_MS, "1")
            .header("connection", "x-mine")
            .header("x-mine", "1")
            .header("content-type", "text/plain")
            .body(Body::from("words \u{0} bytes"))
            .expect("a request");
        let (status, headers, body) = ask(&face, call).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, b"words \0 bytes".as_slice()));
        assert!(headers.contains_key("x-kept") && !headers.contains_key(header::TRANSFER_ENCODING));
        assert!(headers.contains_key(REQUEST_ID));
        let inner = seen.lock().expect("no panic").pop().expect("the engine was asked");
        let principal = inner[PRINCIPAL].to_str().ok().and_then(Principal::from_header);
        assert_eq!(principal, Some(proven()));
        assert_eq!(inner[REQUEST_ID], headers[REQUEST_ID]);
        assert_eq!(inner["content-type"], "text/plain");
        assert!(INTERNAL_HEADERS.iter().all(|name| inner.get_all(*name).iter().count() == 1));
        for gone in ["authorization", "x-api-key", "x-mine", "connection"] {
            assert!(!inner.contains_key(gone), "{gone}");
        }
    }
}

#[tokio::test]
async fn without_a_key_that_opens_something_nothing_reaches_the_engine() {
    let seen = Seen::default();
    let face = face(Ok(engine(Arc::clone(&seen), true)));
    let plain = request(Method::GET, "/api/v1/echo");
    let operator = request(Method::GET, "/api/v1/echo")
        .header(PRINCIPAL, Principal::Operator.to_header())
        .header(SECRET, "inner-secret");
    let wrong = request(Method::GET, "/api/v1/echo").header("x-api-key", "wek_wrong");
    let two =
        request(Method::GET, "/api/v1/echo").header("x-api-key", KEY).header("authorization", "Bearer other");
    let basic = request(Method::GET, "/api/v1/echo").header("authorization", "Basic d2VrX2dvb2Q6");
    for call in [plain, operator, wrong, two, basic] {
        let (status, headers, body) = ask(&face, empty(call)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(problem(&body).code, ErrorCode::Unauthenticated);
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    assert!(seen.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_strange_name_is_told_how_to_be_allowed() {
    let face = face(Ok(engine(Seen::default(), true)));
    let named = |host: &str| {
        let builder = http::Request::builder().uri("/health").extension(Peer::Local);
        empty(builder.header("host", host))
    };
    let (status, _, body) = ask(&face, named("evil.example:8080")).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert!(problem(&body).detail.contains("--allow-host evil.example"), "{}", problem(&body).detail);
    for host in ["box.lan", "BOX.lan:80", "[::1]:8080", "127.0.0.1"] {
        assert_eq!(ask(&face, named(host)).await.0, StatusCode::OK, "{host}");
    }
    let none = http::Request::builder().uri("/health").extension(Peer::Local);
    let twice = http::Request::builder()
        .uri("/health")
        .extension(Peer::Local)
        .header("host", "a")
        .header("host", "b");
    let user =
        http::Request::builder().uri("/health").extension(Peer::Local).header("host", "evil@localhost");
    for wrong in [none, twice, user] {
        assert_eq!(ask(&face, empty(wrong)).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_name_that_a_proxy_tells_must_be_allowed_too() {
    let face = face(Ok(engine(Seen::default(), true)));
    let told = |peer: &str, name: &str| {
        let peer = Peer::Network(peer.parse().expect("an address"));
        let builder = http::Request::builder().uri("/health").extension(peer);
        empty(builder.header("host", "10.0.0.9:8080").header("x-forwarded-host", name))
    };
    for (peer, name, status) in [
        ("192.0.2.1:9", "box.lan", StatusCode::OK),
        ("192.0.2.1:9", "evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("203.0.113.5:9", "evil.example", StatusCode::OK),
    ] {
        assert_eq!(ask(&face, told(peer, name)).await.0, status, "{peer} {name}");
    }
}

#[tokio::test]
async fn too_much_is_refused_whether_or_not_its_length_was_told() {
    let face = face(Ok(engine(Seen::default(), true)));
    let told =
        request(Method::POST, "/api/v1/echo").header("x-api-key", KEY).header("content-length", "1001");
    let (status, _, body) = ask(&face, told.body(Body::from("x")).expect("a request")).await;
    assert_eq!((status, problem(&body).code), (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge));
    let pieces = stream::iter((0..11).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let untold =
        request(Method::POST, "/api/v1/echo").header("x-api-key", KEY).body(Body::from_stream(pieces));
    let (status, _, body) = ask(&face, untold.expect("a request")).await;
    assert_eq!((status, problem(&body).code), (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge));
    let pieces = stream::iter((0..10).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let fits = request(Method::POST, "/api/v1/echo").header("x-api-key", KEY).body(Body::from_stream(pieces));
    assert_eq!(ask(&face, fits.expect("a request")).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stands_still_is_given_up() {
    let face = face(Ok(engine(Seen::default(), true)));
    let stuck = Body::from_stream(stream::pending::<Result<String, std::io::Error>>());
    let call = request(Method::POST, "/api/v1/echo").header("x-api-key", KEY).body(stuck).expect("a request");
    let (status, _, body) = ask(&face, call).await;
    assert_eq!((status, problem(&body).code), (StatusCode::GATEWAY_TIMEOUT, ErrorCode::DeadlineExceeded));
}

#[tokio::test]
async fn readiness_names_what_is_needed_and_missing() {
    let ready = async |engine| {
        let (status, _, body) = ask(&face(engine), empty(request(Method::GET, "/ready"))).await;
        (status, String::from_utf8(body).expect("text"))
    };
    let (status, body) = ready(Ok(engine(Seen::default(), true))).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"ready":true,"reasons":[]}"#));
    let (status, body) = ready(Ok(engine(Seen::default(), false))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        body.contains(r#"{"part":"store","detail":"gone fishing"}"#) && !body.contains("cache"),
        "{body}"
    );
    let starting = Problem::new(ErrorCode::StoreUnavailable, "the store is being opened");
    let (status, body) = ready(Err(starting)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("the store is being opened"), "{body}");
}

#[tokio::test]
async fn health_answers_while_there_is_no_engine_and_calls_say_why() {
    let face = face(Err(Problem::new(ErrorCode::StoreUnavailable, "the store is being opened")));
    let (status, _, body) = ask(&face, empty(request(Method::GET, "/health"))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, br#"{"status":"ok","version":"0.0.0-test","mode":"desktop"}"#);
    let (status, _, body) =
        ask(&face, empty(request(Method::GET, "/api/v1/echo").header("x-api-key", KEY))).await;
    assert_eq!((status, problem(&body).code), (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StoreUnavailable));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_with_an_id() {
    let face = face(Ok(engine(Seen::default(), true)));
    let call = request(Method::GET, "/nothing").header(REQUEST_ID, "from-a-proxy");
    let (status, headers, body) = ask(&face, empty(call)).await;
    assert_eq!((status, problem(&body).code), (StatusCode::NOT_FOUND, ErrorCode::NotFound));
    assert_eq!(headers[REQUEST_ID], "from-a-proxy");
    let (status, headers, body) = ask(&face, empty(request(Method::POST, "/health"))).await;
    assert_eq!((status, problem(&body).code), (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed));
    assert!(Uuid::parse_str(headers[REQUEST_ID].to_str().expect("text")).is_ok());
}

#[tokio::test]
async fn a_person_with_a_strange_name_gets_a_page_that_says_what_to_do() {
    let face = face(Ok(engine(Seen::default(), true)));
    let named = |host: &str, path: &str| {
        let builder = http::Request::builder().uri(path).extension(Peer::Local);
        empty(builder.header("host", host).header("accept", "text/html,*/*"))
    };
    let (status, headers, body) = ask(&face, named("Kitchen.lan:8080", "/chat")).await;
    let page = String::from_utf8(body).expect("text");
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    for way in ["--allow-host kitchen.lan", "WHISPERENGINE_ALLOWED_HOSTS=kitchen.lan", "[\"kitchen.lan\"]"] {
        assert!(page.contains(way), "{way} is missing in {page}");
    }
    for hostile in ["a'b", "$(reboot)", "a;b", "--help"] {
        let (status, _, body) = ask(&face, named(hostile, "/")).await;
        let page = String::from_utf8(body).expect("text");
        assert!(status.is_client_error(), "{hostile}: {status}");
        assert!(!page.contains("--allow-host") && !page.contains("<code>"), "{hostile}: {page}");
    }
    let style = crate::assets::address("app.css");
    assert_eq!(ask(&face, named("evil.example", &style)).await.0, StatusCode::OK);
    assert_eq!(ask(&face, named("evil.example", "/assets")).await.0, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_box_with_its_own_authority_says_how_to_trust_it() {
    let plain = face(Ok(engine(Seen::default(), true)));
    let (status, _, body) = ask(&plain, empty(request(Method::GET, "/certificate"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(String::from_utf8(body).expect("text").contains("nothing to trust"));

    let authority = Some(bytes::Bytes::from_static(b"a certificate"));
    let own = router(Face { authority, ..parts(Ok(engine(Seen::default(), true))) });
    let (status, _, body) = ask(&own, empty(request(Method::GET, "/certificate"))).await;
    let page = String::from_utf8(body).expect("text");
    assert_eq!(status, StatusCode::OK);
    for said in ["81:AC:D7:62", "href=\"/authority.crt\"", "iPhone", "Android", "Windows", "macOS", "Firefox"]
    {
        assert!(page.contains(said), "{said} is missing in {page}");
    }
}

#[tokio::test]
async fn while_nobody_can_be_recognised_a_page_says_so_and_lets_nobody_in() {
    let face = face(Err(Problem::new(ErrorCode::StoreUnavailable, "the store is being opened")));
    for path in ["/system", "/system/now", "/system/logs", "/chat"] {
        let asked = empty(request(Method::GET, path).header("cookie", "we_session=wes_good"));
        let (status, _, body) = ask(&face, asked).await;
        let page = String::from_utf8(body).expect("text");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        for words in [
            "cannot find out who you are: the store is being opened.",
            "whisperengine doctor",
            "href=\"/system\"",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }
}
