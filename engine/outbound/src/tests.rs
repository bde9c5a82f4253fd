//! The client against real sockets on this machine, and against a name server that lies.

use super::allow::AllowList;
use super::client::{Outbound, OutboundConfig};
use super::error::{OutboundError, Stage};
use super::request::{Limits, OutboundRequest, parse_url};
use super::resolve::Resolver;
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

/// Servers stop when it is dropped.
#[derive(Default)]
struct Servers(JoinSet<()>);

impl Servers {
    async fn start(&mut self, router: Router) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let url = base(listener.local_addr().expect("a bound socket has an address"));
        self.0.spawn(async move {
            axum::serve(listener, router).await.expect("the listener stays open");
        });
        url
    }
}

fn base(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}/")).expect("an address makes a URL")
}

fn outbound() -> Outbound {
    Outbound::new(OutboundConfig::default())
}

fn redirect_to(status: u16, target: String) -> Router {
    Router::new().fallback(any(move || async move {
        let status = StatusCode::from_u16(status).expect("the test names a status");
        (status, [(header::LOCATION, target)])
    }))
}

async fn refused(url: &str) -> OutboundError {
    let url = match parse_url(url) {
        Ok(url) => url,
        Err(error) => return error,
    };
    outbound().send(OutboundRequest::get(url), &AllowList::none()).await.err().expect("it is refused")
}

#[tokio::test]
async fn every_spelling_of_a_forbidden_address_is_refused_before_a_packet_leaves() {
    let forbidden = [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://192.168.0.1:8080/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://2852039166/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:1::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://198.18.0.1/",
        "http://192.0.2.1/",
        "http://localhost/",
    ];
    for url in forbidden {
        let error = refused(url).await;
        assert!(matches!(error, OutboundError::Forbidden { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn addresses_that_can_be_read_in_two_ways_are_no_addresses() {
    let bad = [
        "http://a\\@b/",
        "http://a/\\..\\b",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://:secret@example.org/",
        "http://exam\tple.org/",
        "http://example.org/\n",
        "http://example.org/ x",
        "http://example.org:0/",
        "http://",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "unix:/run/docker.sock",
        "http://256.1.1.1/",
        "http://[::1%25lo]/",
        "",
    ];
    for text in bad {
        let found = parse_url(text);
        assert!(matches!(found, Err(OutboundError::BadUrl { .. })), "{text:?}: {found:?}");
    }
}

#[tokio::test]
async fn userinfo_is_refused_even_in_a_url_that_was_parsed_elsewhere() {
    let url = Url::parse("http://a\\@b/").expect("the URL standard forgives it");
    assert_eq!(url.host_str(), Some("a"));
    let url = Url::parse("http://key@1.1.1.1/").expect("it is a URL");
    let error = outbound().send(OutboundRequest::get(url), &AllowList::none()).await.err();
    assert!(matches!(error, Some(OutboundError::BadUrl { .. })), "{error:?}");
}

#[tokio::test]
async fn a_listed_local_origin_is_reached_without_any_certificate() {
    let mut servers = Servers::default();
    let url = servers.start(Router::new().route("/", get(|| async { "hello" }))).await;
    let response = outbound().send(OutboundRequest::get(url.clone()), &AllowList::none().with(&url)).await;
    let response = response.expect("a listed origin answers");
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.bytes(100).await, Ok(Bytes::from_static(b"hello")));
}

#[tokio::test]
async fn a_connection_made_for_a_listed_origin_serves_nobody_else() {
    let mut servers = Servers::default();
    let url = servers.start(Router::new().route("/", get(|| async { "hello" }))).await;
    let outbound = outbound();
    let allow = AllowList::none().with(&url);
    let first = outbound.send(OutboundRequest::get(url.clone()), &allow).await.expect("it answers");
    first.bytes(100).await.expect("it is short");
    let error = outbound.send(OutboundRequest::get(url), &AllowList::none()).await.err();
    assert!(matches!(error, Some(OutboundError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn metadata_is_refused_even_when_listed() {
    let url = parse_url("http://169.254.169.254/").expect("it is a URL");
    let allow = AllowList::none().with(&url);
    let error = outbound().send(OutboundRequest::get(url), &allow).await.err();
    assert!(matches!(error, Some(OutboundError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn every_hop_of_a_redirect_is_judged_again() {
    let mut servers = Servers::default();
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    let inner = servers
        .start(Router::new().fallback(any(move || async move {
            counter.fetch_add(1, Ordering::SeqCst);
            "secret"
        })))
        .await;
    let targets = [
        inner.to_string(),
        format!("//127.0.0.1:{}/", inner.port().expect("a free port is not 80")),
        "http://169.254.169.254/".to_owned(),
        "http://[::ffff:7f00:1]/".to_owned(),
        "http://localhost/".to_owned(),
    ];
    for status in [301, 302, 303, 307, 308] {
        for target in &targets {
            let last = servers.start(redirect_to(status, target.clone())).await;
            let first = servers.start(redirect_to(status, last.to_string())).await;
            let allow = AllowList::none().with(&first).with(&last);
            let error = outbound().send(OutboundRequest::get(first), &allow).await.err();
            assert!(matches!(error, Some(OutboundError::Forbidden { .. })), "{status} {target}: {error:?}");
        }
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_out_of_http_is_refused() {
    let mut servers = Servers::default();
    for target in ["file:///etc/passwd", "ftp://example.org/", "http://u:p@example.org/", "http://a\\@b/"] {
        let url = servers.start(redirect_to(302, target.to_owned())).await;
        let allow = AllowList::none().with(&url);
        let error = outbound().send(OutboundRequest::get(url), &allow).await.err();
        assert!(matches!(error, Some(OutboundError::BadUrl { .. })), "{target}: {error:?}");
    }
}

#[tokio::test]
async fn secrets_and_content_stay_with_their_origin() {
    let mut servers = Servers::default();
    let echo = Router::new().fallback(any(|request: Request| async move {
        let headers = request.headers();
        let kept = |name: &str| headers.contains_key(name);
        format!("{} {} {}", kept("authorization"), kept("x-api-key"), kept("accept")).into_response()
    }));
    let other = servers.start(echo.clone()).await;
    let own = servers
        .start(
            Router::new()
                .route("/out", redirect_route(302, &other))
                .route("/out307", redirect_route(307, &other))
                .route("/in", axum::routing::any(|| async { (StatusCode::FOUND, [("location", "/here")]) }))
                .fallback_service(echo),
        )
        .await;
    let allow = AllowList::none().with(&own).with(&other);
    let ask = async |path: &str, body: &'static str| {
        let url = own.join(path).expect("the path is plain");
        let mut request = OutboundRequest::post(url, Bytes::from_static(body.as_bytes()));
        for name in ["authorization", "x-api-key", "accept"] {
            request.headers.insert(name, HeaderValue::from_static("x"));
        }
        let response = outbound().send(request, &allow).await?;
        response.bytes(100).await
    };
    assert_eq!(ask("/in", "").await, Ok(Bytes::from_static(b"true true true")));
    assert_eq!(ask("/out", "words").await, Ok(Bytes::from_static(b"false false true")));
    let error = ask("/out307", "words").await;
    assert!(matches!(error, Err(OutboundError::Forbidden { .. })), "{error:?}");
}

fn redirect_route(status: u16, target: &Url) -> axum::routing::MethodRouter {
    let target = target.to_string();
    any(move || async move {
        (StatusCode::from_u16(status).expect("the test names a status"), [(header::LOCATION, target)])
    })
}

#[tokio::test]
async fn redirects_end() {
    let mut servers = Servers::default();
    let url = servers.start(redirect_to(302, "/again".to_owned())).await;
    let allow = AllowList::none().with(&url);
    let error = outbound().send(OutboundRequest::get(url), &allow).await.err();
    assert_eq!(error, Some(OutboundError::TooManyRedirects { limit: 5 }));
}

/// Always leads to this machine, and counts how often it was asked.
#[derive(Default)]
struct Inward(AtomicUsize);

#[async_trait]
impl Resolver for Inward {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_reaches_nothing_and_is_looked_up_once_per_connection() {
    let mut servers = Servers::default();
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    let inner = servers
        .start(Router::new().fallback(any(move || async move {
            counter.fetch_add(1, Ordering::SeqCst);
        })))
        .await;
    let inward = Arc::new(Inward::default());
    let resolver: Arc<dyn Resolver> = inward.clone();
    let outbound = Outbound::new(OutboundConfig { resolver, ..OutboundConfig::default() });
    let port = inner.port().expect("a free port is not 80");
    for host in ["inside.example", "inside.example.", "localhost."] {
        let url = parse_url(&format!("http://{host}:{port}/")).expect("it is a URL");
        let error = outbound.send(OutboundRequest::get(url), &AllowList::none()).await.err();
        assert!(matches!(error, Some(OutboundError::Forbidden { .. })), "{host}: {error:?}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    // The same name, put on the owner's list, does lead there: the refusals were the guard's.
    let asked = inward.0.load(Ordering::SeqCst);
    let url = parse_url(&format!("http://inside.example:{port}/")).expect("it is a URL");
    let allow = AllowList::none().with(&url);
    outbound.send(OutboundRequest::get(url), &allow).await.expect("a listed name may be local");
    assert_eq!(reached.load(Ordering::SeqCst), 1);
    assert_eq!(inward.0.load(Ordering::SeqCst), asked + 1);
}

/// Every answer holds a forbidden address beside one of the listed kind.
struct Mixed(Vec<&'static str>);

#[async_trait]
impl Resolver for Mixed {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.iter().map(|text| text.parse().expect("the test holds addresses")).collect())
    }
}

#[tokio::test]
async fn only_the_allowed_addresses_of_a_name_are_tried() {
    let mut servers = Servers::default();
    let inner = servers.start(Router::new().fallback(any(|| async { "in" }))).await;
    let resolver: Arc<dyn Resolver> = Arc::new(Mixed(vec!["0.0.0.0", "224.0.0.1", "127.0.0.1"]));
    let outbound = Outbound::new(OutboundConfig { resolver, ..OutboundConfig::default() });
    let port = inner.port().expect("a free port is not 80");
    let url = parse_url(&format!("http://mixed.example:{port}/")).expect("it is a URL");
    let allow = AllowList::none().with(&url);
    let answer = outbound.send(OutboundRequest::get(url), &allow).await.expect("one address is allowed");
    assert_eq!(answer.bytes(10).await, Ok(Bytes::from_static(b"in")));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_cut_off() {
    let mut servers = Servers::default();
    let endless = Router::new().fallback(any(|| async {
        let pieces = futures::stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 1024])));
        axum::body::Body::from_stream(pieces)
    }));
    let url = servers.start(endless).await;
    let allow = AllowList::none().with(&url);
    let mut request = OutboundRequest::get(url);
    request.limits.body = 10_000;
    let response = outbound().send(request.clone(), &allow).await.expect("the head is fine");
    let pieces: Vec<_> = response.body.collect().await;
    assert_eq!(pieces.last(), Some(&Err(OutboundError::TooLarge { limit: 10_000 })));
    let taken: usize = pieces.iter().flatten().map(Bytes::len).sum();
    assert!(taken <= 10_000, "{taken}");
    let response = outbound().send(request, &allow).await.expect("the head is fine");
    assert_eq!(response.bytes(50).await, Err(OutboundError::TooLarge { limit: 50 }));
}

#[tokio::test]
async fn each_kind_of_silence_is_named() {
    let mut servers = Servers::default();
    let quiet = Router::new().route("/head", get(std::future::pending::<()>)).route(
        "/body",
        get(|| async {
            let first = futures::stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"x"))]);
            axum::body::Body::from_stream(first.chain(futures::stream::pending()))
        }),
    );
    let url = servers.start(quiet).await;
    let allow = AllowList::none().with(&url);
    let short = Duration::from_millis(50);
    let ask = async |path: &str, limits: Limits| {
        let mut request = OutboundRequest::get(url.join(path).expect("the path is plain"));
        request.limits = limits;
        outbound().send(request, &allow).await?.bytes(100).await
    };
    let stage = |stage| Err(OutboundError::TimedOut { stage, after: short });
    assert_eq!(ask("/head", Limits { headers: short, ..Limits::default() }).await, stage(Stage::Headers));
    assert_eq!(ask("/body", Limits { silence: short, ..Limits::default() }).await, stage(Stage::Body));
    assert_eq!(ask("/head", Limits { total: Some(short), ..Limits::default() }).await, stage(Stage::Total));
    assert_eq!(ask("/body", Limits { total: Some(short), ..Limits::default() }).await, stage(Stage::Total));
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let url = base(listener.local_addr().expect("a bound socket has an address"));
    drop(listener);
    let allow = AllowList::none().with(&url);
    let error = outbound().send(OutboundRequest::get(url), &allow).await.err();
    assert_eq!(error, Some(OutboundError::Unreachable { reason: "nothing listens there".to_owned() }));

    let resolver: Arc<dyn Resolver> = Arc::new(Mixed(Vec::new()));
    let outbound = Outbound::new(OutboundConfig { resolver, ..OutboundConfig::default() });
    let url = parse_url("http://nobody.example/").expect("it is a URL");
    let error = outbound.send(OutboundRequest::get(url), &AllowList::none()).await.err();
    assert!(matches!(error, Some(OutboundError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn an_https_request_to_a_plain_server_is_unreachable_and_says_so() {
    let mut servers = Servers::default();
    let plain = servers.start(Router::new()).await;
    let url = parse_url(&plain.as_str().replace("http:", "https:")).expect("it is a URL");
    let allow = AllowList::none().with(&url);
    let error = outbound().send(OutboundRequest::get(url), &allow).await.err();
    assert!(matches!(error, Some(OutboundError::Unreachable { .. })), "{error:?}");
}
