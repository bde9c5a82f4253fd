//! The loop behind every door: accepts, serves HTTP/1.1, and lets go in order.
//!
//! In go a listener and a [`Door`], a router that is reached plainly or over TLS; it ends when it was told to
//! stop and every connection is done or out of time. A handler finds out who is at the other end from the
//! [`Peer`] among the request's extensions, and from [`Encrypted`] whether anybody could listen in. Who may
//! come in, and what they may ask, is not decided here.

use crate::tls::{self, Opening, TlsAcceptor};
use axum::Router;
use axum::body::Body;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Network(SocketAddr),
    /// A process of this machine, over a Unix socket.
    Local,
}

/// Left on a request: its connection, for whoever goes on with it when HTTP is done. Held as long as it is open, and ended
/// when told to stop.
#[derive(Clone)]
pub struct Connected {
    pub stop: CancellationToken,
    _place: Arc<OwnedSemaphorePermit>,
    _open: TaskTrackerToken,
}

/// Left on a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Network(address)
    }
}

impl From<tokio::net::unix::SocketAddr> for Peer {
    fn from(_: tokio::net::unix::SocketAddr) -> Self {
        Self::Local
    }
}

/// How much one door puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// For a whole head to arrive, and for the next one on a connection that is kept. Default 30 s.
    pub head_within: Duration,
    /// Bytes of a head. Default 64 KiB.
    pub head_bytes: usize,
    /// Open at once; the next one waits in the system's queue. Default 1024.
    pub connections: usize,
    /// For answers under way when told to stop; then they are cut. Default 5 s.
    pub drain: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            head_within: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            connections: 1024,
            drain: Duration::from_secs(5),
        }
    }
}

/// What stands behind a listener.
#[derive(Clone)]
pub enum Door {
    Plain(Router),
    Private {
        tls: TlsAcceptor,
        router: Router,
        /// Answers whoever speaks plain HTTP all the same.
        plain: Router,
    },
}

impl From<Router> for Door {
    fn from(router: Router) -> Self {
        Self::Plain(router)
    }
}

/// Serves until `stop`, then stops accepting at once and waits for what is under way.
pub async fn serve<L>(mut listener: L, door: impl Into<Door>, manners: Manners, stop: CancellationToken)
where
    L: Listener,
    L::Addr: Into<Peer>,
{
    let (door, connections) = (door.into(), TaskTracker::new());
    let places = Arc::new(Semaphore::new(manners.connections));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, (io, peer)) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = next => next,
        };
        let (door, peer) = (door.clone(), peer.into());
        let connected = Connected { stop: stop.clone(), _place: Arc::new(place), _open: connections.token() };
        connections.spawn(enter(io, peer, door, manners, connected));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Makes the connection what its door asks for. A handshake has the time of a head.
async fn enter<I>(io: I, peer: Peer, door: Door, manners: Manners, connected: Connected)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (acceptor, router, plain) = match door {
        Door::Plain(router) => return converse(io, peer, None, router, manners, connected).await,
        Door::Private { tls, router, plain } => (tls, router, plain),
    };
    let opened = tokio::select! {
        biased;
        () = connected.stop.cancelled() => return,
        opened = tokio::time::timeout(manners.head_within, tls::open(io, &acceptor)) => opened,
    };
    match opened {
        Ok(Ok(Opening::Private(io))) => converse(io, peer, Some(Encrypted), router, manners, connected).await,
        Ok(Ok(Opening::Plain(io))) => converse(io, peer, None, plain, manners, connected).await,
        Ok(Err(error)) => tracing::debug!(error = %error, "a connection broke off before it was private"),
        Err(_) => tracing::debug!("a connection was cut: it was not private in time"),
    }
}

async fn converse<I>(
    io: I,
    peer: Peer,
    encrypted: Option<Encrypted>,
    router: Router,
    manners: Manners,
    connected: Connected,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stop = connected.stop.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(connected.clone());
        if let Some(encrypted) = encrypted {
            request.extensions_mut().insert(encrypted);
        }
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(manners.head_within)
        .max_buf_size(manners.head_bytes)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(manners.drain, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection was cut: it did not end in time"),
            }
        }
    };
    if let Err(error) = ended {
        // Visitors hang up and send nonsense as they please; hyper has answered what could be answered.
        tracing::debug!(error = %error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Extension;
    use axum::extract::ws::WebSocketUpgrade;
    use axum::routing::get;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;

    const SOON: Duration = Duration::from_secs(10);

    async fn open(
        router: Router,
        manners: Manners,
    ) -> anyhow::Result<(SocketAddr, CancellationToken, impl Future<Output = ()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        Ok((address, stop.clone(), serve(listener, router, manners, stop)))
    }

    async fn say(address: SocketAddr, words: &str) -> anyhow::Result<TcpStream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(words.as_bytes()).await?;
        Ok(stream)
    }

    #[tokio::test]
    async fn an_answer_under_way_is_finished_after_the_word_to_stop() -> anyhow::Result<()> {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (asked_too, go_too) = (Arc::clone(&asked), Arc::clone(&go));
        let slow = move || async move {
            asked_too.notify_one();
            go_too.notified().await;
            "done"
        };
        let (address, stop, door) = open(Router::new().route("/", get(slow)), Manners::default()).await?;
        let visit = async {
            let mut stream = say(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
            asked.notified().await;
            stop.cancel();
            go.notify_one();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            anyhow::Ok(answer)
        };
        let ((), answer) = tokio::time::timeout(SOON, async { tokio::join!(door, visit) }).await?;
        assert!(answer?.ends_with("done"));
        assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
        Ok(())
    }

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_cut_when_its_time_is_up() -> anyhow::Result<()> {
        let manners = Manners { drain: Duration::from_millis(20), ..Manners::default() };
        let asked = Arc::new(Notify::new());
        let asked_too = Arc::clone(&asked);
        let never = move || async move {
            asked_too.notify_one();
            std::future::pending::<()>().await;
        };
        let (address, stop, door) = open(Router::new().route("/", get(never)), manners).await?;
        let visit = async {
            let stream = say(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
            asked.notified().await;
            stop.cancel();
            anyhow::Ok(stream)
        };
        let ((), visited) = tokio::time::timeout(SOON, async { tokio::join!(door, visit) }).await?;
        visited.map(drop)
    }

    #[tokio::test]
    async fn the_door_waits_for_whoever_goes_on_when_http_is_done() -> anyhow::Result<()> {
        let (inside, ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (inside_too, ended_too) = (Arc::clone(&inside), Arc::clone(&ended));
        let talk = move |Extension(connected): Extension<Connected>, upgrade: WebSocketUpgrade| async move {
            upgrade.on_upgrade(move |socket| async move {
                inside_too.notify_one();
                connected.stop.cancelled().await;
                tokio::task::yield_now().await;
                ended_too.store(true, Ordering::Relaxed);
                drop((socket, connected));
            })
        };
        let (address, stop, door) = open(Router::new().route("/", get(talk)), Manners::default()).await?;
        let visit = async {
            let asks = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                        sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
            let mut stream = say(address, asks).await?;
            inside.notified().await;
            stop.cancel();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            anyhow::Ok(answer)
        };
        let ((), answer) = tokio::time::timeout(SOON, async { tokio::join!(door, visit) }).await?;
        assert!(answer?.starts_with(b"HTTP/1.1 101 "));
        assert!(ended.load(Ordering::Relaxed), "nobody is left behind");
        Ok(())
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_and_one_that_does_not_end_are_given_up() -> anyhow::Result<()> {
        let manners =
            Manners { head_within: Duration::from_millis(50), head_bytes: 8192, ..Manners::default() };
        let (address, stop, door) = open(Router::new(), manners).await?;
        let visits = async {
            for words in
                ["", "GET / HTTP/1.1\r\nx: ", &format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(100_000))]
            {
                let mut stream = say(address, words).await?;
                let mut answer = Vec::new();
                // It may have been reset while we still wrote.
                stream.read_to_end(&mut answer).await.ok();
                assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
            }
            stop.cancel();
            anyhow::Ok(())
        };
        let ((), visited) = tokio::time::timeout(SOON, async { tokio::join!(door, visits) }).await?;
        visited
    }
}
