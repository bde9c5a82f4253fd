//! What can go wrong with a container: the register. Each fault is one row, with what the box does about it by
//! itself and what its owner is told to do.
//!
//! Whatever the engine answers is sorted into one of these once, where it comes in; nothing behind that reads
//! an engine's words again.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    EngineGone,
    EngineHung,
    EngineBusy,
    NameTaken,
    PortTaken,
    ImageGone,
    ImageUnknown,
    RegistryDown,
    RegistryClosed,
    RateLimited,
    WrongDigest,
    WrongPlatform,
    PullStalled,
    BundleDamaged,
    BuildFailed,
    VolumeGone,
    DiskFull,
    Crashed,
    OutOfMemory,
    NeverReady,
    Hung,
    Removed,
    Cancelled,
    Refused,
    GraphicsRefused,
}

/// What the box does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Tries again after a pause that grows, and gives up for a while after several times.
    Again,
    /// Not its own fault, and not counted: looks again until the container engine is back.
    Wait,
    /// Trying again at once would end the same way: it needs somebody, and is tried seldom.
    Rest,
}

impl Fault {
    pub const ALL: [Self; 25] = [
        Self::EngineGone,
        Self::EngineHung,
        Self::EngineBusy,
        Self::NameTaken,
        Self::PortTaken,
        Self::ImageGone,
        Self::ImageUnknown,
        Self::RegistryDown,
        Self::RegistryClosed,
        Self::RateLimited,
        Self::WrongDigest,
        Self::WrongPlatform,
        Self::PullStalled,
        Self::BundleDamaged,
        Self::BuildFailed,
        Self::VolumeGone,
        Self::DiskFull,
        Self::Crashed,
        Self::OutOfMemory,
        Self::NeverReady,
        Self::Hung,
        Self::Removed,
        Self::Cancelled,
        Self::Refused,
        Self::GraphicsRefused,
    ];

    /// As it is told in JSON and in the journal.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    pub fn remedy(self) -> Remedy {
        self.row().1
    }

    /// What happened, as the end of a sentence that begins with the service's name.
    pub fn what(self) -> &'static str {
        self.row().2
    }

    /// What its owner can do.
    pub fn next(self) -> &'static str {
        self.row().3
    }

    fn row(self) -> (&'static str, Remedy, &'static str, &'static str) {
        use Remedy::{Again, Rest, Wait};
        match self {
            Self::EngineGone => (
                "engine_gone",
                Wait,
                "could not be reached, since the container engine is gone",
                "start the container engine again",
            ),
            Self::EngineHung => (
                "engine_hung",
                Wait,
                "waits for a container engine that does not answer",
                "restart the container engine",
            ),
            Self::EngineBusy => (
                "engine_busy",
                Wait,
                "was refused by a container engine that has trouble of its own",
                "look at the container engine's own log",
            ),
            Self::NameTaken => (
                "name_taken",
                Rest,
                "cannot be made: another program has a container of that name",
                "rename or remove the other container; the box never touches what is not its own",
            ),
            Self::PortTaken => (
                "port_taken",
                Again,
                "lost its port to another program",
                "nothing: the box takes another free port",
            ),
            Self::ImageGone => {
                ("image_gone", Again, "has lost its image", "nothing: the image is fetched again")
            }
            Self::ImageUnknown => (
                "image_unknown",
                Rest,
                "cannot be fetched: the registry does not have its image",
                "check the image's name in the settings, or load a bundle",
            ),
            Self::RegistryDown => (
                "registry_down",
                Again,
                "cannot be fetched: the registry does not answer",
                "check the network, or load a bundle",
            ),
            Self::RegistryClosed => (
                "registry_closed",
                Rest,
                "cannot be fetched: the registry wants somebody to sign in",
                "use an image that is public, or load a bundle",
            ),
            Self::RateLimited => (
                "rate_limited",
                Again,
                "cannot be fetched yet: the registry has handed out enough to this address",
                "wait an hour, or load a bundle",
            ),
            Self::WrongDigest => (
                "wrong_digest",
                Rest,
                "was not started: its image is not the one that was agreed on",
                "check where the image comes from; nothing of it was run",
            ),
            Self::WrongPlatform => (
                "wrong_platform",
                Rest,
                "was not started: its image is for another processor",
                "use an image for this machine's processor",
            ),
            Self::PullStalled => (
                "pull_stalled",
                Again,
                "cannot be fetched: nothing came for two minutes",
                "check the network, or load a bundle",
            ),
            Self::BundleDamaged => (
                "bundle_damaged",
                Rest,
                "cannot be loaded: its bundle is damaged",
                "copy the bundle again; nothing of it was run",
            ),
            Self::BuildFailed => (
                "build_failed",
                Rest,
                "has no image: building it failed",
                "look at the build's last lines, then reset the build state",
            ),
            Self::VolumeGone => (
                "volume_gone",
                Rest,
                "was not started: its volume is gone, with all it kept",
                "bring the volume back from a copy and try again, or begin with an empty one",
            ),
            Self::DiskFull => ("disk_full", Again, "ran out of disk", "make room on the disk"),
            Self::Crashed => ("crashed", Again, "ended by itself", "look at its last lines"),
            Self::OutOfMemory => (
                "out_of_memory",
                Again,
                "was ended since it took more memory than it may",
                "give it more memory in the settings, or let the box do without it",
            ),
            Self::NeverReady => {
                ("never_ready", Again, "started and never answered", "look at its last lines")
            }
            Self::Hung => {
                ("hung", Again, "stopped answering and was started again", "look at its last lines")
            }
            Self::Removed => (
                "removed",
                Again,
                "was removed by hand",
                "nothing: the box makes it again; to be without it, choose so in the settings",
            ),
            Self::Cancelled => {
                ("cancelled", Rest, "was not fetched, as you wished", "try again when it suits")
            }
            Self::Refused => (
                "refused",
                Rest,
                "was refused by the container engine",
                "look at what the container engine said",
            ),
            Self::GraphicsRefused => (
                "graphics_refused",
                Again,
                "does without the graphics card",
                "see that the container engine can hand the card on and try again, or set containers.graphics to off",
            ),
        }
    }
}

/// A fault and what the engine or the container said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", fault.as_str())]
pub struct Trouble {
    pub fault: Fault,
    /// In the engine's own words, shortened.
    pub detail: String,
}

impl Trouble {
    pub fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_fault_has_a_row_of_its_own_with_something_to_do() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert_eq!(serde_json::to_value(fault).expect("a name"), fault.as_str());
            for sentence in [fault.what(), fault.next()] {
                assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{fault:?}: {sentence}");
            }
        }
    }
}
