//! The engine behind a Unix or TCP socket.

use super::kept::{Kept, Open, Sent};
use super::{Body, Transport, TransportError};
use http::{HeaderValue, Request, Response, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tower::util::BoxCloneSyncService;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

pub fn unix(path: PathBuf) -> Transport {
    let kept = Kept::default();
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let (path, kept) = (path.clone(), kept.clone());
        let connecting = async move { opened(connect(UnixStream::connect(path)).await?).await };
        call(kept, connecting, request, HeaderValue::from_static("localhost"))
    }))
}

/// `address` is a host and a port.
pub fn tcp(address: String) -> Transport {
    let kept = Kept::default();
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let (address, kept) = (address.clone(), kept.clone());
        async move {
            let host = HeaderValue::try_from(&address).map_err(unreachable)?;
            let connecting = async {
                let stream = connect(TcpStream::connect(address)).await?;
                // Small frames of a token each must not wait for the next one.
                stream.set_nodelay(true).map_err(unreachable)?;
                opened(stream).await
            };
            call(kept, connecting, request, host).await
        }
    }))
}

async fn connect<S>(attempt: impl Future<Output = std::io::Result<S>>) -> Result<S, TransportError> {
    match tokio::time::timeout(CONNECT_WITHIN, attempt).await {
        Ok(stream) => stream.map_err(unreachable),
        Err(_) => Err(TransportError::Unreachable(format!("no answer within {CONNECT_WITHIN:?}"))),
    }
}

async fn opened<S>(stream: S) -> Result<Open, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    Ok(Open::new(sender, connection))
}

/// Over a connection that is kept, or over a new one where there is none that still works.
async fn call(
    kept: Kept,
    connecting: impl Future<Output = Result<Open, TransportError>>,
    mut request: Request<Body>,
    host: HeaderValue,
) -> Result<Response<Body>, TransportError> {
    request.headers_mut().entry(header::HOST).or_insert(host);
    while let Some(open) = kept.take() {
        match open.send(request, &kept).await? {
            Sent::Answered(response) => return Ok(response),
            Sent::Not(back) => request = *back,
        }
    }
    match connecting.await?.send(request, &kept).await? {
        Sent::Answered(response) => Ok(response),
        Sent::Not(_) => Err(TransportError::Unreachable("it hung up at once".into())),
    }
}

fn unreachable(error: impl std::fmt::Display) -> TransportError {
    TransportError::Unreachable(error.to_string())
}
