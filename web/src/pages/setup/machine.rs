//! What the box found where it runs, in a sentence each.

use super::progress::{self, frame};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::Member;
use crate::ports::{ContainerEngine, Graphics, Ground, Size};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use engine_client::wire::setup::SetupStep;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "setup_machine.html")]
struct MachinePage {
    frame: Frame,
    sentences: [String; 4],
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn get(State(face): State<Face>, member: Member) -> Result<Response, PageError> {
    progress::owners_only(&member).await?;
    let ground = face.appliance.look_around().await;
    Ok(html(&MachinePage { frame: frame(&face, &member.seal), sentences: sentences(&face.words, &ground) }))
}

pub async fn seen(member: Member, Sealed(Nothing {}): Sealed<Nothing>) -> Result<Redirect, PageError> {
    progress::leave(&member, SetupStep::Machine).await
}

fn sentences(words: &Words, ground: &Ground) -> [String; 4] {
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
    let containers = match &ground.containers {
        ContainerEngine::None => words.say("setup-machine-no-containers"),
        ContainerEngine::Docker { version } => words.say_with("setup-machine-docker", "version", version),
        ContainerEngine::Podman { version } => words.say_with("setup-machine-podman", "version", version),
        ContainerEngine::Closed => words.say("setup-machine-containers-closed"),
        ContainerEngine::Silent => words.say("setup-machine-containers-silent"),
    };
    [words.say_counting("setup-machine-hardware", &hardware), size, graphics, containers]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_found_is_told_in_whole_sentences() {
        let words = Words::english();
        let version = "4.3.1".to_owned();
        let engines = [
            ContainerEngine::None,
            ContainerEngine::Docker { version: version.clone() },
            ContainerEngine::Podman { version },
            ContainerEngine::Closed,
            ContainerEngine::Silent,
        ];
        let sizes = [Size::Constrained, Size::Balanced, Size::HighPerformance, Size::Enterprise];
        let graphics = [Graphics::None, Graphics::OutOfReach, Graphics::Usable];
        for (n, containers) in engines.into_iter().enumerate() {
            let ground = Ground {
                cores: 1,
                memory_gib: 15.64,
                disk_free_gib: 120.9,
                graphics: graphics[n % 3],
                size: sizes[n % 4],
                containers,
            };
            let told = sentences(&words, &ground);
            let whole =
                |told: &String| told.ends_with('.') && !told.contains(['{', '$']) && !told.contains("setup-");
            assert!(told.iter().all(whole), "{told:?}");
            assert!(told[3].contains("natively"), "{told:?}");
        }
        let ground = Ground {
            cores: 8,
            memory_gib: 16.0,
            disk_free_gib: 0.4,
            graphics: Graphics::None,
            size: Size::Constrained,
            containers: ContainerEngine::None,
        };
        let told = &sentences(&words, &ground)[0];
        assert_eq!(
            told,
            "This machine has 8 processor cores, 16 GiB of memory and 0 GiB of free disk space."
        );
        let one = &sentences(&words, &Ground { cores: 1, ..ground })[0];
        assert!(one.contains("1 processor core,"), "{one}");
    }
}
