//! The preferred service dies, hangs, or is somebody else.

use super::child::{NAME, Socket};
use super::service::{ASKED, HOLDS, KEEP, LISTENS, Manner, SPEAK, TRANSCRIBE, sound};
use super::world::{STANDBY, World, halting, over_both, recording, soon, text, told};
use http_body_util::BodyExt;

over_both!(
    killed_before_the_upload_is_done,
    killed_while_it_takes_no_more,
    killed_after_the_upload,
    killed_in_the_middle_of_its_answer,
    frozen_until_it_is_given_up,
    gone_before_it_is_asked,
    somebody_else_at_its_address,
    what_may_not_be_repeated_is_told,
);

const LONG: usize = 25;

fn transcript(name: &str, mebibytes: usize, digest: &str) -> String {
    format!("{name} {} {digest}", mebibytes << 20)
}

async fn killed_before_the_upload_is_done(socket: Socket) {
    let mut world = World::start(socket, Manner::Answers).await;
    let (body, digest, gate) = halting(LONG, 3);
    let asking = world.send(TRANSCRIBE, body);
    let killing = async {
        world.child.until(LISTENS).await;
        world.child.kill().await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(told(asking), killing);
    assert_eq!(answer, (transcript(STANDBY, LONG, &digest), Ok(())));
    assert_eq!(world.stood_in(), 1);
}

async fn killed_while_it_takes_no_more(socket: Socket) {
    let mut world = World::start(socket, Manner::StopsListening).await;
    let (body, digest) = recording(LONG);
    let asking = world.send(TRANSCRIBE, body);
    let killing = async {
        world.child.until(HOLDS).await;
        world.child.kill().await;
    };
    let (answer, ()) = tokio::join!(told(asking), killing);
    assert_eq!(answer, (transcript(STANDBY, LONG, &digest), Ok(())));
}

async fn killed_after_the_upload(socket: Socket) {
    let mut world = World::start(socket, Manner::StaysSilent).await;
    let (body, digest) = recording(LONG);
    let asking = world.send(TRANSCRIBE, body);
    let killing = async {
        world.child.until(HOLDS).await;
        world.child.kill().await;
    };
    let (answer, ()) = tokio::join!(told(asking), killing);
    assert_eq!(answer, (transcript(STANDBY, LONG, &digest), Ok(())));

    let mut world = World::start(socket, Manner::StaysSilent).await;
    let asking = world.speak();
    let killing = async {
        world.child.until(HOLDS).await;
        world.child.kill().await;
    };
    let ((said, end), ()) = tokio::join!(told(asking), killing);
    assert!(end.is_ok() && said.as_bytes() == sound(STANDBY).concat());
}

async fn killed_in_the_middle_of_its_answer(socket: Socket) {
    let mut world = World::start(socket, Manner::StopsSpeaking).await;
    let whole = sound(NAME).concat();
    let mut answer = soon(world.speak()).await.expect("it begins to speak").into_body();
    let mut said = Vec::new();
    while said.len() < whole.len() / 2 {
        said.extend(soon(answer.frame()).await.expect("more").expect("well").into_data().expect("bytes"));
    }
    world.child.until(HOLDS).await;
    world.child.kill().await;
    let end = soon(answer.frame()).await.expect("an end that is told");
    end.expect_err("it is not whole");
    assert!(said.len() < whole.len() && whole.starts_with(&said));
    assert_eq!(world.stood_in(), 0);
}

async fn frozen_until_it_is_given_up(socket: Socket) {
    let world = World::start(socket, Manner::Answers).await;
    world.child.freeze().await;
    for (path, whole) in [(TRANSCRIBE, true), (KEEP, false)] {
        world.hand.send_replace(Some(world.child.transport.clone()));
        let before = world.stood_in();
        // Its system still takes what fits into a socket.
        let (body, _digest, gate) = halting(0, 1);
        let asking = world.send(path, body);
        let giving_up = async {
            gate.ended().await;
            world.hand.send_replace(None);
        };
        let ((said, end), ()) = tokio::join!(told(asking), giving_up);
        assert_eq!((said.starts_with(STANDBY), end.is_ok()), (whole, whole), "{path}: {end:?}");
        assert_eq!(world.stood_in() - before, usize::from(whole));
    }
    // Given up it is not asked at all.
    let (said, end) = told(world.speak()).await;
    assert!(end.is_ok() && said.as_bytes() == sound(STANDBY).concat());
}

async fn gone_before_it_is_asked(socket: Socket) {
    let mut world = World::start(socket, Manner::Answers).await;
    world.child.kill().await;
    for path in [TRANSCRIBE, KEEP] {
        let (body, digest) = recording(3);
        let answer = told(world.send(path, body)).await;
        assert_eq!(answer, (transcript(STANDBY, 3, &digest), Ok(())), "{path}");
    }
    assert_eq!(world.stood_in(), 2);
}

async fn somebody_else_at_its_address(socket: Socket) {
    for manner in [Manner::IsStrange, Manner::IsStrangeAtOnce] {
        let world = World::start(socket, manner).await;
        let (body, digest) = recording(LONG);
        let answer = told(world.send(TRANSCRIBE, body)).await;
        assert_eq!(answer, (transcript(STANDBY, LONG, &digest), Ok(())), "{manner:?}");
        let (said, end) = told(world.send(SPEAK, text("good evening"))).await;
        assert!(end.is_ok() && said.as_bytes() == sound(STANDBY).concat());
    }
}

async fn what_may_not_be_repeated_is_told(socket: Socket) {
    for (manner, moment) in
        [(Manner::Answers, LISTENS), (Manner::StopsListening, HOLDS), (Manner::StaysSilent, HOLDS)]
    {
        let mut world = World::start(socket, manner).await;
        let halt_after = if manner == Manner::Answers { 2 } else { usize::MAX };
        let (body, _digest, gate) = halting(4, halt_after);
        let asking = world.send(KEEP, body);
        let killing = async {
            world.child.until(ASKED).await;
            world.child.until(moment).await;
            world.child.kill().await;
            gate.open();
        };
        let ((said, end), ()) = tokio::join!(told(asking), killing);
        let error = end.expect_err("nobody knows whether it was kept");
        assert!(said.is_empty() && error.contains("broke off"), "{manner:?}: {error}");
        assert_eq!(world.stood_in(), 0, "{manner:?}");
    }
}
