//! Where the box's parts are to run: all in this one program, or in containers, each with what it takes and gives.

use crate::pages::system::deeds::container;
use crate::pages::system::service::part;
use crate::ports::system::{self, Choice, Health, Home, Service};
use crate::ports::{ContainerState, Ground, Size};
use crate::words::Words;
use serde::Deserialize;

/// What there is to choose from.
pub struct Ways {
    pub parts: Vec<Part>,
    /// Whether containers are what a machine of this size is recommended.
    pub prefers_containers: bool,
}

/// One that may have a container.
pub struct Part {
    /// As addresses have it.
    pub name: String,
    pub called: String,
    /// What its container is made from and takes.
    pub takes: String,
    /// What that is good for.
    pub gives: String,
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    way: Way,
    store: Option<String>,
    redis: Option<String>,
    voice: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    Native,
    Containers,
    Each,
}

/// `None` where there is nothing to choose: no container engine that works, or a configuration that says it all.
pub fn ways(words: &Words, ground: &Ground, health: &Health) -> Option<Ways> {
    if !works(ground) {
        return None;
    }
    let parts: Vec<Part> = open(health).map(|service| told(words, service)).collect();
    let prefers_containers = matches!(ground.size, Size::HighPerformance | Size::Enterprise);
    (!parts.is_empty()).then_some(Ways { parts, prefers_containers })
}

/// Whether the container engine can be used.
pub fn works(ground: &Ground) -> bool {
    matches!(ground.containers.state, ContainerState::Running | ContainerState::Degraded)
}

/// Those that run in the box itself and may run in a container. The companion follows the store.
fn open(health: &Health) -> impl Iterator<Item = &Service> {
    health.services.iter().filter(|service| {
        let is_free = matches!(service.choice, Choice::Free(_) | Choice::Moves(_));
        is_free
            && service.home == Home::Native
            && ["store", "redis", "voice"].contains(&service.name.as_str())
    })
}

fn told(words: &Words, service: &Service) -> Part {
    let (takes, gives) = match &service.choice {
        Choice::Moves(made) => (container(words, "postgres", made), words.say("setup-ways-store-gives")),
        Choice::Free(made) => {
            let gives = match service.part {
                system::Part::Voice => "setup-ways-voice-gives",
                _ => "setup-ways-cache-gives",
            };
            (container(words, &service.name, made), words.say(gives))
        }
        Choice::Configured | Choice::NativeOnly | Choice::Only => Default::default(),
    };
    Part { name: service.name.clone(), called: part(words, service.part), takes, gives }
}

impl Chosen {
    /// The services that are to have a container.
    pub fn wanted(&self, health: &Health) -> Vec<String> {
        let is_ticked = |name: &str| match name {
            "store" => self.store.is_some(),
            "voice" => self.voice.is_some(),
            _ => self.redis.is_some(),
        };
        let is_wanted = |name: &str| match self.way {
            Way::Native => false,
            Way::Containers => true,
            Way::Each => is_ticked(name),
        };
        open(health).map(|service| service.name.clone()).filter(|name| is_wanted(name)).collect()
    }
}
