//! The one description of every setting: its key, its names elsewhere, what it takes and what it is for.
//!
//! To add a setting, add a constant here and to [`FIELDS`], and read it in `areas.rs`; the example file,
//! docs/CONFIG.md and `config show` follow. A test fails for a field that nobody reads.

/// What holds where a setting is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    Is(&'static str),
    /// Follows from the machine or from other settings; the text says how.
    Follows(&'static str),
    Nothing,
}

#[derive(Debug)]
pub struct Field {
    /// `table.name` in `settings.toml`.
    pub key: &'static str,
    pub env: &'static str,
    pub flag: Option<&'static str>,
    /// Never printed; also read from a file: `…_FILE`, `…_file`.
    pub secret: bool,
    /// Finishes the sentence "… is not".
    pub takes: &'static str,
    /// A TOML literal for the example file.
    pub example: &'static str,
    pub fallback: Fallback,
    pub doc: &'static str,
}

impl Field {
    pub(super) const fn new(
        key: &'static str,
        env: &'static str,
        takes: &'static str,
        doc: &'static str,
    ) -> Self {
        let (flag, secret, example, fallback) = (None, false, "\"\"", Fallback::Nothing);
        Self { key, env, flag, secret, takes, example, fallback, doc }
    }

    pub(super) const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) const fn example(mut self, literal: &'static str) -> Self {
        self.example = literal;
        self
    }

    pub(super) const fn is(mut self, text: &'static str) -> Self {
        self.fallback = Fallback::Is(text);
        self
    }

    pub(super) const fn follows(mut self, how: &'static str) -> Self {
        self.fallback = Fallback::Follows(how);
        self
    }

    /// The key of the file that holds a secret.
    pub fn file_key(&self) -> String {
        format!("{}_file", self.key)
    }

    pub fn file_env(&self) -> String {
        format!("{}_FILE", self.env)
    }

    /// The data directory holds `settings.toml`, so it cannot be named in it.
    pub fn in_file(&self) -> bool {
        self.key != DATA_DIR.key
    }

    pub fn table(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(table, _)| table)
    }

    pub fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_, name)| name)
    }
}

pub const DATA_DIR: Field = Field::new(
    "data_dir",
    "WHISPERENGINE_DATA_DIR",
    "a path",
    "Where everything is kept. One process at a time uses it.",
)
.flag("--data-dir")
.follows("`.whisperengine` in the home directory");

pub const MODE: Field = Field::new(
    "mode",
    "WHISPERENGINE_MODE",
    "one of desktop, container, kubernetes, multi_bot",
    "How this box is deployed.",
)
.example("\"desktop\"")
.follows("detected; `multi_bot` only if set here");

pub const SCALE_TIER: Field = Field::new(
    "scale_tier",
    "WHISPERENGINE_SCALE_TIER",
    "a tier from 1 to 4 (constrained, balanced, high_performance, enterprise)",
    "The size of this box: every derived value follows from it.",
)
.example("2")
.follows("mode, cores and memory");

pub const CPU_THREADS: Field = Field::new(
    "cpu_threads",
    "WHISPERENGINE_CPU_THREADS",
    "a whole number from 1 to 1024",
    "Threads for work that keeps a processor busy.",
)
.example("4")
.follows("tier and cores");

pub const MEMORY_LIMIT_GB: Field = Field::new(
    "memory_limit_gb",
    "WHISPERENGINE_MEMORY_LIMIT_GB",
    "a number of GiB from 0.25 to 65536",
    "Memory that models and caches together may take, in GiB. Less than the tier would take lowers the tier.",
)
.example("4")
.follows("tier and memory");

pub const LOCAL_AI: Field = Field::new(
    "local_ai",
    "WHISPERENGINE_ENABLE_LOCAL_AI",
    "true or false",
    "Whether language models on this machine are used where there is a choice.",
)
.example("true")
.follows("tier and memory");

pub const RUNTIME: Field = Field::new(
    "runtime",
    "WHISPERENGINE_RUNTIME",
    "one of auto, native, docker",
    "How services run: `native` keeps everything in this process, `docker` runs what it can in containers, `auto` \
     those that the owner chose on the page.",
)
.flag("--runtime")
.example("\"auto\"")
.is("auto");

pub const CONTAINER_HOST: Field = Field::new(
    "containers.host",
    "WHISPERENGINE_CONTAINER_HOST",
    "the address of a container engine such as unix:///run/docker.sock",
    "Where the container engine listens: believed before `DOCKER_HOST` and Docker's context, and never replaced by another.",
)
.example("\"unix:///run/docker.sock\"");

pub const LISTEN: Field = Field::new(
    "server.listen",
    "WHISPERENGINE_LISTEN",
    "an IP address and port such as 127.0.0.1:8080",
    "Where the box answers. A port that was asked for is never swapped; the default one moves to the next \
     free port.",
)
.flag("--listen")
.example("\"127.0.0.1:8080\"")
.follows("127.0.0.1:8080; 0.0.0.0:8080 in a container or under Kubernetes");

pub const PUBLIC_URL: Field = Field::new(
    "server.public_url",
    "WHISPERENGINE_PUBLIC_URL",
    "an http or https URL",
    "The address people use, where a proxy stands in front. Its name is an allowed host.",
)
.example("\"https://companion.example.org\"");

pub const ALLOWED_HOSTS: Field = Field::new(
    "server.allowed_hosts",
    "WHISPERENGINE_ALLOWED_HOSTS",
    "a list of host names without port",
    "Names this box may be called by, besides loopback names and IP addresses. `*.example.org` stands for \
     all names below it.",
)
.flag("--allow-host")
.example("[\"companion.example.org\"]")
.is("");

pub const TRUSTED_PROXIES: Field = Field::new(
    "server.trusted_proxies",
    "WHISPERENGINE_TRUSTED_PROXIES",
    "a list of IP addresses or networks such as 10.0.0.0/8",
    "Proxies that may say on whose behalf a request comes: the visitor's address (`X-Forwarded-For`, or \
     `Forwarded`), `X-Forwarded-Proto`, and `X-Forwarded-Host` where `Host` is not sent on. From anybody else \
     these mean nothing.",
)
.example("[\"127.0.0.1\"]")
.is("");

pub const TLS: Field = Field::new(
    "server.tls",
    "WHISPERENGINE_TLS",
    "one of off, self, files",
    "Whether the box speaks https: `self` with a certificate of its own authority, which is offered at \
     `/authority.crt`; `files` with yours.",
)
.flag("--tls")
.example("\"self\"")
.is("off");

pub const TLS_CERTIFICATE: Field = Field::new(
    "server.tls_certificate",
    "WHISPERENGINE_TLS_CERTIFICATE",
    "a path",
    "Your certificate in PEM form, with the chain behind it. Needed with `files`; read again when it changes.",
)
.example("\"/etc/letsencrypt/live/companion.example.org/fullchain.pem\"");

pub const TLS_KEY: Field = Field::new(
    "server.tls_key",
    "WHISPERENGINE_TLS_KEY",
    "a path",
    "The certificate's key in PEM form, without a password. Needed with `files`.",
)
.example("\"/etc/letsencrypt/live/companion.example.org/privkey.pem\"");

pub const METRICS_TOKEN: Field = Field::new(
    "server.metrics_token",
    "WHISPERENGINE_METRICS_TOKEN",
    "at least 16 characters",
    "Lets a collector that is not on this machine read `/metrics`, as a bearer token.",
)
.secret();

pub const REQUEST_TIMEOUT: Field = Field::new(
    "server.request_timeout",
    "WHISPERENGINE_REQUEST_TIMEOUT",
    "a duration such as 500ms, 30s, 5m or 2h",
    "How long a call that does not stream may take.",
)
.example("\"30s\"")
.follows("tier");

pub const KEY_REQUESTS: Field = Field::new(
    "limits.key_requests",
    "WHISPERENGINE_LIMIT_KEY_REQUESTS",
    "a whole number from 1 to 10000000",
    "Requests a minute with one key; as many may come at once.",
)
.example("1200")
.is("1200");

pub const PERSON_REQUESTS: Field = Field::new(
    "limits.person_requests",
    "WHISPERENGINE_LIMIT_PERSON_REQUESTS",
    "a whole number from 1 to 10000000",
    "Requests a minute of one person, with pages and keys together.",
)
.example("2400")
.is("2400");

pub const ADDRESS_REQUESTS: Field = Field::new(
    "limits.address_requests",
    "WHISPERENGINE_LIMIT_ADDRESS_REQUESTS",
    "a whole number from 1 to 10000000",
    "Requests a minute from one address (of IPv6, from one /64) that do not prove who asks. Behind a proxy \
     this is the visitor's address only where `server.trusted_proxies` names the proxy.",
)
.example("300")
.is("300");

pub const ADDRESS_ATTEMPTS: Field = Field::new(
    "limits.address_attempts",
    "WHISPERENGINE_LIMIT_ADDRESS_ATTEMPTS",
    "a whole number from 1 to 10000000",
    "Of these, attempts to come in: signing in, setting up, keys that open nothing.",
)
.example("30")
.is("30");

pub const DATABASE_TYPE: Field = Field::new(
    "database.type",
    "WHISPERENGINE_DATABASE_TYPE",
    "one of sqlite, postgres",
    "Where the truth is kept. Changing it moves nothing: `migrate-store` and the system page do that.",
)
.example("\"sqlite\"")
.is("sqlite");

pub const POOL_SIZE: Field = Field::new(
    "database.pool_size",
    "WHISPERENGINE_DATABASE_POOL_SIZE",
    "a whole number from 1 to 1000",
    "Connections to the database.",
)
.example("5")
.follows("tier");

pub const POSTGRES_HOST: Field = Field::new(
    "database.postgres.host",
    "POSTGRES_HOST",
    "a host name, an IP address or the directory of a Unix socket",
    "Needed with PostgreSQL, unless the box runs one of its own.",
)
.example("\"db.example.org\"");

pub const POSTGRES_PORT: Field =
    Field::new("database.postgres.port", "POSTGRES_PORT", "a port from 1 to 65535", "The database's port.")
        .example("5432")
        .is("5432");

pub const POSTGRES_DB: Field =
    Field::new("database.postgres.db", "POSTGRES_DB", "a name", "The database. Needed with PostgreSQL.")
        .example("\"whisperengine\"");

pub const POSTGRES_USER: Field =
    Field::new("database.postgres.user", "POSTGRES_USER", "a name", "The role. Needed with PostgreSQL.")
        .example("\"whisperengine\"");

pub const POSTGRES_PASSWORD: Field = Field::new(
    "database.postgres.password",
    "POSTGRES_PASSWORD",
    "a password",
    "The role's password. May be left out where the server trusts the connection.",
)
.secret();

pub const POSTGRES_SSLMODE: Field = Field::new(
    "database.postgres.sslmode",
    "POSTGRES_SSLMODE",
    "one of disable, prefer, require, verify-ca, verify-full",
    "How the connection is encrypted and the server checked.",
)
.example("\"verify-full\"")
.is("prefer");

pub const CACHE_TYPE: Field = Field::new(
    "cache.type",
    "WHISPERENGINE_CACHE",
    "one of memory, disk, redis",
    "Where things worth keeping near are kept: `disk` is memory that survives a restart.",
)
.example("\"memory\"")
.follows("redis where a Redis URL is given, else memory");

pub const CACHE_MB: Field = Field::new(
    "cache.size_mb",
    "WHISPERENGINE_CACHE_MB",
    "a whole number from 1 to 1048576",
    "The cache's size, in MiB.",
)
.example("256")
.follows("tier, at most a quarter of the memory limit");

pub const CACHE_CONVERSATIONS: Field = Field::new(
    "cache.conversations",
    "WHISPERENGINE_CACHE_CONVERSATIONS",
    "a whole number from 1 to 1000000",
    "How many conversations are kept near.",
)
.example("1000")
.follows("memory");

pub const REDIS_URL: Field = Field::new(
    "cache.redis_url",
    "WHISPERENGINE_REDIS_URL",
    "a redis or rediss URL",
    "The Redis server, with its password where it has one.",
)
.secret();

pub const REDIS_PREFIX: Field = Field::new(
    "cache.redis_prefix",
    "WHISPERENGINE_REDIS_PREFIX",
    "1 to 64 letters, digits, - or _",
    "What the names of keys and of channels begin with on the Redis server. Installations that share one need \
     different ones.",
)
.example("\"whisperengine\"")
.is("whisperengine");

pub const QDRANT_URL: Field = Field::new(
    "vectors.qdrant_url",
    "WHISPERENGINE_QDRANT_URL",
    "an http or https URL",
    "The Qdrant server's gRPC address. Read and checked; recall searches by words and asks no index yet.",
)
.example("\"http://127.0.0.1:6334\"");

pub const QDRANT_API_KEY: Field = Field::new(
    "vectors.qdrant_api_key",
    "WHISPERENGINE_QDRANT_API_KEY",
    "a key",
    "The Qdrant server's key, where it asks for one.",
)
.secret();

pub const CONNECT_TIMEOUT: Field = Field::new(
    "models.connect_timeout",
    "WHISPERENGINE_MODEL_CONNECT_TIMEOUT",
    "a duration such as 500ms, 30s, 5m or 2h",
    "How long connecting to a language model may take.",
)
.example("\"10s\"")
.is("10s");

pub const FIRST_TOKEN_TIMEOUT: Field = Field::new(
    "models.first_token_timeout",
    "WHISPERENGINE_MODEL_FIRST_TOKEN_TIMEOUT",
    "a duration such as 500ms, 30s, 5m or 2h",
    "How long a model may take to its first token. A large model on a small machine needs minutes.",
)
.example("\"2m\"")
.is("2m");

pub const SILENCE_TIMEOUT: Field = Field::new(
    "models.silence_timeout",
    "WHISPERENGINE_MODEL_SILENCE_TIMEOUT",
    "a duration such as 500ms, 30s, 5m or 2h",
    "How long a model may be silent between two tokens.",
)
.example("\"60s\"")
.is("60s");

pub const MAX_CONCURRENT_TURNS: Field = Field::new(
    "turns.max_concurrent",
    "WHISPERENGINE_MAX_CONCURRENT_TURNS",
    "a whole number from 1 to 100000",
    "Turns that run at once; the next one waits for a place.",
)
.example("64")
.follows("tier");

pub const TURN_LEASE: Field = Field::new(
    "turns.lease",
    "WHISPERENGINE_TURN_LEASE",
    "a duration from 1s to 10m",
    "How long a process keeps a turn without a sign of life before another one takes over.",
)
.example("\"4s\"")
.is("4s");

pub const MAX_CONCURRENT_JOBS: Field = Field::new(
    "jobs.max_concurrent",
    "WHISPERENGINE_MAX_CONCURRENT_JOBS",
    "a whole number from 1 to 1000",
    "Background jobs that run at once.",
)
.example("2")
.follows("tier");

pub const ATTACHMENT_QUOTA: Field = Field::new(
    "attachments.quota",
    "WHISPERENGINE_ATTACHMENT_QUOTA",
    "a size such as 512MB or 2GB",
    "What one person's attachments may take together.",
)
.example("\"1GB\"")
.is("1GB");

pub const CLEANUP_INTERVAL: Field = Field::new(
    "cleanup.interval",
    "WHISPERENGINE_CLEANUP_INTERVAL",
    "a duration such as 500ms, 30s, 5m or 2h",
    "How often temporary files are looked through.",
)
.example("\"5m\"")
.follows("tier");

pub const TEMP_FILE_AGE: Field = Field::new(
    "cleanup.temp_file_age",
    "WHISPERENGINE_TEMP_FILE_AGE",
    "a duration such as 500ms, 30s, 5m or 2h",
    "Temporary files older than this are removed.",
)
.example("\"1h\"")
.follows("tier");

pub const LOG_LEVEL: Field = Field::new(
    "log.level",
    "WHISPERENGINE_LOG_LEVEL",
    "one of error, warn, info, debug, trace",
    "The least that is worth a line.",
)
.example("\"info\"")
.is("info");

pub const LOG_FORMAT: Field = Field::new(
    "log.format",
    "WHISPERENGINE_LOG_FORMAT",
    "one of text, json",
    "How lines look on the terminal. Files are always JSON lines.",
)
.example("\"text\"")
.follows("json under Kubernetes, else text");

pub const LOG_ROTATE_SIZE: Field = Field::new(
    "log.rotate_size",
    "WHISPERENGINE_LOG_ROTATE_SIZE",
    "a size such as 512KB or 10MB, from 4KB",
    "A log file that reaches this size is put aside and a new one begun.",
)
.example("\"10MB\"")
.is("10MB");

pub const LOG_KEEP: Field = Field::new(
    "log.keep",
    "WHISPERENGINE_LOG_KEEP",
    "a whole number from 0 to 1000",
    "How many log files that were put aside are kept, of each kind.",
)
.example("5")
.is("5");

pub const MASTER_KEY_FILE: Field = Field::new(
    "secrets.master_key_file",
    "WHISPERENGINE_MASTER_KEY_FILE",
    "the path of a readable file",
    "The key that seals stored credentials, as an orchestrator mounts it.",
)
.example("\"/run/secrets/master-key\"")
.follows("`config/master.key` in the data directory, made at the first start");

/// Every setting, in the order people read them.
pub const FIELDS: &[&Field] = &[
    &DATA_DIR,
    &MODE,
    &SCALE_TIER,
    &CPU_THREADS,
    &MEMORY_LIMIT_GB,
    &LOCAL_AI,
    &RUNTIME,
    &CONTAINER_HOST,
    &super::service_fields::GRAPHICS,
    &LISTEN,
    &PUBLIC_URL,
    &ALLOWED_HOSTS,
    &TRUSTED_PROXIES,
    &TLS,
    &TLS_CERTIFICATE,
    &TLS_KEY,
    &METRICS_TOKEN,
    &REQUEST_TIMEOUT,
    &KEY_REQUESTS,
    &PERSON_REQUESTS,
    &ADDRESS_REQUESTS,
    &ADDRESS_ATTEMPTS,
    &DATABASE_TYPE,
    &POOL_SIZE,
    &super::service_fields::IMAGE_POSTGRES,
    &super::service_fields::IMAGE_REDIS,
    &super::service_fields::POSTGRES_OWN,
    &POSTGRES_HOST,
    &POSTGRES_PORT,
    &POSTGRES_DB,
    &POSTGRES_USER,
    &POSTGRES_PASSWORD,
    &POSTGRES_SSLMODE,
    &CACHE_TYPE,
    &CACHE_MB,
    &CACHE_CONVERSATIONS,
    &REDIS_URL,
    &REDIS_PREFIX,
    &QDRANT_URL,
    &QDRANT_API_KEY,
    &CONNECT_TIMEOUT,
    &FIRST_TOKEN_TIMEOUT,
    &SILENCE_TIMEOUT,
    &MAX_CONCURRENT_TURNS,
    &TURN_LEASE,
    &MAX_CONCURRENT_JOBS,
    &ATTACHMENT_QUOTA,
    &super::voice_fields::VOICE,
    &super::voice_fields::VOICE_MODEL,
    &super::voice_fields::VOICE_SPEAKER,
    &super::voice_fields::VOICE_ESPEAK,
    &super::voice_fields::VOICE_IDLE,
    &CLEANUP_INTERVAL,
    &TEMP_FILE_AGE,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_ROTATE_SIZE,
    &LOG_KEEP,
    &MASTER_KEY_FILE,
];
