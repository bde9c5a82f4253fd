//! What the box found where it runs, in a sentence each, and what to do about a container engine.

use super::progress::{self, frame, refused};
use super::ways::{Chosen, Ways, ways};
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::frame::{Frame, html};
use crate::pages::visit::Member;
use crate::ports::system::Home;
use crate::ports::{ContainerEngine, ContainerState, EngineKind, Graphics, Ground, Size};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::setup::SetupStep;

#[derive(Template)]
#[template(path = "setup_machine.html")]
struct MachinePage {
    frame: Frame,
    sentences: [String; 3],
    engine: EngineTold,
    ways: Option<Ways>,
    problem: Option<String>,
}

/// The container engine, in words.
#[derive(Debug)]
pub struct EngineTold {
    pub how: String,
    pub next: String,
    pub seen: String,
    /// Whether it helps to look again.
    pub may_change: bool,
}

pub async fn get(State(face): State<Face>, member: Member) -> Result<Response, PageError> {
    progress::owners_only(&member).await?;
    Ok(html(&page(&face, &member, None).await))
}

/// Goes on, by way of the containers where some are wanted.
pub async fn seen(
    State(face): State<Face>,
    member: Member,
    Sealed(chosen): Sealed<Chosen>,
) -> Result<Response, PageError> {
    let on = progress::leave(&member, SetupStep::Machine).await?;
    let system = face.appliance.system();
    let wanted = chosen.wanted(&system.health().await);
    if wanted.is_empty() {
        return Ok(on.into_response());
    }
    for name in &wanted {
        if let Err(error) = system.choose(name, Home::Container).await {
            let problem = face.words.say_with("system-not-done", "why", &error.to_string());
            return Ok(refused(html(&page(&face, &member, Some(problem)).await)));
        }
    }
    Ok(Redirect::to("/setup/containers").into_response())
}

async fn page(face: &Face, member: &Member, problem: Option<String>) -> MachinePage {
    let appliance = &face.appliance;
    let (ground, health) = futures::join!(appliance.look_around(), appliance.system().health());
    MachinePage {
        frame: frame(face, &member.seal),
        sentences: sentences(&face.words, &ground),
        engine: engine_told(&face.words, &ground.containers),
        ways: ways(&face.words, &ground, &health),
        problem,
    }
}

pub async fn look_again(
    State(face): State<Face>,
    member: Member,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    progress::owners_only(&member).await?;
    face.appliance.look_again().await;
    Ok(Redirect::to("/setup/machine"))
}

fn sentences(words: &Words, ground: &Ground) -> [String; 3] {
    let hardware = [
        ("cores", f64::from(ground.cores)),
        ("memory", (ground.memory_gib * 10.0).round() / 10.0),
        ("disk", ground.disk_free_gib.floor()),
    ];
    let size = match ground.size {
        Size::Constrained => words.say("setup-machine-small"),
        Size::Balanced => words.say("setup-machine-medium"),
        Size::HighPerformance => words.say("setup-machine-large"),
        Size::Enterprise => words.say("setup-machine-cluster"),
    };
    let graphics = match ground.graphics {
        Graphics::None => words.say("setup-machine-no-graphics"),
        Graphics::OutOfReach => words.say("setup-machine-graphics-out-of-reach"),
        Graphics::Usable => words.say("setup-machine-graphics"),
    };
    [words.say_counting("setup-machine-hardware", &hardware), size, graphics]
}

pub fn engine_told(words: &Words, engine: &ContainerEngine) -> EngineTold {
    let (how, next) = match engine.state {
        ContainerState::NotInstalled => ("engine-not-installed", "engine-not-installed-next"),
        ContainerState::Stopped => ("engine-stopped", "engine-stopped-next"),
        ContainerState::Starting => ("engine-starting", "engine-starting-next"),
        ContainerState::PermissionDenied => ("engine-permission-denied", "engine-permission-denied-next"),
        ContainerState::ApiTooOld => ("engine-too-old", "engine-too-old-next"),
        ContainerState::ClientTooOld => ("engine-too-new", "engine-too-new-next"),
        ContainerState::NotDocker => ("engine-other", "engine-other-next"),
        ContainerState::Degraded => ("engine-degraded", "engine-degraded-next"),
        ContainerState::Running => ("engine-running", "engine-running-next"),
        ContainerState::Lost => ("engine-lost", "engine-lost-next"),
        ContainerState::Disabled => ("engine-disabled", "engine-disabled-next"),
    };
    EngineTold {
        how: words.say_with(how, "engine", &name(words, engine)),
        next: words.say(next),
        seen: words.say_with("engine-seen", "detail", &engine.detail),
        may_change: engine.state != ContainerState::Disabled,
    }
}

/// `Docker 27.9.1`, as far as it has told.
fn name(words: &Words, engine: &ContainerEngine) -> String {
    let version = engine.version.as_deref().unwrap_or_default();
    let name = match engine.kind {
        EngineKind::Docker => words.say_with("engine-docker", "version", version),
        EngineKind::Podman => words.say_with("engine-podman", "version", version),
        EngineKind::Unknown => words.say("engine-unknown"),
    };
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    const STATES: [ContainerState; 11] = [
        ContainerState::NotInstalled,
        ContainerState::Stopped,
        ContainerState::Starting,
        ContainerState::PermissionDenied,
        ContainerState::ApiTooOld,
        ContainerState::ClientTooOld,
        ContainerState::NotDocker,
        ContainerState::Degraded,
        ContainerState::Running,
        ContainerState::Lost,
        ContainerState::Disabled,
    ];

    fn engine(state: ContainerState, kind: EngineKind, version: Option<&str>) -> ContainerEngine {
        let version = version.map(str::to_owned);
        ContainerEngine { state, kind, version, detail: "unix:///run/docker.sock (Docker): so it is".into() }
    }

    fn is_whole(told: &str) -> bool {
        told.ends_with('.') && !told.contains(['{', '$']) && !told.contains("engine-")
    }

    #[test]
    fn each_state_of_an_engine_is_told_with_its_next_step() {
        let words = Words::english();
        let mut all = String::new();
        for state in STATES {
            let told = engine_told(&words, &engine(state, EngineKind::Podman, Some("4.3.1")));
            assert!(is_whole(&told.how) && is_whole(&told.next), "{told:?}");
            writeln!(all, "{state:?}\n  {}\n  {}", told.how, told.next).expect("text");
            if !told.may_change {
                writeln!(all, "  (looking again does not help)").expect("text");
            }
        }
        insta::assert_snapshot!("engines", all);
    }

    #[test]
    fn an_engine_is_named_as_far_as_it_has_told() {
        let words = Words::english();
        let named = |kind, version| engine_told(&words, &engine(ContainerState::Running, kind, version)).how;
        assert_eq!(named(EngineKind::Docker, Some("27.9.1")), "Docker 27.9.1 is running.");
        assert_eq!(named(EngineKind::Podman, None), "Podman is running.");
        assert_eq!(named(EngineKind::Unknown, None), "A container engine is running.");
    }

    #[test]
    fn whatever_is_found_is_told_in_whole_sentences() {
        let words = Words::english();
        let sizes = [Size::Constrained, Size::Balanced, Size::HighPerformance, Size::Enterprise];
        let graphics = [Graphics::None, Graphics::OutOfReach, Graphics::Usable];
        let ground = Ground {
            cores: 8,
            memory_gib: 16.0,
            disk_free_gib: 0.4,
            graphics: Graphics::None,
            size: Size::Constrained,
            containers: engine(ContainerState::NotInstalled, EngineKind::Unknown, None),
        };
        for (n, size) in sizes.into_iter().enumerate() {
            let ground = Ground { memory_gib: 15.64, graphics: graphics[n % 3], size, ..ground.clone() };
            let told = sentences(&words, &ground);
            assert!(told.iter().all(|told| is_whole(told) && !told.contains("setup-")), "{told:?}");
        }
        let told = &sentences(&words, &ground)[0];
        assert_eq!(
            told,
            "This machine has 8 processor cores, 16 GiB of memory and 0 GiB of free disk space."
        );
        let one = &sentences(&words, &Ground { cores: 1, ..ground })[0];
        assert!(one.contains("1 processor core,"), "{one}");
    }
}
