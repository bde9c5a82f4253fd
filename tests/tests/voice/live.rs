//! What is said is heard while it is said: over a real WebSocket, by programs and for pages.

use super::hearing::key;
use anyhow::{Context, bail, ensure};
use engine_client::wire::people::{
    Invite, Invited, PersonStateView, PersonView, SetPassword, SetPersonState,
};
use engine_client::wire::sessions::{NewSession, SessionBegun};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tests::house::{House, PASSWORD};
use tests::owner;
use tests::speech::{add_recogniser, spoken};
use tests::stores::Store;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

type Socket = WebSocketStream<TcpStream>;

/// Of a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// What eSpeak NG makes, and a piece of it as pages send them.
const RATE: usize = 22_050;
const PIECE: Duration = Duration::from_millis(20);

async fn dial(house: &House, path: &str, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}{path}", house.address()).into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
    }
    let stream = TcpStream::connect(house.address()).await?;
    Ok(client_async(request, stream).await?.0)
}

async fn with_key(house: &House, key: &str) -> anyhow::Result<Socket> {
    Ok(dial(house, "/v1/audio/live", &[("authorization", &format!("Bearer {key}"))]).await?)
}

fn refused(dialled: Result<Socket, Error>) -> anyhow::Result<StatusCode> {
    match dialled {
        Err(Error::Http(answer)) => Ok(answer.status()),
        other => bail!("{:?}", other.map(|_| "a socket")),
    }
}

async fn say(socket: &mut Socket, word: Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(word.to_string())).await?)
}

/// The samples, and a second of nothing.
fn sound(words: &str) -> anyhow::Result<Vec<u8>> {
    let wav = spoken(words)?;
    let at = wav.windows(4).position(|four| four == b"data").context("it has samples")?;
    Ok([&wav[at + 8..], &vec![0; RATE * 2]].concat())
}

/// What it tells next, or the code that it is closed with.
async fn told(socket: &mut Socket) -> anyhow::Result<Result<Value, u16>> {
    loop {
        match timeout(SOON, socket.next()).await?.context("it breaks off")?? {
            Message::Text(text) => return Ok(Ok(serde_json::from_str(&text)?)),
            Message::Close(frame) => return Ok(Err(frame.map_or(0, |frame| frame.code.into()))),
            _ => {}
        }
    }
}

/// Everything up to its end, and how it ends.
async fn rest(socket: &mut Socket) -> anyhow::Result<(Vec<Value>, u16)> {
    let mut all = Vec::new();
    loop {
        match told(socket).await? {
            Ok(event) => all.push(event),
            Err(code) => return Ok((all, code)),
        }
    }
}

/// As somebody speaks who then lets go of the button.
async fn speak(socket: &mut Socket, words: &str) -> anyhow::Result<(Vec<Value>, u16)> {
    say(socket, json!({ "type": "start", "rate": RATE })).await?;
    let (mut pace, sound, mut all) = (interval(PIECE), sound(words)?, Vec::new());
    // As nobody speaks faster to make up for what was late.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for piece in sound.chunks(RATE * 2 / 50) {
        pace.tick().await;
        socket.send(Message::binary(piece.to_vec())).await?;
        while let Ok(event) = timeout(Duration::from_micros(1), told(socket)).await {
            all.push(event?.ok().context("it is closed before its end")?);
        }
    }
    say(socket, json!({ "type": "end" })).await?;
    let (more, code) = rest(socket).await?;
    all.extend(more);
    Ok((all, code))
}

fn said(events: &[Value]) -> Vec<&str> {
    let utterances = events.iter().filter(|event| event["type"] == "utterance");
    utterances.filter_map(|event| event["text"].as_str()).collect()
}

async fn is_heard(socket: &mut Socket, words: &str) -> anyhow::Result<()> {
    let (events, code) = speak(socket, words).await?;
    ensure!((said(&events), code) == (vec![words], 1000), "{events:?} {code}");
    let finals: String = events
        .iter()
        .filter(|event| event["type"] == "final")
        .filter_map(|event| event["text"].as_str())
        .collect();
    ensure!(finals == words, "{events:?}");
    let place = |kind: &str| events.iter().position(|event| event["type"] == kind);
    ensure!(place("ready") == Some(0) && place("began").is_some(), "{events:?}");
    ensure!(place("partial").is_some() && place("partial") < place("utterance"), "{events:?}");
    ensure!(place("done") == Some(events.len() - 1), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_program_is_heard_while_it_speaks() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    let key = key(&house).await?;
    // Nothing to listen with yet.
    let mut socket = with_key(&house, &key).await?;
    say(&mut socket, json!({ "type": "start", "rate": RATE })).await?;
    let (events, code) = rest(&mut socket).await?;
    ensure!(events[0]["error"]["code"] == "part_missing" && code == 1008, "{events:?} {code}");

    add_recogniser(&house.home, "words").await?;
    is_heard(&mut with_key(&house, &key).await?, "turn on the light").await?;
    for nobody in ["wek_wrong", ""] {
        let dialled = dial(&house, "/v1/audio/live", &[("x-api-key", nobody)]).await;
        ensure!(refused(dialled)? == StatusCode::UNAUTHORIZED);
    }
    // The box stops, and whoever is heard is told.
    let mut socket = with_key(&house, &key).await?;
    say(&mut socket, json!({ "type": "start", "rate": RATE })).await?;
    ensure!(told(&mut socket).await? == Ok(json!({ "type": "ready" })));
    let (stopped, ended) = tokio::join!(house.stop(), rest(&mut socket));
    stopped?;
    ensure!(ended?.1 == 1001);
    Ok(())
}

#[tokio::test]
async fn nonsense_is_told_as_such_and_the_next_one_is_heard() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let key = key(&house).await?;
    let start = || Message::text(json!({ "type": "start", "rate": RATE }).to_string());
    for (messages, code) in [
        (vec![Message::text("hello")], 1008),
        (vec![Message::binary(vec![0_u8; 100])], 1008),
        (vec![Message::text(r#"{"type":"start","rate":7}"#)], 1008),
        (vec![start(), start()], 1008),
        (vec![start(), Message::text("[")], 1008),
        (vec![start(), Message::binary(vec![0_u8; 65_537])], 1009),
        (vec![start(), Message::text(r#"{"type":"cancel"}"#)], 1000),
        (vec![start(), Message::binary(vec![0_u8; 3]), Message::text(r#"{"type":"end"}"#)], 1000),
    ] {
        let mut socket = with_key(&house, &key).await?;
        for message in messages.clone() {
            socket.send(message).await?;
        }
        let (events, closed) = rest(&mut socket).await?;
        ensure!(closed == code, "{messages:?}: {events:?} {closed}");
        let complains = events.last().is_some_and(|event| event["error"]["code"] == "invalid");
        ensure!(complains == (code == 1008), "{messages:?}: {events:?}");
    }
    // As many as may be heard, who vanish in mid-word.
    let mut many = Vec::new();
    for _ in 0..4 {
        let mut socket = with_key(&house, &key).await?;
        socket.send(start()).await?;
        ensure!(told(&mut socket).await? == Ok(json!({ "type": "ready" })));
        socket.send(Message::binary(sound("turn on the light")?[..40_000].to_vec())).await?;
        many.push(socket);
    }
    let mut crowd = with_key(&house, &key).await?;
    crowd.send(start()).await?;
    let (events, _) = rest(&mut crowd).await?;
    ensure!(events[0]["error"]["code"] == "too_many_requests", "{events:?}");
    drop(many);
    // They are noticed to be gone a moment later.
    let heard = tests::wait::until("room for one more", SOON, async || {
        let mut socket = with_key(&house, &key).await?;
        socket.send(start()).await?;
        let is_crowded = told(&mut socket).await? != Ok(json!({ "type": "ready" }));
        Ok((!is_crowded).then_some(()))
    });
    heard.await?;
    is_heard(&mut with_key(&house, &key).await?, "what is my name").await
}

#[tokio::test]
async fn a_page_is_heard_and_no_page_of_somebody_elses() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let ada = owner::signed_in(&house).await?;
    let (cookie, ours) = (ada.cookie(), format!("http://{}", house.address()));
    let mut socket = dial(&house, "/listen", &[("cookie", &cookie), ("origin", &ours)]).await?;
    is_heard(&mut socket, "what is my name").await?;
    let (cookie, ours) = (cookie.as_str(), ours.as_str());
    for headers in [
        &[("cookie", cookie)][..],
        &[("cookie", cookie), ("origin", "http://evil.example")],
        &[("cookie", cookie), ("origin", ours), ("sec-fetch-site", "cross-site")],
    ] {
        ensure!(refused(dial(&house, "/listen", headers).await)? == StatusCode::FORBIDDEN, "{headers:?}");
    }
    // A cookie is no key, and a key opens no page.
    let dialled = dial(&house, "/v1/audio/live", &[("cookie", cookie), ("origin", ours)]).await;
    ensure!(refused(dialled)? == StatusCode::UNAUTHORIZED);
    ensure!(refused(dial(&house, "/listen", &[("origin", ours)]).await)? == StatusCode::SEE_OTHER);
    // What opens no socket.
    let mut ada = ada;
    ensure!(ada.open("/listen").await?.status == StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn a_suspended_person_is_cut_within_a_second() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let invited: Invited = house.client().post("/api/v1/people", &Invite { name: "Ben".into() }).await?;
    let path = format!("/api/v1/people/{}", invited.person.id);
    house
        .client()
        .post::<()>(&format!("{path}/password"), &SetPassword { password: PASSWORD.into() })
        .await?;
    let asked = NewSession { name: "Ben".into(), password: PASSWORD.into() };
    let ben: SessionBegun = house.client().post("/api/v1/sessions", &asked).await?;
    let (cookie, ours) = (format!("we_session={}", ben.token), format!("http://{}", house.address()));
    let mut socket = dial(&house, "/listen", &[("cookie", &cookie), ("origin", &ours)]).await?;
    say(&mut socket, json!({ "type": "start", "rate": RATE })).await?;
    ensure!(told(&mut socket).await? == Ok(json!({ "type": "ready" })));
    let state = SetPersonState { state: PersonStateView::Suspended };
    house.client().post::<PersonView>(&format!("{path}/state"), &state).await?;
    let since = Instant::now();
    let (events, code) = rest(&mut socket).await?;
    ensure!(events.last().is_some_and(|event| event["error"]["code"] == "unauthenticated"), "{events:?}");
    // Less than a second where nothing else runs.
    ensure!(code == 1008 && since.elapsed() < Duration::from_secs(5), "{code} after {:?}", since.elapsed());
    Ok(())
}
