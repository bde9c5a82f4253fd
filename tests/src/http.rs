//! One plain HTTP question over a fresh connection, for conditions like "does `/health` answer".
//!
//! Stories about the contract use the typed client; this is for what stands outside it.

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(10);

/// `GET path` at `address`, with the whole body.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<Response<Bytes>> {
    send(address, Request::get(path).body(Full::default())?).await
}

/// The request at `address` as it is, with the answer's whole body.
pub async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
    send_within(PATIENCE, address, request).await
}

/// The same, of somebody who may need longer.
pub async fn send_within(
    patience: Duration,
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> anyhow::Result<Response<Bytes>> {
    let path = request.uri().path().to_owned();
    tokio::time::timeout(patience, exchange(address, request))
        .await
        .with_context(|| format!("{address}{path} gave no answer within {patience:?}"))?
}

async fn exchange(address: SocketAddr, mut request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    request.headers_mut().insert(header::HOST, address.to_string().parse()?);
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        anyhow::Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    };
    // The connection does the reading and writing; it ends when the answer has been read.
    let (answer, connection) = tokio::join!(answer, connection);
    let answer = answer?;
    connection?;
    Ok(answer)
}
