//! One plain HTTP question over a fresh connection, for conditions like "does `/health` answer".
//!
//! Stories about the contract use the typed client; this is for what stands outside it.

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(10);

/// `GET path` at `address`, with the whole body.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<Response<Bytes>> {
    tokio::time::timeout(PATIENCE, exchange(address, path))
        .await
        .with_context(|| format!("{address}{path} gave no answer within {PATIENCE:?}"))?
}

async fn exchange(address: SocketAddr, path: &str) -> anyhow::Result<Response<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
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
