//! How each service is made.

use super::planned::{ImageWish, MODELS, Planned, Probe, SECRETS, User};
use crate::services::name::ServiceName;
use std::path::{Path, PathBuf};

pub const POSTGRES_USER: &str = "whisperengine";
pub const POSTGRES_DATABASE: &str = "whisperengine";
pub const TRANSPORT_SECRET: &str = "transport-secret";
pub const MASTER_KEY: &str = "master-key";
pub const REDIS_URL: &str = "redis-url";
/// Names of files in the secrets' folders.
pub const PASSWORD: &str = "password";
pub const REDIS_CONFIG: &str = "redis.conf";

const ENGINE_PORT: u16 = 7700;
const VOICE_PORT: u16 = 7710;
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
        user: User::Inside(999),
        secrets: secrets.join(ServiceName::Redis.as_str()),
        models: None,
        // It is a cache: what it knows can be found out again.
        keeps: None,
        scratch: vec!["/data".to_owned(), "/tmp".to_owned()],
        port: 6379,
        // The server counts its own entries, not its buffers.
        memory_bytes: (shares.redis_mib + 64) * MIB,
        processes: 64,
        capabilities: Vec::new(),
        graphics: false,
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
        user: User::OfImage,
        secrets: secrets.join(ServiceName::Postgres.as_str()),
        models: None,
        keeps: Some("/var/lib/postgresql/data".to_owned()),
        scratch: vec!["/tmp".to_owned(), "/var/run/postgresql".to_owned()],
        port: 5432,
        memory_bytes: shares.postgres_mib * MIB,
        processes: 512,
        capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"].map(str::to_owned).into(),
        graphics: false,
        reaches_out: false,
        probe: Probe::Postgres,
        grace_seconds: 30,
    }
}

/// The companion itself, on the box's own database, as the data's owner: what it reads is theirs.
pub fn engine(secrets: &Path, owner: (u32, u32), has_redis: bool, memory_mib: u64) -> Planned {
    let file = |name: &str| format!("{SECRETS}/{name}");
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut environment = vec![
        setting("WHISPERENGINE_MODE", "container"),
        setting("WHISPERENGINE_DATA_DIR", "/tmp/data"),
        setting("WHISPERENGINE_DATABASE_TYPE", "postgres"),
        setting("POSTGRES_HOST", ServiceName::Postgres.as_str()),
        setting("POSTGRES_DB", POSTGRES_DATABASE),
        setting("POSTGRES_USER", POSTGRES_USER),
        ("POSTGRES_PASSWORD_FILE".to_owned(), file(PASSWORD)),
    ];
    if has_redis {
        environment.push(("WHISPERENGINE_REDIS_URL_FILE".to_owned(), file(REDIS_URL)));
    }
    let listen = format!("0.0.0.0:{ENGINE_PORT}");
    let arguments = ["engine", "--listen", &listen, "--secret-file", &file(TRANSPORT_SECRET)];
    let key = ["--master-key-file".to_owned(), file(MASTER_KEY)];
    Planned {
        service: ServiceName::Engine,
        image: ImageWish::Own,
        command: arguments.map(str::to_owned).into_iter().chain(key).collect(),
        environment,
        user: User::OfBox { uid: owner.0, gid: owner.1 },
        secrets: secrets.join(ServiceName::Engine.as_str()),
        models: None,
        keeps: None,
        scratch: vec!["/tmp".to_owned()],
        port: ENGINE_PORT,
        memory_bytes: (memory_mib / 2).clamp(512, 4096) * MIB,
        processes: 512,
        capabilities: Vec::new(),
        graphics: false,
        reaches_out: true,
        probe: Probe::Engine,
        grace_seconds: 8,
    }
}

/// What the voice's container is to be like, where the box listens and speaks at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceWish {
    /// `data/models` of the data directory.
    pub models: PathBuf,
    /// What its owner set, by the names of variables.
    pub settings: Vec<(String, String)>,
    /// Whether it may have a graphics card.
    pub graphics: bool,
}

/// Ears and a mouth. What comes in is sound of strangers, so it has no way out and a secret of its own, which opens
/// nothing else; models are seen as they come and go, and none can be changed.
pub fn voice(wish: &VoiceWish, secrets: &Path, owner: (u32, u32), memory_mib: u64) -> Planned {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let own = [
        setting("WHISPERENGINE_MODE", "container"),
        setting("WHISPERENGINE_DATA_DIR", "/tmp/data"),
        setting("WHISPERENGINE_VOICE", "true"),
    ];
    let (listen, secret) = (format!("0.0.0.0:{VOICE_PORT}"), format!("{SECRETS}/{TRANSPORT_SECRET}"));
    let arguments = ["voice", "--listen", &listen, "--secret-file", &secret, "--models", MODELS];
    Planned {
        service: ServiceName::Voice,
        image: ImageWish::Own,
        command: arguments.map(str::to_owned).into(),
        environment: own.into_iter().chain(wish.settings.iter().cloned()).collect(),
        user: User::OfBox { uid: owner.0, gid: owner.1 },
        secrets: secrets.join(ServiceName::Voice.as_str()),
        models: Some(wish.models.clone()),
        keeps: None,
        scratch: vec!["/tmp".to_owned()],
        port: VOICE_PORT,
        // A model of the usual size is loaded once, and tried out before that by a child.
        memory_bytes: (memory_mib / 4).clamp(1024, 4096) * MIB,
        processes: 256,
        capabilities: Vec::new(),
        graphics: wish.graphics,
        reaches_out: false,
        probe: Probe::Voice,
        grace_seconds: 5,
    }
}
