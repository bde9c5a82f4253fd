//! Connections that have answered and may be asked again.
//!
//! A connection is moved along by whoever reads from it: no task outlives a call, and to stop reading is to
//! hang up. One that was read to its end is kept for a moment, and looked at before it is used again. A
//! request goes out a second time only where nothing of it was sent.

use super::{Body, BoxError, TransportError};
use bytes::Bytes;
use futures::FutureExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::client::conn::http1::SendRequest;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Much shorter than any server waits for the next request.
const KEPT_FOR: Duration = Duration::from_secs(5);
const MOST_KEPT: usize = 32;

#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<(Instant, Open)>>>);

/// One connection, between calls or in one.
pub struct Open {
    sender: SendRequest<Body>,
    /// Ends when the connection does.
    connection: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
}

pub enum Sent {
    Answered(Response<Body>),
    /// The connection was gone before anything went out.
    Not(Box<Request<Body>>),
}

impl Kept {
    /// The one that was used last, if it still works.
    pub fn take(&self) -> Option<Open> {
        loop {
            let (since, mut open) = self.all().pop()?;
            if since.elapsed() < KEPT_FOR && open.is_ready() {
                return Some(open);
            }
        }
    }

    fn put(&self, open: Open) {
        let mut all = self.all();
        all.retain(|(since, _)| since.elapsed() < KEPT_FOR);
        if all.len() < MOST_KEPT {
            all.push((Instant::now(), open));
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Instant, Open)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    pub fn new(
        sender: SendRequest<Body>,
        connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
    ) -> Self {
        Self { sender, connection: Box::pin(connection) }
    }

    /// Whether the other side is still there, as far as has come to be known.
    fn is_ready(&mut self) -> bool {
        (&mut self.connection).now_or_never().is_none() && self.sender.is_ready()
    }

    pub async fn send(mut self, request: Request<Body>, kept: &Kept) -> Result<Sent, TransportError> {
        let sent = self.sender.try_send_request(request);
        tokio::pin!(sent);
        let mut connection = Some(self.connection);
        let answer = loop {
            let ended = async {
                match &mut connection {
                    Some(connection) => connection.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                answer = &mut sent => break answer,
                // What it means for the request is told by the request.
                _ = ended => connection = None,
            }
        };
        match answer {
            Ok(response) => {
                let (sender, kept) = (self.sender, kept.clone());
                let open = connection.map(|connection| Self { sender, connection });
                Ok(Sent::Answered(response.map(|body| DrivenBody { open, body, kept }.boxed_unsync())))
            }
            Err(mut error) => match error.take_message() {
                Some(request) => Ok(Sent::Not(Box::new(request))),
                None => Err(TransportError::Interrupted(error.into_error().to_string())),
            },
        }
    }
}

/// A response body that moves its own connection along, and gives it back at its end.
struct DrivenBody {
    /// `None` once it has ended.
    open: Option<Open>,
    body: hyper::body::Incoming,
    kept: Kept,
}

impl http_body::Body for DrivenBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(open) = &mut self.open
            && let Poll::Ready(end) = open.connection.as_mut().poll(context)
        {
            self.open = None;
            if let Err(error) = end {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(BoxError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

impl Drop for DrivenBody {
    fn drop(&mut self) {
        // Whoever has read the last word need not have seen that nothing follows it.
        let rest = self.frame().now_or_never();
        // One that still sends is of no use to anybody, and holds what it sends.
        if matches!(rest, Some(None))
            && let Some(mut open) = self.open.take()
            && open.is_ready()
        {
            self.kept.put(open);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{call, socket};
    use http_body_util::Empty;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";

    /// Answers every request on a connection the same way, or only the first.
    struct Server {
        address: String,
        accepted: Arc<AtomicUsize>,
        _running: JoinSet<()>,
    }

    impl Server {
        async fn start(answer: &'static str, hangs_up: bool) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
            let address = listener.local_addr().expect("it is bound").to_string();
            let accepted = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&accepted);
            let mut running = JoinSet::new();
            running.spawn(async move {
                let mut connections = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(serve(stream, answer, hangs_up));
                }
            });
            Self { address, accepted, _running: running }
        }

        fn accepted(&self) -> usize {
            self.accepted.load(Ordering::SeqCst)
        }
    }

    async fn serve(mut stream: TcpStream, answer: &'static str, hangs_up: bool) {
        let mut read = Vec::new();
        while stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
            if read.ends_with(b"\r\n\r\n") {
                read.clear();
                stream.write_all(answer.as_bytes()).await.expect("the caller is there");
                if hangs_up {
                    return;
                }
            }
        }
    }

    async fn ask(transport: &crate::transport::Transport) -> Response<Body> {
        call(transport, Request::new(nothing())).await.expect("somebody answers")
    }

    fn nothing() -> Body {
        Body::new(Empty::new().map_err(|never| match never {}))
    }

    async fn ask_and_read(transport: &crate::transport::Transport) -> Bytes {
        ask(transport).await.collect().await.expect("a whole body").to_bytes()
    }

    #[tokio::test]
    async fn what_was_read_to_its_end_is_asked_again() {
        let server = Server::start(WHOLE, false).await;
        let transport = socket::tcp(server.address.clone());
        for _ in 0..5 {
            assert_eq!(ask_and_read(&transport).await, "ok");
        }
        assert_eq!(server.accepted(), 1);
        let (one, other) = futures::join!(ask_and_read(&transport), ask_and_read(&transport));
        assert_eq!((&one[..], &other[..]), (&b"ok"[..], &b"ok"[..]));
        assert_eq!(server.accepted(), 2, "two at once are two connections");
    }

    #[tokio::test]
    async fn who_hung_up_meanwhile_is_not_asked_again() {
        let server = Server::start(WHOLE, true).await;
        let stream = TcpStream::connect(&server.address).await.expect("it listens");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        let kept = Kept::default();
        let sent = Open::new(sender, connection).send(Request::new(nothing()), &kept).await;
        let Ok(Sent::Answered(response)) = sent else { panic!("somebody answers") };
        assert_eq!(response.collect().await.expect("a whole body").to_bytes(), "ok");
        let until_seen = async {
            while let Some(open) = kept.take() {
                kept.put(open);
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(KEPT_FOR / 2, until_seen).await.expect("its end comes to be known");
    }

    #[tokio::test]
    async fn to_stop_reading_is_to_hang_up() {
        let server = Server::start(HALF, false).await;
        let transport = socket::tcp(server.address.clone());
        drop(ask(&transport).await);
        drop(ask(&transport).await);
        assert_eq!(server.accepted(), 2);
    }
}
