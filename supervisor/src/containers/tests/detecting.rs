//! Which of several engines counts, and that every verdict is kept.

use super::engine::{DOCKER, Mood, PODMAN, Sockets};
use crate::containers::detect::{Detection, detect};
use crate::containers::places::tests::around;
use crate::containers::state::State;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

async fn found(sockets: &Sockets, variables: &[(&str, &str)]) -> Detection {
    let session = sockets.root().join("session").display().to_string();
    let mut all = vec![("XDG_RUNTIME_DIR", &*session)];
    all.extend_from_slice(variables);
    detect(&around(sockets.root(), "linux", &all), PATIENCE).await
}

fn chosen(detection: &Detection) -> String {
    let one = detection.chosen().expect("one counts");
    format!("{} {:?}", one.candidate.origin, one.verdict.state)
}

#[tokio::test]
async fn the_best_of_what_is_there_counts() {
    let mut sockets = Sockets::new();
    let nothing = found(&sockets, &[]).await;
    assert_eq!((nothing.state, nothing.chosen), (State::NotInstalled, None));
    assert!(
        nothing.seen.len() > 4 && nothing.seen.iter().all(|one| one.verdict.state == State::NotInstalled)
    );

    sockets.leave("volume1/docker/docker.sock");
    assert_eq!(chosen(&found(&sockets, &[]).await), "Synology Stopped");
    sockets.open("session/docker.sock", None);
    assert_eq!(chosen(&found(&sockets, &[]).await), "Docker without root Starting");
    sockets.open("run/podman/podman.sock", Some(Mood::sound(PODMAN)));
    assert_eq!(chosen(&found(&sockets, &[]).await), "Podman Running");
    sockets.open("run/docker.sock", Some(Mood::sound(DOCKER)));
    let all = found(&sockets, &[]).await;
    assert_eq!(chosen(&all), "Docker Running");
    let there = all.seen.iter().filter(|one| one.verdict.state != State::NotInstalled).count();
    assert_eq!(there, 4, "every verdict is kept");
}

#[tokio::test]
async fn what_is_named_and_does_not_work_is_told_and_not_replaced() {
    let mut sockets = Sockets::new();
    sockets.open("run/docker.sock", Some(Mood::sound(DOCKER)));
    let left = format!("unix://{}", sockets.leave("mine.sock").display());
    let named = found(&sockets, &[("DOCKER_HOST", &left)]).await;
    assert_eq!(chosen(&named), "DOCKER_HOST Stopped");
    assert!(named.detail.contains("mine.sock") && named.detail.contains("DOCKER_HOST"), "{}", named.detail);
    assert!(named.seen.iter().any(|one| one.verdict.state == State::Running), "the other is still shown");
    let elsewhere = found(&sockets, &[("DOCKER_HOST", "ssh://ada@nas")]).await;
    assert_eq!(elsewhere.state, State::Disabled);
}

#[tokio::test]
async fn a_place_with_two_names_is_asked_once_and_hung_ones_are_waited_for_together() {
    let mut sockets = Sockets::new();
    sockets.open("run/docker.sock", None);
    sockets.open("run/podman/podman.sock", None);
    sockets.open("session/docker.sock", None);
    std::fs::create_dir(sockets.root().join("var")).expect("a folder");
    std::os::unix::fs::symlink(sockets.root().join("run"), sockets.root().join("var/run")).expect("a link");
    let together = tokio::time::timeout(5 * PATIENCE, sockets.until_hanging(3));
    let (all, together) = futures::join!(found(&sockets, &[]), together);
    together.expect("all of them are asked at once");
    assert_eq!(all.state, State::Starting);
    assert_eq!(all.seen.iter().filter(|one| one.verdict.state == State::Starting).count(), 3);
}

#[tokio::test]
async fn what_is_installed_and_silent_says_how_it_is_started() {
    let sockets = Sockets::new();
    std::fs::create_dir_all(sockets.root().join("lib/systemd/system/docker.service")).expect("a unit");
    let stopped = found(&sockets, &[]).await;
    assert_eq!((stopped.state, stopped.chosen), (State::Stopped, None));
    assert!(stopped.detail.contains("systemctl start docker"), "{}", stopped.detail);
    let named = found(&sockets, &[("DOCKER_HOST", "unix:///nowhere/docker.sock")]).await;
    assert_eq!(named.state, State::Stopped);
    assert!(named.detail.contains("nowhere") && named.detail.contains("systemctl start"), "{}", named.detail);
    assert_eq!(found(&sockets, &[("DOCKER_HOST", "nonsense")]).await.state, State::NotInstalled);
}
