//! One socket, from its first word to its last. It ends when everything was heard, when whoever speaks leaves, says what
//! is no word of ours, falls silent or may not be heard any more, and when the box stops.

use super::door::farewell;
use super::words::{self, Said, invalid};
use crate::serve::Connected;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use engine_client::problem::{ErrorCode, Problem};
use engine_client::transport::Transport;
use futures::future::BoxFuture;
use http::HeaderMap;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};
use voice_client::live::lasting::Lasting;
use voice_client::live::wire::LiveEvent;

/// Bytes of one message.
const LARGEST: usize = 64 * 1024;
/// Whoever sends more at once is cut without a word.
pub const LARGEST_READ: usize = 16 * LARGEST;
const START_WITHIN: Duration = Duration::from_secs(10);
/// A client that takes nothing any more has left.
const TAKE_WITHIN: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(20);
/// Without a word or a sound.
const IDLE: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_mins(30);
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);

/// Somebody who may be heard.
pub struct Heard {
    pub transport: Transport,
    pub headers: HeaderMap,
    /// Ends once they may not any more.
    pub still_may: BoxFuture<'static, ()>,
}

enum End {
    /// Everything was heard, or nothing more is wanted.
    Done,
    /// Nobody is there to be told.
    Left,
    Failed(Problem),
    TooLarge,
    Stops,
}

pub async fn hear(mut socket: WebSocket, heard: Heard, connected: Connected) {
    let Heard { transport, headers, still_may } = heard;
    let end = tokio::select! {
        biased;
        () = connected.stop.cancelled() => End::Stops,
        () = still_may => End::Failed(farewell()),
        () = sleep(LONGEST) => End::Failed(Problem::new(
            ErrorCode::TooLarge,
            format!("a session lasts {} minutes at most", LONGEST.as_secs() / 60),
        )),
        end = converse(&mut socket, transport, headers) => end,
    };
    // Whoever does not take it in time is left without.
    drop(timeout(FAREWELL_WITHIN, part(socket, end)).await);
}

async fn converse(socket: &mut WebSocket, transport: Transport, headers: HeaderMap) -> End {
    let said = match timeout(START_WITHIN, first(socket)).await {
        Ok(Ok(said)) => said,
        Ok(Err(end)) => return end,
        Err(_) => return End::Failed(Problem::new(ErrorCode::DeadlineExceeded, "`start` comes first")),
    };
    let mut live = match said.start() {
        Ok(start) => Lasting::new(transport, headers, start),
        Err(problem) => return End::Failed(problem),
    };
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut idle = Instant::now() + IDLE;
    loop {
        // Whoever waits for us is not idle. Whatever listens gives signs of life, which move this loop on.
        if live.is_busy() {
            idle = Instant::now() + IDLE;
        }
        let send = tokio::select! {
            biased;
            event = live.next() => match event {
                None => return End::Done,
                Some(LiveEvent::Error { problem }) => return End::Failed(problem),
                Some(event) => told(&event),
            },
            // Whoever says more than can be heard waits.
            message = socket.recv(), if live.has_room() => {
                match take(message, &mut live) {
                    Ok(true) => idle = Instant::now() + IDLE,
                    Ok(false) => {}
                    Err(end) => return end,
                }
                None
            }
            _ = ping.tick() => Some(Message::Ping(bytes::Bytes::new())),
            () = sleep_until(idle) => {
                let detail = format!("nothing was said for {} seconds", IDLE.as_secs());
                return End::Failed(Problem::new(ErrorCode::DeadlineExceeded, detail));
            }
        };
        if let Some(message) = send
            && !matches!(timeout(TAKE_WITHIN, socket.send(message)).await, Ok(Ok(())))
        {
            return End::Left;
        }
    }
}

fn told(event: &LiveEvent) -> Option<Message> {
    words::told(event).map(|text| Message::Text(text.into()))
}

async fn first(socket: &mut WebSocket) -> Result<Said, End> {
    loop {
        match socket.recv().await {
            Some(Ok(message)) if is_too_large(&message) => return Err(End::TooLarge),
            Some(Ok(Message::Text(text))) => return Said::read(&text).map_err(End::Failed),
            Some(Ok(Message::Binary(_))) => return Err(End::Failed(invalid("`start` comes first"))),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(End::Left),
        }
    }
}

fn is_too_large(message: &Message) -> bool {
    match message {
        Message::Text(text) => text.len() > LARGEST,
        Message::Binary(sound) => sound.len() > LARGEST,
        _ => false,
    }
}

/// Whether something was said.
fn take(message: Option<Result<Message, axum::Error>>, live: &mut Lasting) -> Result<bool, End> {
    match message {
        Some(Ok(message)) if is_too_large(&message) => Err(End::TooLarge),
        Some(Ok(Message::Binary(sound))) => {
            live.hear(&sound);
            Ok(true)
        }
        Some(Ok(Message::Text(text))) => match Said::read(&text).map_err(End::Failed)? {
            Said::End => {
                live.end();
                Ok(true)
            }
            Said::Cancel => Err(End::Done),
            Said::Start { .. } => Err(End::Failed(invalid("it has begun already"))),
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(false),
        _ => Err(End::Left),
    }
}

async fn part(mut socket: WebSocket, end: End) {
    let (code, reason) = match end {
        End::Left => return,
        End::Done => (close_code::NORMAL, ""),
        End::Stops => (close_code::AWAY, "the box stops"),
        End::TooLarge => (close_code::SIZE, "a message has at most 65536 bytes"),
        End::Failed(problem) => {
            let error = words::error(&problem).to_string();
            drop(socket.send(Message::Text(error.into())).await);
            (close_code::POLICY, problem.code.as_str())
        }
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    drop(socket.send(Message::Close(Some(frame))).await);
    // What they say meanwhile is read and left, or the farewell would be lost with the connection.
    while let Some(Ok(_)) = socket.recv().await {}
}
