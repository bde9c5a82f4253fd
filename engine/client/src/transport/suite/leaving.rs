//! The caller goes away: whoever works for it stops.

use super::child::Socket;
use super::service::{HOLDS, LEFT, LISTENS, Manner, TRANSCRIBE};
use super::world::{World, halting, over_both, recording, soon, told};
use crate::transport::Body;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

over_both!(
    who_leaves_in_the_middle_of_an_upload,
    who_leaves_before_the_first_byte,
    who_leaves_in_the_middle_of_the_answer,
    a_half_upload_is_nobodys,
);

/// Asks the child first, and then the one that stands by.
async fn both(socket: Socket, manner: Manner) -> [(World, bool); 2] {
    let preferred = World::start(socket, manner).await;
    let standing_by = World::with_standby(socket, Manner::Answers, manner).await;
    standing_by.hand.send_replace(None);
    [(preferred, true), (standing_by, false)]
}

async fn until(world: &mut World, is_child: bool, told: &str) {
    if is_child {
        world.child.until(told).await;
        assert_eq!(world.stood_in(), 0);
    } else {
        world.until_standby(told).await;
    }
}

async fn who_leaves_in_the_middle_of_an_upload(socket: Socket) {
    for (mut world, is_child) in both(socket, Manner::Answers).await {
        let (body, _digest, _gate) = halting(25, 3);
        let asking = world.send(TRANSCRIBE, body);
        tokio::select! {
            _ = told(asking) => panic!("it cannot have been answered"),
            () = until(&mut world, is_child, LISTENS) => {}
        }
        until(&mut world, is_child, LEFT).await;
    }
}

async fn who_leaves_before_the_first_byte(socket: Socket) {
    for (mut world, is_child) in both(socket, Manner::StaysSilent).await {
        let (body, _digest) = recording(2);
        let asking = world.send(TRANSCRIBE, body);
        tokio::select! {
            _ = told(asking) => panic!("it cannot have been answered"),
            () = until(&mut world, is_child, HOLDS) => {}
        }
        until(&mut world, is_child, LEFT).await;
    }
}

async fn who_leaves_in_the_middle_of_the_answer(socket: Socket) {
    for (mut world, is_child) in both(socket, Manner::StopsSpeaking).await {
        let mut answer = soon(world.speak()).await.expect("it begins to speak").into_body();
        let reading = async {
            while let Some(frame) = answer.frame().await {
                frame.expect("well so far");
            }
        };
        tokio::select! {
            () = reading => panic!("it does not end"),
            () = until(&mut world, is_child, HOLDS) => {}
        }
        drop(answer);
        until(&mut world, is_child, LEFT).await;
    }
}

/// Its sender breaks off, the call itself stays: what came of it must not pass for the whole.
async fn a_half_upload_is_nobodys(socket: Socket) {
    let mut world = World::start(socket, Manner::Answers).await;
    let half = futures::stream::iter((0..64).map(|_| Ok(Frame::data(bytes::Bytes::from(vec![7; 1 << 15])))));
    let broken = futures::stream::iter([Err("the sender left".into())]);
    let body: Body = StreamBody::new(futures::StreamExt::chain(half, broken)).boxed_unsync();
    let (said, end) = told(world.send(TRANSCRIBE, body)).await;
    assert!(said.is_empty() && end.is_err(), "{said}");
    world.child.until(LEFT).await;
    assert_eq!(world.stood_in(), 0);
}
