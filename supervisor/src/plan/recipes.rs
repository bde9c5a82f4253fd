//! How each service is made.

use super::planned::{ImageWish, Planned, Probe, SECRETS};
use crate::services::name::ServiceName;
use std::path::Path;

pub const POSTGRES_USER: &str = "whisperengine";
pub const POSTGRES_DATABASE: &str = "whisperengine";
/// Names of files in the secrets' folders.
pub const PASSWORD: &str = "password";
pub const REDIS_CONFIG: &str = "redis.conf";

const MIB: u64 = 1 << 20;

/// What the machine gives to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    pub redis_mib: u64,
    pub postgres_mib: u64,
}

pub fn redis(image: String, secrets: &Path, shares: Shares) -> Planned {
    Planned {
        service: ServiceName::Redis,
        image: ImageWish::Named(image),
        command: vec!["redis-server".to_owned(), format!("{SECRETS}/{REDIS_CONFIG}")],
        environment: Vec::new(),
        // The official image's own user; without a volume it has nothing to set up as root.
        user: Some("999:999".to_owned()),
        secrets: secrets.join(ServiceName::Redis.as_str()),
        // It is a cache: what it knows can be found out again.
        keeps: None,
        scratch: vec!["/data".to_owned(), "/tmp".to_owned()],
        port: 6379,
        // The server counts its own entries, not its buffers.
        memory_bytes: (shares.redis_mib + 64) * MIB,
        processes: 64,
        capabilities: Vec::new(),
        reaches_out: false,
        probe: Probe::Redis,
        grace_seconds: 5,
    }
}

/// `redis.conf` for [`redis`].
pub fn redis_config(password: &str, shares: Shares) -> String {
    format!(
        "bind * -::*\nprotected-mode yes\nport 6379\nrequirepass {password}\nsave \"\"\nappendonly no\ndir /data\n\
         maxmemory {}mb\nmaxmemory-policy allkeys-lru\n",
        shares.redis_mib
    )
}

pub fn postgres(image: String, secrets: &Path, shares: Shares) -> Planned {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Planned {
        service: ServiceName::Postgres,
        image: ImageWish::Named(image),
        command: Vec::new(),
        environment: vec![
            setting("POSTGRES_USER", POSTGRES_USER),
            setting("POSTGRES_DB", POSTGRES_DATABASE),
            ("POSTGRES_PASSWORD_FILE".to_owned(), format!("{SECRETS}/{PASSWORD}")),
            setting("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C"),
            // A folder in the volume: the volume's own top may hold `lost+found`.
            setting("PGDATA", "/var/lib/postgresql/data/pgdata"),
        ],
        // It starts as root, makes its folder its own and steps down.
        user: None,
        secrets: secrets.join(ServiceName::Postgres.as_str()),
        keeps: Some("/var/lib/postgresql/data".to_owned()),
        scratch: vec!["/tmp".to_owned(), "/var/run/postgresql".to_owned()],
        port: 5432,
        memory_bytes: shares.postgres_mib * MIB,
        processes: 512,
        capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"].map(str::to_owned).into(),
        reaches_out: false,
        probe: Probe::Postgres,
        grace_seconds: 30,
    }
}
