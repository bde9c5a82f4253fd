//! A session over services that do as they are told: what they are sent, and what is told of what they say.

use super::lasting::Lasting;
use super::wire::{LiveEvent, START, Start};
use bytes::Bytes;
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use engine_client::transport::{Body, BoxError, Transport, TransportError, in_process::in_process};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt, stream};
use http::{HeaderMap, Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// What one exchange does.
#[derive(Clone)]
enum Does {
    /// Waits for so many bytes, says all of it, and then…
    Says(usize, Vec<LiveEvent>, Then),
    Refuses(Problem),
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    BreaksOff,
    Hangs,
    Ends,
}

/// How each exchange began, and the first bytes of its sound.
type Seen = Arc<Mutex<Vec<(Start, Vec<u8>)>>>;

fn service(script: Vec<Does>) -> (Transport, Seen) {
    let (seen, script) = (Seen::default(), Arc::new(Mutex::new(script.into_iter())));
    let told = Arc::clone(&seen);
    let answer = move |request: Request<Body>| {
        let (seen, does) = (Arc::clone(&told), script.lock().expect("whole").next());
        async move { Ok::<_, Infallible>(exchange(seen, does.expect("no more exchanges than that"), request)) }
    };
    (in_process(tower::service_fn(answer)), seen)
}

fn exchange(seen: Seen, does: Does, request: Request<Body>) -> Response<Body> {
    let start = request.headers().get(START).and_then(|value| Start::from_header(value.to_str().ok()?));
    let start = start.expect("it says what the sound is");
    let (needed, events, then) = match does {
        Does::Says(needed, events, then) => (needed, events, then),
        Does::Refuses(problem) => {
            let body = Bytes::from(serde_json::to_vec(&problem).expect("plain data"));
            let body = http_body_util::Full::new(body).map_err(|never| match never {}).boxed_unsync();
            let refusal =
                Response::builder().status(problem.status).header(header::CONTENT_TYPE, PROBLEM_JSON);
            return refusal.body(body).expect("an answer");
        }
    };
    let lines = stream::once(async move {
        let (mut sound, mut body) = (Vec::new(), request.into_body());
        while sound.len() < needed {
            let Some(Ok(frame)) = body.frame().await else { break };
            sound.extend(frame.into_data().expect("bytes"));
        }
        seen.lock().expect("whole").push((start, sound));
        let mut lines: Vec<Result<Frame<Bytes>, BoxError>> = Vec::new();
        for event in &events {
            let line = format!("{}\n", serde_json::to_string(event).expect("plain data"));
            // In two pieces, as a network may do.
            let (one, other) = line.split_at(line.len() / 2);
            lines.extend([one, other].map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece.as_bytes())))));
        }
        if then == Then::BreaksOff {
            lines.push(Err("it broke off".into()));
        }
        // The body is held as long as the answer is.
        let rest = if then == Then::Hangs {
            stream::pending().left_stream()
        } else {
            stream::empty().right_stream()
        };
        stream::iter(lines).chain(rest).map(move |line| {
            let _held = &body;
            line
        })
    });
    Response::new(StreamBody::new(lines.flatten()).boxed_unsync())
}

fn lasting(script: Vec<Does>) -> (Lasting, Seen) {
    let (transport, seen) = service(script);
    (Lasting::new(transport, HeaderMap::new(), Start { rate: 8000, ..Start::default() }), seen)
}

async fn all(live: &mut Lasting) -> Vec<LiveEvent> {
    let mut events = Vec::new();
    while let Some(event) = live.next().await {
        events.push(event);
    }
    events
}

fn words(text: &str) -> LiveEvent {
    LiveEvent::Final { text: text.to_owned() }
}

fn utterance(text: &str, from: f64, to: f64) -> LiveEvent {
    LiveEvent::Utterance { text: text.to_owned(), from, to, language: "en".to_owned() }
}

fn seconds(count: usize, byte: u8) -> Vec<u8> {
    vec![byte; count * 16_000]
}

#[tokio::test(start_paused = true)]
async fn what_was_not_told_to_its_end_is_sent_again_and_nothing_is_told_twice() {
    use LiveEvent::{Began, Done, Ready};
    for then in [Then::BreaksOff, Then::Hangs, Then::Ends] {
        let first = vec![
            Ready,
            Began { at: 0.2 },
            words("one"),
            utterance("one", 0.2, 1.5),
            Began { at: 1.6 },
            words("turn on"),
        ];
        let second = vec![
            Ready,
            Began { at: 0.1 },
            words(" the light"),
            utterance("turn on the light", 0.1, 1.0),
            Done,
        ];
        let (mut live, seen) =
            lasting(vec![Does::Says(48_000, first, then), Does::Says(40_000, second, Then::Ends)]);
        for (count, byte) in [(1, 1), (1, 2), (1, 3)] {
            live.hear(&seconds(count, byte));
        }
        live.hear(&seconds(1, 4));
        live.end();
        let begun = Instant::now();
        assert_eq!(
            all(&mut live).await,
            [
                Ready,
                Began { at: 0.2 },
                words("one"),
                utterance("one", 0.2, 1.5),
                Began { at: 1.6 },
                words("turn on"),
                words(" the light"),
                utterance("turn on the light", 1.6, 2.5),
                Done,
            ]
        );
        assert_eq!(begun.elapsed() >= Duration::from_secs(4), then == Then::Hangs);
        let seen = seen.lock().expect("whole");
        let [(start, _), (again, sound)] = &seen[..] else { panic!("two exchanges") };
        assert_eq!((start.said.as_str(), again.said.as_str()), ("", "turn on"));
        // From a second and a half on, to the end.
        assert_eq!((sound.len(), sound[0], sound[7999], sound[8000], sound[39_999]), (40_000, 2, 2, 3, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn sound_that_ends_every_exchange_is_given_up() {
    let breaks = Does::Says(16_000, vec![LiveEvent::Ready], Then::BreaksOff);
    let (mut live, seen) = lasting(vec![breaks; 20]);
    live.hear(&seconds(1, 1));
    let told = all(&mut live).await;
    let [LiveEvent::Ready, LiveEvent::Error { problem }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((problem.code, seen.lock().expect("whole").len()), (ErrorCode::Stopping, 6));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_at_once_and_one_in_the_middle_is_waited_out() {
    let refusal = |code| Problem::new(code, "no");
    let (mut live, _) = lasting(vec![Does::Refuses(refusal(ErrorCode::TooManyRequests))]);
    assert_eq!(all(&mut live).await, [LiveEvent::Error { problem: refusal(ErrorCode::TooManyRequests) }]);
    let script = vec![
        Does::Says(0, vec![LiveEvent::Ready], Then::BreaksOff),
        Does::Refuses(refusal(ErrorCode::TooManyRequests)),
        Does::Says(0, vec![LiveEvent::Ready, LiveEvent::Done], Then::Ends),
    ];
    assert_eq!(all(&mut lasting(script).0).await, [LiveEvent::Ready, LiveEvent::Done]);
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_heard_is_not_taken_until_some_of_it_is_told() {
    let (mut says, events) = mpsc::unbounded::<LiveEvent>();
    let lines = Arc::new(Mutex::new(Some(events)));
    let answer = move |_: Request<Body>| {
        let events = lines.lock().expect("whole").take().expect("once");
        let frames = events.map(|event| {
            let line = format!("{}\n", serde_json::to_string(&event).expect("plain data"));
            Ok::<_, BoxError>(Frame::data(Bytes::from(line)))
        });
        async move { Ok::<_, Infallible>(Response::new(StreamBody::new(frames).boxed_unsync())) }
    };
    let transport = in_process(tower::service_fn(answer));
    let mut live = Lasting::new(transport, HeaderMap::new(), Start { rate: 8000, ..Start::default() });
    live.hear(&seconds(59, 1));
    assert!(live.has_room());
    live.hear(&seconds(1, 1));
    assert!(!live.has_room());
    says.send(LiveEvent::Quiet { to: 30.0 }).await.expect("it listens");
    assert_eq!(live.next().await, Some(LiveEvent::Quiet { to: 30.0 }));
    assert!(live.has_room());
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_reached_is_tried_again() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let answer = move |_: Request<Body>| {
        *counted.lock().expect("whole") += 1;
        async { Err::<Response<Body>, _>(TransportError::Unreachable("refused".to_owned())) }
    };
    let transport = Transport::new(tower::service_fn(answer));
    let told = all(&mut Lasting::new(transport, HeaderMap::new(), Start::default())).await;
    assert!(matches!(&told[..], [LiveEvent::Error { .. }]), "{told:?}");
    assert_eq!(*calls.lock().expect("whole"), 6);
}
