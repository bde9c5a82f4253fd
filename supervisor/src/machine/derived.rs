//! What follows from the tier and the hardware: one table of sizes, and recommendations beside it.
//!
//! Pure. The sizes are what the box uses unless a setting says otherwise; the recommendations are shown
//! to the owner and change nothing by themselves.

use super::tier::Tier;
use serde::Serialize;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizing {
    pub tier: Tier,
    pub cores: u32,
    pub ram_gib: f64,
    /// The owner's own limit, where there is one.
    pub memory_limit_gib: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// Threads for work that keeps a processor busy.
    pub threads: u32,
    /// Memory that models and caches together may take.
    pub memory_limit_gib: f64,
    /// Whether language models on this machine are used where there is a choice.
    pub local_ai: bool,
    /// Whether models are loaded at start rather than at first use.
    pub preload_models: bool,
    pub cache_mib: u64,
    pub cached_conversations: u32,
    /// Connections to the Store.
    pub pool_size: u32,
    /// Turns that run at once; the next one waits for a place.
    pub concurrent_turns: u32,
    /// Background jobs that run at once.
    pub concurrent_jobs: u32,
    /// How long a call that does not stream may take.
    pub request_timeout: Duration,
    pub cleanup_interval: Duration,
    pub temp_file_age: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recommendations {
    pub database: &'static str,
    pub vectors: &'static str,
    pub cache: &'static str,
    pub voice: bool,
    pub semantic_clustering: bool,
    pub embedding_batch: u32,
    pub cached_memories: u32,
    /// In words, for people.
    pub notes: Vec<String>,
}

pub fn derive(sizing: Sizing) -> Derived {
    let Sizing { tier, cores, ram_gib, .. } = sizing;
    let row = row(tier);
    let memory_limit_gib = sizing.memory_limit_gib.unwrap_or(tier.memory_limit_gib(ram_gib));
    Derived {
        threads: cores.min(row.threads).max(1),
        memory_limit_gib,
        local_ai: local_ai(sizing),
        preload_models: tier == Tier::HighPerformance,
        // A cache never takes more than a quarter of what the owner leaves us.
        cache_mib: row.cache_mib.min((memory_limit_gib * 256.0) as u64).max(1),
        cached_conversations: cached(ram_gib).0,
        pool_size: row.pool_size,
        concurrent_turns: row.concurrent_turns,
        concurrent_jobs: row.concurrent_jobs,
        request_timeout: Duration::from_secs(row.request_timeout_s),
        cleanup_interval: Duration::from_secs(row.cleanup_interval_s),
        temp_file_age: Duration::from_secs(row.temp_file_age_s),
    }
}

pub fn recommend(sizing: Sizing) -> Recommendations {
    let services = sizing.tier > Tier::Constrained;
    let mut notes = Vec::new();
    if services {
        notes.push(
            "At this size PostgreSQL, Redis and Qdrant pay off for many people at once. Nothing is needed: \
             the embedded stores serve a household or a team well."
                .to_owned(),
        );
    }
    if sizing.ram_gib < 4.0 {
        notes
            .push("Under 4 GiB, connect a model on another machine rather than running one here.".to_owned());
    }
    if sizing.tier == Tier::Enterprise {
        notes.push("Under Kubernetes the Store must be PostgreSQL once more than one pod runs.".to_owned());
    }
    Recommendations {
        database: if services { "postgres" } else { "sqlite" },
        vectors: if services { "qdrant" } else { "embedded" },
        cache: if services { "redis" } else { "memory" },
        voice: sizing.tier <= Tier::HighPerformance,
        semantic_clustering: sizing.ram_gib >= 32.0 && sizing.tier != Tier::Enterprise && is_roomy(sizing),
        embedding_batch: row(sizing.tier).embedding_batch,
        cached_memories: cached(sizing.ram_gib).1,
        notes,
    }
}

struct Row {
    threads: u32,
    cache_mib: u64,
    embedding_batch: u32,
    request_timeout_s: u64,
    pool_size: u32,
    concurrent_turns: u32,
    concurrent_jobs: u32,
    cleanup_interval_s: u64,
    temp_file_age_s: u64,
}

fn row(tier: Tier) -> Row {
    match tier {
        Tier::Constrained => Row {
            threads: 4,
            cache_mib: 256,
            embedding_batch: 50,
            request_timeout_s: 30,
            pool_size: 2,
            concurrent_turns: 64,
            concurrent_jobs: 2,
            cleanup_interval_s: 300,
            temp_file_age_s: 3600,
        },
        Tier::Balanced => Row {
            threads: 8,
            cache_mib: 512,
            embedding_batch: 100,
            request_timeout_s: 60,
            pool_size: 5,
            concurrent_turns: 128,
            concurrent_jobs: 4,
            cleanup_interval_s: 600,
            temp_file_age_s: 4 * 3600,
        },
        Tier::HighPerformance => Row {
            threads: 16,
            cache_mib: 1024,
            embedding_batch: 200,
            request_timeout_s: 90,
            pool_size: 10,
            concurrent_turns: 256,
            concurrent_jobs: 10,
            cleanup_interval_s: 900,
            temp_file_age_s: 24 * 3600,
        },
        // Many small pods: each stays small, and its disk is not its own.
        Tier::Enterprise => Row {
            threads: 4,
            cache_mib: 512,
            embedding_batch: 100,
            request_timeout_s: 30,
            pool_size: 20,
            concurrent_turns: 256,
            concurrent_jobs: 4,
            cleanup_interval_s: 300,
            temp_file_age_s: 3600,
        },
    }
}

fn local_ai(sizing: Sizing) -> bool {
    let affords = match sizing.tier {
        Tier::Constrained => sizing.ram_gib >= 16.0,
        Tier::Balanced => sizing.ram_gib >= 32.0,
        Tier::HighPerformance => true,
        Tier::Enterprise => false,
    };
    affords && is_roomy(sizing)
}

/// Whether the owner leaves us at least what the tier would take by itself.
fn is_roomy(sizing: Sizing) -> bool {
    sizing.memory_limit_gib.is_none_or(|limit| limit >= sizing.tier.memory_limit_gib(sizing.ram_gib))
}

/// Conversations and memories kept near. These two cuts size caches only; they are no tier rule.
fn cached(ram_gib: f64) -> (u32, u32) {
    if ram_gib < 16.0 {
        (100, 500)
    } else if ram_gib < 64.0 {
        (1000, 5000)
    } else {
        (5000, 50_000)
    }
}
