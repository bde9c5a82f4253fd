//! Takes calls on the socket, follows the story's orders, and else lets `api` answer.

use super::api::{self, Reply};
use super::script::{Answer, Call, End, Side};
use super::shared::{Shared, lock};
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{iter, once, pending};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::task::JoinSet;

/// The connection ends here, without an answer.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut on command")
    }
}

impl std::error::Error for Gone {}

pub(super) async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                connections.spawn(async move {
                    // A caller that leaves is a fact in the record, and no error here.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Reply, Gone> {
    if *shared.hangs.borrow() {
        return std::future::pending().await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
    let mut call = Call {
        method: head.method.to_string(),
        path: decoded(unversioned(head.uri.path())),
        query: pairs(head.uri.query().unwrap_or_default()),
        subject: None,
        // An archive is no text, and too much of it.
        body: std::str::from_utf8(&body).unwrap_or_default().to_owned(),
    };
    call.subject = subject(&shared, &call, &body);
    let (ordered, number) = shared.take(&call);
    match ordered {
        None => {}
        Some(Answer::Refusal(status, message)) => return Ok(api::refusal((status, message.to_owned()))),
        Some(Answer::Cut) => return Err(Gone),
        Some(Answer::Silence) => return std::future::pending().await,
        Some(Answer::Lines(lines, end)) => return Ok(scripted(lines, end)),
    }
    shared.hold(&call, number, Side::Before).await;
    let reply = api::act(&shared, &call, &body).await;
    shared.hold(&call, number, Side::After).await;
    Ok(reply)
}

fn scripted(lines: Vec<Value>, end: End) -> Reply {
    let lines = iter(lines.into_iter().map(|line| Ok::<_, Gone>(Bytes::from(format!("{line}\r\n")))));
    let body = match end {
        End::Whole => Body::from_stream(lines),
        End::Cut => Body::from_stream(lines.chain(once(async { Err(Gone) }))),
        End::Silence => Body::from_stream(lines.chain(pending())),
    };
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::OK;
    reply
}

/// The name of what the call is about.
fn subject(shared: &Shared, call: &Call, body: &[u8]) -> Option<String> {
    let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let mut stock = lock(&shared.stock);
    let named_in_body = || Some(serde_json::from_slice::<Value>(body).ok()?["Name"].as_str()?.to_owned());
    match parts.as_slice() {
        ["containers", "create"] => call.asked("name").map(str::to_owned),
        ["networks" | "volumes", "create"] => named_in_body(),
        ["containers", named, ..] => stock.container(named).map(|one| one.name.clone()),
        ["networks", named, ..] => stock.network(named).map(|one| one.name.clone()),
        _ => None,
    }
}

fn unversioned(path: &str) -> &str {
    let after = path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    after.unwrap_or(path)
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(&value.replace('+', " ")))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_its_version_and_what_hides_its_letters() {
        assert_eq!(
            decoded(unversioned("/v1.47/images/docker.io%2Fredis%3A8/json")),
            "/images/docker.io/redis:8/json"
        );
        assert_eq!(unversioned("/version"), "/version");
        assert_eq!(pairs("t=5&name=a+b%7D"), [("t".into(), "5".into()), ("name".into(), "a b}".into())]);
    }
}
