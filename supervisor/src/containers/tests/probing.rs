//! Each state of an engine, told by how its socket behaves.

use super::engine::{DOCKER, Mood, PODMAN, Sockets};
use crate::containers::endpoint::Endpoint;
use crate::containers::graphics::{By, Graphics};
use crate::containers::places::Around;
use crate::containers::places::tests::around;
use crate::containers::probe::probe;
use crate::containers::state::{Kind, State, Verdict};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// A machine of one kind of processor, wherever the test runs, that has no files.
fn here() -> Around {
    let mut here = around(Path::new("/nowhere"), "linux", &[]);
    here.arch = "x86_64".to_owned();
    here
}

async fn asked(path: &Path) -> Verdict {
    probe(&Endpoint::Socket(path.to_owned()), &here(), PATIENCE).await
}

async fn of(mood: Mood) -> Verdict {
    let mut sockets = Sockets::new();
    let path = sockets.open("engine.sock", Some(mood));
    asked(&path).await
}

#[tokio::test]
async fn docker_and_podman_are_told_apart_by_what_they_answer() {
    for (version, kind, said) in
        [(DOCKER, Kind::Docker, "Docker 20.10.24"), (PODMAN, Kind::Podman, "Podman 4.3.1")]
    {
        let verdict = of(Mood::sound(version)).await;
        assert_eq!((verdict.state, verdict.detail.as_str()), (State::Running, said));
        let answered = verdict.answered.expect("it says who it is");
        assert_eq!((answered.kind, answered.api.as_str()), (kind, "1.41"));
    }
}

#[tokio::test]
async fn versions_that_do_not_meet_say_who_has_to_update() {
    let speaks = |api: &str, least: &str| {
        format!(r#"{{"Version":"9","ApiVersion":"{api}","MinAPIVersion":"{least}","Components":[]}}"#)
    };
    for (version, state, word) in [
        (speaks("1.40", "1.12"), State::ApiTooOld, "update Docker"),
        (speaks("1.99", "1.54"), State::ClientTooOld, "update WhisperEngine"),
        (speaks("2.0", "1.53"), State::Running, "Docker 9"),
        (speaks("1.41", ""), State::Running, "Docker 9"),
    ] {
        let verdict = of(Mood::sound(&version)).await;
        assert_eq!(verdict.state, state, "{version}");
        assert!(verdict.detail.contains(word), "{}", verdict.detail);
    }
    let newest = of(Mood::sound(&speaks("1.99", "1.44"))).await;
    assert_eq!(newest.answered.expect("it says who it is").api, "1.53");
}

#[tokio::test]
async fn what_does_not_answer_like_an_engine_is_none() {
    for ping in [
        "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>hello</h1>",
        "HTTP/1.0 404 Not Found\r\nApi-Version: 1.41\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        assert_eq!(of(Mood::with_ping(ping)).await.state, State::NotDocker, "{ping}");
    }
    for version in ["", "{}", "<h1>hello</h1>", r#"{"Version":"1","ApiVersion":"new"}"#] {
        assert_eq!(of(Mood::sound(version)).await.state, State::NotDocker, "{version}");
    }
}

#[tokio::test]
async fn an_engine_that_is_not_ready_is_starting() {
    assert_eq!(of(Mood::with_ping("HTTP/1.0 503 Busy\r\n\r\n")).await.state, State::Starting);
    assert_eq!(of(Mood::with_ping("")).await.state, State::Starting, "it hangs up");
    let mut sockets = Sockets::new();
    let hung = sockets.open("hung.sock", None);
    assert_eq!(asked(&hung).await.state, State::Starting);
}

#[tokio::test]
async fn a_socket_without_an_engine_is_told_from_none() {
    let sockets = Sockets::new();
    assert_eq!(asked(&sockets.root().join("absent.sock")).await.state, State::NotInstalled);
    assert_eq!(asked(&sockets.leave("left.sock")).await.state, State::Stopped);
    let file = sockets.root().join("file.sock");
    std::fs::write(&file, "").expect("written");
    assert_eq!(asked(&file).await.state, State::Stopped);
    assert_eq!(asked(&file.join("below.sock")).await.state, State::NotInstalled);
}

#[tokio::test]
async fn what_does_not_work_as_it_should_is_named() {
    for (info, note) in [
        (r#"{"Driver":"vfs"}"#, "`vfs`"),
        (r#"{"Driver":"overlay2","DockerRootDir":"/var/snap/docker/common"}"#, "snap"),
        (r#"{"OSType":"windows"}"#, "Linux containers"),
        (r#"{"CgroupVersion":"1","SecurityOptions":["name=rootless"]}"#, "limits of memory"),
        (r#"{"Architecture":"s390x"}"#, "s390x"),
        ("nonsense", "cannot be read"),
    ] {
        let verdict = of(Mood::with_info(info)).await;
        assert_eq!(verdict.state, State::Degraded, "{info}");
        assert!(verdict.detail.contains(note), "{}", verdict.detail);
        assert!(verdict.answered.is_some());
    }
    for sound in [
        r#"{"Architecture":"x86_64"}"#,
        r#"{"Architecture":"amd64"}"#,
        r#"{"CgroupVersion":"1","SecurityOptions":null}"#,
    ] {
        assert_eq!(of(Mood::with_info(sound)).await.state, State::Running, "{sound}");
    }
}

#[tokio::test]
async fn what_it_could_hand_on_of_graphics_cards_is_asked_for_and_costs_it_nothing() {
    for (info, by, evidence) in [
        (r#"{"Driver":"overlay2","Runtimes":{"nvidia":{"path":"x"}}}"#, By::Runtime, "`nvidia`"),
        (
            r#"{"DiscoveredDevices":[{"Source":"cdi","ID":"nvidia.com/gpu=all"}]}"#,
            By::Cdi,
            "nvidia.com/gpu=all",
        ),
        (r#"{"Runtimes":{"runc":{"path":"runc"}}}"#, By::None, "no runtime"),
        (r#"{"Runtimes":"odd"}"#, By::None, "no runtime"),
    ] {
        let verdict = of(Mood::with_info(info)).await;
        assert_eq!(verdict.state, State::Running, "{info}");
        let graphics = verdict.answered.expect("it says who it is").graphics;
        assert_eq!(graphics.by, by, "{info}");
        assert!(graphics.evidence.contains(evidence), "{}", graphics.evidence);
    }
}

#[tokio::test]
async fn a_description_of_a_graphics_card_counts_for_podman() {
    let mut sockets = Sockets::new();
    let path = sockets.open("engine.sock", Some(Mood::sound(PODMAN)));
    let folder = sockets.root().join("etc/cdi");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("nvidia.yaml"), "kind: nvidia.com/gpu\n").expect("written");
    let verdict = probe(&Endpoint::Socket(path), &around(sockets.root(), "linux", &[]), PATIENCE).await;
    let graphics = verdict.answered.expect("it says who it is").graphics;
    let evidence = "/etc/cdi/nvidia.yaml describes nvidia.com/gpu".to_owned();
    assert_eq!(graphics, Graphics { by: By::Cdi, evidence, device: Some("nvidia.com/gpu=all".to_owned()) });
}

#[tokio::test]
async fn what_is_elsewhere_is_not_asked_and_says_so() {
    let verdict = probe(&Endpoint::parse("tcp://192.0.2.1:2375"), &here(), PATIENCE).await;
    assert_eq!(verdict.state, State::Disabled);
    assert!(verdict.detail.contains("another machine"), "{}", verdict.detail);
    assert_eq!(probe(&Endpoint::parse("nonsense"), &here(), PATIENCE).await.state, State::NotInstalled);
    assert_eq!(
        probe(&Endpoint::Pipe("docker_engine".into()), &here(), PATIENCE).await.state,
        State::NotInstalled
    );
}
