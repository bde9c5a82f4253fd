//! What stays open ends with the session that it was opened in.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tests::house::{House, PASSWORD};
use tests::stores::Store;
use tests::visitor::Visitor;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(30);
/// A second, and what two busy cores need.
const MOMENT: Duration = Duration::from_secs(20);

async fn signed_in(house: &House) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

/// Opens the stream of the box's own log as its page does, and reads the first lines.
async fn follow_log(ada: &Visitor, connections: &mut JoinSet<()>) -> anyhow::Result<Incoming> {
    let stream = TcpStream::connect(ada.address()).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    connections.spawn(async move {
        // How it ends is seen in the answer's body.
        let _ = connection.await;
    });
    let request = Request::get("/system/logs/live")
        .header(header::HOST, ada.address().to_string())
        .header(header::COOKIE, ada.cookie())
        .body(Empty::<Bytes>::new())?;
    let mut body = sender.send_request(request).await?.into_body();
    let first = body.frame().await.context("the stream ended before it began")??;
    let first = first.into_data().map_err(|_| anyhow::anyhow!("no lines"))?;
    ensure!(first.starts_with(b"id: "), "{first:?}");
    Ok(body)
}

#[tokio::test]
async fn whoever_signs_out_is_put_out_of_the_log_that_they_follow() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let (mut here, mut connections) = (signed_in(&house).await?, JoinSet::new());
    let there = signed_in(&house).await?;
    let (mine, theirs) =
        (follow_log(&here, &mut connections).await?, follow_log(&there, &mut connections).await?);
    here.open("/").await?;
    here.submit("/sign-out", &[]).await?;
    let since = Instant::now();
    tokio::time::timeout(SOON, mine.collect()).await.context("it goes on")??;
    ensure!(since.elapsed() < MOMENT, "it took {:?}", since.elapsed());

    // Another session is another matter, until that is ended, too.
    let mut reading = JoinSet::new();
    reading.spawn(theirs.collect());
    let mut again = signed_in(&house).await?;
    again.open("/settings").await?;
    ensure!(reading.try_join_next().is_none(), "a session that nobody ended was put out");
    again.submit("/settings/sessions/end", &[]).await?;
    let since = Instant::now();
    let ended = tokio::time::timeout(SOON, reading.join_next()).await.context("it goes on")?;
    ended.context("it was read")???;
    ensure!(since.elapsed() < MOMENT, "it took {:?}", since.elapsed());
    Ok(())
}
