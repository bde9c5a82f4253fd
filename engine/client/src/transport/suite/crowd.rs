//! Many at once while the preferred service is killed: each is answered once, or told.

use super::child::{NAME, Socket};
use super::service::{ANSWERED, HOLDS, KEEP, Manner, SPEAK, TRANSCRIBE, sound};
use super::world::{NEVER_BEGAN, STANDBY, World, over_both, recording, soon, text, told};
use tokio::task::JoinSet;

over_both!(fifty_calls_while_it_is_killed);

const CALLS: usize = 50;

#[derive(Debug, PartialEq, Eq)]
enum End {
    By(&'static str),
    /// It had begun to answer.
    CutShort,
    /// It had not begun, and nobody may ask again.
    Told,
}

async fn fifty_calls_while_it_is_killed(socket: Socket) {
    let mut world = World::start(socket, Manner::EachItsOwn).await;
    let (mut calls, mut answered) = (JoinSet::new(), 0);
    for number in 0..CALLS {
        let path = [TRANSCRIBE, SPEAK, KEEP][number % 3];
        let (body, digest) = recording(1);
        let asking = world.send(path, if path == SPEAK { text("good evening") } else { body });
        calls.spawn(async move { (path, end(path, &digest, told(asking).await)) });
    }
    for _ in 0..CALLS {
        answered += usize::from(world.child.next(&[ANSWERED, HOLDS]).await == ANSWERED);
    }
    let mut ends = Vec::new();
    for _ in 0..answered {
        ends.push(soon(calls.join_next()).await.expect("one of them").expect("it ran"));
    }
    world.child.kill().await;
    ends.extend(calls.join_all().await);
    let count = |wanted: &End| ends.iter().filter(|(_, end)| end == wanted).count();
    assert_eq!(ends.len(), CALLS);
    assert!(answered >= CALLS / 4, "{answered}");
    assert_eq!(count(&End::By(NAME)), answered, "{ends:?}");
    assert_eq!(count(&End::By(STANDBY)), world.stood_in(), "{ends:?}");
    assert!(world.stood_in() > 0 && count(&End::CutShort) > 0 && count(&End::Told) > 0, "{ends:?}");
    for (path, end) in &ends {
        let is_kept = *path == KEEP;
        let fits = match end {
            End::By(STANDBY) => !is_kept,
            End::Told => is_kept,
            End::By(_) | End::CutShort => true,
        };
        assert!(fits, "{path} {end:?}");
    }
}

/// What it was is checked to the last byte.
fn end(path: &str, digest: &str, (said, end): (String, Result<(), String>)) -> End {
    let whole = |name: &str| match path {
        SPEAK => String::from_utf8(sound(name).concat()).expect("text"),
        _ => format!("{name} {} {digest}", 1 << 20),
    };
    match end {
        Ok(()) => match [NAME, STANDBY].into_iter().find(|name| whole(name) == said) {
            Some(name) => End::By(name),
            None => panic!("nobody says {} bytes like these: {path}", said.len()),
        },
        Err(error) if error.starts_with(NEVER_BEGAN) => End::Told,
        Err(error) => {
            assert!(whole(NAME).starts_with(&said), "{path}: {error}");
            End::CutShort
        }
    }
}
