//! One plain struct per area, each read from the layered values by its own `read`.
//!
//! A `read` reports what is wrong to the values and returns something complete, so that every area is
//! looked at before anybody is told; `load` throws the result away where there was a problem.

use super::fields as f;
use super::secret::Secret;
use super::service_fields::{IMAGE_POSTGRES, IMAGE_REDIS, POSTGRES_OWN};
use super::text::{self, Network};
use super::tls::Tls;
use super::values::Values;
use crate::containers::endpoint::Endpoint;
use crate::machine::derived::Derived;
use crate::machine::mode::Mode;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Native, with containers where the owner chose so.
    Auto,
    Native,
    /// Containers wherever that is possible.
    Docker,
}

impl Runtime {
    pub fn read(values: &mut Values) -> Self {
        values.get(&f::RUNTIME, |text| match text {
            "auto" => Some(Self::Auto),
            "native" => Some(Self::Native),
            "docker" => Some(Self::Docker),
            _ => None,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Server {
    pub listen: SocketAddr,
    /// Whether the owner asked for this address: then it is never swapped for a free port.
    pub listen_was_asked_for: bool,
    pub public_url: Option<Url>,
    /// Lower case, with the name of the public URL.
    pub allowed_hosts: Vec<String>,
    pub trusted_proxies: Vec<Network>,
    pub tls: Tls,
    pub metrics_token: Option<Secret>,
    pub request_timeout: Duration,
}

impl Server {
    pub fn read(values: &mut Values, mode: Mode, derived: &Derived, tier: &str) -> Self {
        let host = if mode.is_contained() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let default = SocketAddr::new(IpAddr::V4(host), 8080);
        let listen = values.or_follow(
            &f::LISTEN,
            text::parsed,
            &default,
            SocketAddr::to_string,
            &format!("mode {mode}"),
        );
        let public_url = values.find(&f::PUBLIC_URL, text::url(&["http", "https"]));
        let mut allowed_hosts = values.get(&f::ALLOWED_HOSTS, text::list(text::host_name));
        allowed_hosts.extend(public_url.as_ref().and_then(Url::domain).map(str::to_owned));
        Self {
            listen,
            listen_was_asked_for: values.is_set(&f::LISTEN),
            public_url,
            allowed_hosts,
            trusted_proxies: values.get(&f::TRUSTED_PROXIES, text::list(Network::from_text)),
            tls: Tls::read(values),
            metrics_token: values.secret(&f::METRICS_TOKEN, |token| token.len() >= 16),
            request_timeout: follow_duration(values, &f::REQUEST_TIMEOUT, derived.request_timeout, tier),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseType {
    Sqlite,
    Postgres,
}

impl DatabaseType {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Database {
    /// In `data/engine.db` of the data directory.
    Sqlite {
        pool_size: u32,
    },
    Postgres(Postgres),
    /// PostgreSQL in a container of the box's own.
    Ours {
        pool_size: u32,
    },
}

#[derive(Clone, Debug)]
pub struct Postgres {
    /// A name, an address, or the directory of a Unix socket.
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Option<Secret>,
    pub sslmode: SslMode,
    pub pool_size: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Database {
    pub fn kind(&self) -> DatabaseType {
        match self {
            Self::Sqlite { .. } => DatabaseType::Sqlite,
            Self::Postgres(_) | Self::Ours { .. } => DatabaseType::Postgres,
        }
    }

    pub fn read(values: &mut Values, runtime: Runtime, derived: &Derived, tier: &str) -> Self {
        let kind = values.get(&f::DATABASE_TYPE, |text| match text {
            "sqlite" => Some(DatabaseType::Sqlite),
            "postgres" | "postgresql" => Some(DatabaseType::Postgres),
            _ => None,
        });
        let pool_size =
            values.or_follow(&f::POOL_SIZE, text::within(1..=1000), &derived.pool_size, u32::to_string, tier);
        let host = values.find(&f::POSTGRES_HOST, text::any);
        let port = values.get(&f::POSTGRES_PORT, text::port);
        let database = values.find(&f::POSTGRES_DB, text::any);
        let user = values.find(&f::POSTGRES_USER, text::any);
        let password = values.secret(&f::POSTGRES_PASSWORD, |_| true);
        let sslmode = values.get(&f::POSTGRES_SSLMODE, |text| match text {
            "disable" => Some(SslMode::Disable),
            "prefer" => Some(SslMode::Prefer),
            "require" => Some(SslMode::Require),
            "verify-ca" => Some(SslMode::VerifyCa),
            "verify-full" => Some(SslMode::VerifyFull),
            _ => None,
        });
        let needed = [&f::POSTGRES_HOST, &f::POSTGRES_DB, &f::POSTGRES_USER];
        let named = needed.into_iter().find(|field| values.is_set(field));
        let asks = kind == DatabaseType::Postgres && named.is_none() && runtime == Runtime::Docker;
        let is_own = values.or_follow(&POSTGRES_OWN, text::switch, &asks, bool::to_string, "the runtime");
        if kind == DatabaseType::Sqlite {
            return Self::Sqlite { pool_size };
        }
        if is_own {
            let says = values.source(&POSTGRES_OWN);
            if let Some(field) = named {
                let message = format!("keep one of the two: {says} asks for a PostgreSQL of the box's own");
                values.problem(field.key, values.source(field), message);
            }
            if runtime == Runtime::Native {
                let message = format!(
                    "what is kept is in a container ({says}): leave this out, or move it first, with \
                     `migrate-store --to sqlite` beside the running box"
                );
                values.problem(f::RUNTIME.key, values.source(&f::RUNTIME), message);
            }
            return Self::Ours { pool_size };
        }
        for field in needed {
            if !values.is_set(field) {
                let chosen_by = values.source(&f::DATABASE_TYPE);
                let own = if field.key == f::POSTGRES_HOST.key {
                    "; or none of the three, and WHISPERENGINE_POSTGRES_OWN=true for one of the box's own"
                } else {
                    ""
                };
                let message = format!("is needed, since {chosen_by} asks for PostgreSQL{own}");
                values.problem(field.key, field.env.to_owned(), message);
            }
        }
        let (host, database, user) =
            (host.unwrap_or_default(), database.unwrap_or_default(), user.unwrap_or_default());
        Self::Postgres(Postgres { host, port, database, user, password, sslmode, pool_size })
    }
}

#[derive(Clone, Debug)]
pub struct Cache {
    pub home: CacheHome,
    pub size_mib: u64,
    pub conversations: u32,
}

#[derive(Clone, Debug)]
pub enum CacheHome {
    Memory,
    /// Memory, written to `data/cache` of the data directory.
    Disk,
    Redis {
        /// With its password, hence secret as a whole.
        url: Secret,
        /// Of keys and channels.
        prefix: String,
    },
}

impl Cache {
    pub fn read(values: &mut Values, derived: &Derived, tier: &str) -> Self {
        let parse_url = text::url(&["redis", "rediss"]);
        let url = values.secret(&f::REDIS_URL, |text| parse_url(text).is_some());
        let prefix = values.get(&f::REDIS_PREFIX, text::plain_name);
        let asked = if values.is_set(&f::REDIS_URL) { "redis" } else { "memory" }.to_owned();
        let is_kind = |text: &str| ["memory", "disk", "redis"].contains(&text).then(|| text.to_owned());
        let kind = values.or_follow(&f::CACHE_TYPE, is_kind, &asked, String::clone, "default");
        let home = match (kind.as_str(), url) {
            ("redis", Some(url)) => CacheHome::Redis { url, prefix },
            ("redis", None) => {
                if !values.is_set(&f::REDIS_URL) {
                    let chosen_by = values.source(&f::CACHE_TYPE);
                    let message = format!("is needed, since {chosen_by} asks for Redis");
                    values.problem(f::REDIS_URL.key, f::REDIS_URL.env.to_owned(), message);
                }
                CacheHome::Memory
            }
            ("disk", _) => CacheHome::Disk,
            _ => CacheHome::Memory,
        };
        let size_mib = values.or_follow(
            &f::CACHE_MB,
            text::within(1..=1_048_576),
            &derived.cache_mib,
            u64::to_string,
            tier,
        );
        let conversations = values.or_follow(
            &f::CACHE_CONVERSATIONS,
            text::within(1..=1_000_000),
            &derived.cached_conversations,
            u32::to_string,
            "memory",
        );
        Self { home, size_mib, conversations }
    }
}

#[derive(Clone, Debug)]
pub enum Vectors {
    /// The exact index beside the Store.
    Embedded,
    Qdrant {
        url: Url,
        api_key: Option<Secret>,
    },
}

impl Vectors {
    pub fn read(values: &mut Values) -> Self {
        let url = values.find(&f::QDRANT_URL, text::url(&["http", "https"]));
        let api_key = values.secret(&f::QDRANT_API_KEY, |_| true);
        match url {
            Some(url) => Self::Qdrant { url, api_key },
            None => Self::Embedded,
        }
    }
}

/// Where images of services come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    pub postgres: String,
    pub redis: String,
}

impl Images {
    pub fn read(values: &mut Values) -> Self {
        Self { postgres: values.get(&IMAGE_POSTGRES, image), redis: values.get(&IMAGE_REDIS, image) }
    }
}

/// As far as can be told without a registry.
fn image(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let is_one = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain);
    is_one.then(|| text.to_owned())
}

/// How patient the box is with a language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelTimeouts {
    pub connect: Duration,
    pub first_token: Duration,
    pub silence: Duration,
}

impl ModelTimeouts {
    pub fn read(values: &mut Values) -> Self {
        Self {
            connect: values.get(&f::CONNECT_TIMEOUT, text::duration),
            first_token: values.get(&f::FIRST_TOKEN_TIMEOUT, text::duration),
            silence: values.get(&f::SILENCE_TIMEOUT, text::duration),
        }
    }
}

/// How much is done at once, and how much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub concurrent_turns: u32,
    pub turn_lease: Duration,
    pub concurrent_jobs: u32,
    /// Bytes of attachments per person.
    pub attachment_quota: u64,
}

impl Limits {
    pub fn read(values: &mut Values, derived: &Derived, tier: &str) -> Self {
        let lease_range = Duration::from_secs(1)..=Duration::from_mins(10);
        Self {
            concurrent_turns: values.or_follow(
                &f::MAX_CONCURRENT_TURNS,
                text::within(1..=100_000),
                &derived.concurrent_turns,
                u32::to_string,
                tier,
            ),
            turn_lease: values
                .get(&f::TURN_LEASE, |text| text::duration(text).filter(|lease| lease_range.contains(lease))),
            concurrent_jobs: values.or_follow(
                &f::MAX_CONCURRENT_JOBS,
                text::within(1..=1000),
                &derived.concurrent_jobs,
                u32::to_string,
                tier,
            ),
            attachment_quota: values.get(&f::ATTACHMENT_QUOTA, text::size),
        }
    }
}

/// When temporary files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanup {
    pub interval: Duration,
    pub temp_file_age: Duration,
}

impl Cleanup {
    pub fn read(values: &mut Values, derived: &Derived, tier: &str) -> Self {
        Self {
            interval: follow_duration(values, &f::CLEANUP_INTERVAL, derived.cleanup_interval, tier),
            temp_file_age: follow_duration(values, &f::TEMP_FILE_AGE, derived.temp_file_age, tier),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    pub level: tracing::Level,
    pub format: LogFormat,
    /// Bytes after which a file is put aside.
    pub rotate_size: u64,
    pub keep: u32,
}

impl Log {
    pub fn read(values: &mut Values, mode: Mode) -> Self {
        let level = values.get(&f::LOG_LEVEL, |text| {
            let known = ["error", "warn", "info", "debug", "trace"].contains(&text);
            text.parse().ok().filter(|_| known)
        });
        let usual = if mode == Mode::Kubernetes { LogFormat::Json } else { LogFormat::Text };
        let parse = |text: &str| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        };
        let show = |format: &LogFormat| match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        };
        Self {
            level,
            format: values.or_follow(&f::LOG_FORMAT, parse, &usual, show, &format!("mode {mode}")),
            rotate_size: values
                .get(&f::LOG_ROTATE_SIZE, |text| text::size(text).filter(|size| *size >= 4096)),
            keep: values.get(&f::LOG_KEEP, text::within(0..=1000)),
        }
    }
}

/// The container engine that the owner names.
pub fn read_container_host(values: &mut Values) -> Option<Endpoint> {
    values.find(&f::CONTAINER_HOST, |text| match Endpoint::parse(text) {
        Endpoint::Unclear(_) => None,
        endpoint => Some(endpoint),
    })
}

/// The mounted master key, where an orchestrator gives one.
pub fn read_master_key_file(values: &mut Values) -> Option<PathBuf> {
    let path = values.find(&f::MASTER_KEY_FILE, |text| {
        let path = PathBuf::from(text);
        std::fs::File::open(&path).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
        Some(path)
    });
    if path.is_none() && !values.is_set(&f::MASTER_KEY_FILE) {
        values.settle(&f::MASTER_KEY_FILE, "config/master.key", "the data directory");
    }
    path
}

fn follow_duration(values: &mut Values, field: &'static f::Field, follows: Duration, tier: &str) -> Duration {
    values.or_follow(field, text::duration, &follows, |value| text::show_duration(*value), tier)
}
