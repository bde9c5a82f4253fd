//! The engine behind a Unix or TCP socket.
//!
//! One connection per call: on one machine it costs a fraction of a millisecond and there is no pool
//! in which a connection may have died unseen.

use super::{Body, BoxError, Transport, TransportError};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tower::util::BoxCloneSyncService;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

pub fn unix(path: PathBuf) -> Transport {
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let path = path.clone();
        async move {
            let stream = connect(UnixStream::connect(path)).await?;
            call(stream, request, HeaderValue::from_static("localhost")).await
        }
    }))
}

/// `address` is a host and a port.
pub fn tcp(address: String) -> Transport {
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let address = address.clone();
        async move {
            let stream = connect(TcpStream::connect(address.clone())).await?;
            // Small frames of a token each must not wait for the next one.
            stream.set_nodelay(true).map_err(|error| TransportError::Unreachable(error.to_string()))?;
            let host = HeaderValue::try_from(address)
                .map_err(|error| TransportError::Unreachable(error.to_string()))?;
            call(stream, request, host).await
        }
    }))
}

async fn connect<S>(attempt: impl Future<Output = std::io::Result<S>>) -> Result<S, TransportError> {
    match tokio::time::timeout(CONNECT_WITHIN, attempt).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(TransportError::Unreachable(error.to_string())),
        Err(_) => Err(TransportError::Unreachable(format!("no answer within {CONNECT_WITHIN:?}"))),
    }
}

async fn call<S>(
    stream: S,
    mut request: Request<Body>,
    host: HeaderValue,
) -> Result<Response<Body>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    request.headers_mut().entry(header::HOST).or_insert(host);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| TransportError::Unreachable(error.to_string()))?;
    // The connection is driven by whoever reads the response: no task outlives the call, and to stop
    // reading is to hang up.
    let mut connection = Box::pin(connection);
    let mut ended = false;
    let sent = sender.send_request(request);
    tokio::pin!(sent);
    let response = loop {
        tokio::select! {
            biased;
            response = &mut sent => break response,
            end = &mut connection, if !ended => {
                ended = true;
                if let Err(error) = end {
                    return Err(TransportError::Interrupted(error.to_string()));
                }
            }
        }
    };
    let response = response.map_err(|error| TransportError::Interrupted(error.to_string()))?;
    Ok(response.map(|body| DrivenBody { connection: (!ended).then_some(connection), body }.boxed_unsync()))
}

/// A response body that moves its own connection along.
struct DrivenBody<C> {
    /// `None` once it has ended.
    connection: Option<Pin<Box<C>>>,
    body: hyper::body::Incoming,
}

impl<C> http_body::Body for DrivenBody<C>
where
    C: Future<Output = hyper::Result<()>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(connection) = &mut self.connection
            && let Poll::Ready(end) = connection.as_mut().poll(context)
        {
            self.connection = None;
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
