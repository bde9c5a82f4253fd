//! Decides what runs in a container. Rules of the house: nothing does without its owner's consent; where the Store
//! is was settled when the box was set up and is never changed here; who cannot have a container does without.

use super::planned::Planned;
use super::recipes::{self, Shares, VoiceWish};
use crate::config::areas::{Images, Runtime};
use crate::machine::tier::Tier;
use crate::services::name::ServiceName;
use crate::state::choices::{Choices, Home};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is asked for, and what there is.
#[derive(Clone, Debug)]
pub struct Wishes {
    pub runtime: Runtime,
    pub choices: Choices,
    pub tier: Tier,
    /// Whether the owner gave the address of a cache, or chose another kind.
    pub cache_is_elsewhere: bool,
    /// Whether the box keeps its Store in a PostgreSQL of its own.
    pub store_is_ours: bool,
    /// Where the Store is about to be moved to.
    pub store_goes: Option<Home>,
    /// Whether an engine elsewhere could do what ours does: the schema is there, and no model is reached by this machine's
    /// own name for itself.
    /// `None` until somebody has looked.
    pub engine_may_move: Option<bool>,
    /// `None`: the box neither listens nor speaks.
    pub voice: Option<VoiceWish>,
    /// Who owns the data.
    pub owner: (u32, u32),
    pub images: Images,
    /// `run/secrets` of the data directory.
    pub secrets: PathBuf,
    /// What the machine can spare, in MiB.
    pub memory_mib: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub services: BTreeMap<ServiceName, Planned>,
    /// It is not known yet whether they are planned: what there is of them is left as it is.
    pub undecided: Vec<ServiceName>,
}

pub fn make(wishes: &Wishes) -> Plan {
    let shares = shares(wishes);
    let planned = ServiceName::ALL.into_iter().filter(|name| home(*name, wishes) == Home::Container);
    let planned = planned.filter_map(|name| {
        let planned = match name {
            ServiceName::Redis => recipes::redis(wishes.images.redis.clone(), &wishes.secrets, shares),
            ServiceName::Postgres => {
                recipes::postgres(wishes.images.postgres.clone(), &wishes.secrets, shares)
            }
            ServiceName::Engine => {
                let has_redis = home(ServiceName::Redis, wishes) == Home::Container;
                recipes::engine(&wishes.secrets, wishes.owner, has_redis, wishes.memory_mib)
            }
            ServiceName::Voice => {
                recipes::voice(wishes.voice.as_ref()?, &wishes.secrets, wishes.owner, wishes.memory_mib)
            }
        };
        Some((name, planned))
    });
    let is_open = wishes.store_is_ours
        && wishes.store_goes.is_none()
        && wishes.runtime != Runtime::Native
        && wishes.engine_may_move.is_none();
    Plan {
        services: planned.collect(),
        undecided: is_open.then_some(ServiceName::Engine).into_iter().collect(),
    }
}

/// Where a service belongs, whatever the container engine does right now.
pub fn home(service: ServiceName, wishes: &Wishes) -> Home {
    let may = match service {
        // The truth has one place. It never moves because a container engine came or went.
        ServiceName::Postgres => {
            return if wishes.store_is_ours || wishes.store_goes == Some(Home::Container) {
                Home::Container
            } else {
                Home::Native
            };
        }
        ServiceName::Redis => !wishes.cache_is_elsewhere,
        // Two engines may share a Store that stays; from one that goes, nobody but the mover may read.
        ServiceName::Engine => {
            wishes.store_is_ours && wishes.store_goes.is_none() && wishes.engine_may_move == Some(true)
        }
        ServiceName::Voice => wishes.voice.is_some(),
    };
    let chosen = wishes.choices.get(&service).copied();
    match (wishes.runtime, may) {
        (Runtime::Native, _) | (_, false) => Home::Native,
        // What listens stands by in this process, too: a small machine would have to hold two of them.
        (Runtime::Docker, true) if service == ServiceName::Voice && wishes.tier == Tier::Constrained => {
            chosen.unwrap_or(Home::Native)
        }
        (Runtime::Docker, true) => chosen.unwrap_or(Home::Container),
        // Whoever has the Store in a container has consented to the companion beside it.
        (Runtime::Auto, true) if service == ServiceName::Engine => chosen.unwrap_or(Home::Container),
        (Runtime::Auto, true) => chosen.unwrap_or(Home::Native),
    }
}

/// A tenth of what can be spared for what is near, a quarter for the Store, within reason.
pub fn shares(wishes: &Wishes) -> Shares {
    Shares {
        redis_mib: (wishes.memory_mib / 10).clamp(32, 1024),
        postgres_mib: (wishes.memory_mib / 4).clamp(256, 4096),
    }
}
