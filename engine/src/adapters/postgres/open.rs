//! Opens a pool of connections to one PostgreSQL database.
//!
//! In go an address and who may migrate, out comes a `Db` whose schema this program knows. It does not
//! create databases, roles or schemas: those are the operator's, or the supervisor's.

use crate::adapters::sql::db::Db;
use crate::adapters::sql::failure::store_error;
use crate::adapters::sql::migrate::{Link, Migration, SchemaPolicy, alone, check, migrate};
use crate::adapters::sql::query::sql;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Executor, PgPool};
use std::fmt;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct PostgresSettings {
    pub address: PostgresAddress,
    /// Connections at most.
    pub pool: u32,
    /// How long a caller waits for a connection, new or free.
    pub acquire_timeout: Duration,
    /// How long one statement may take; migrations are not bound by it.
    pub statement_timeout: Duration,
    /// How long to wait for another process that migrates.
    pub migration_wait: Duration,
}

impl PostgresSettings {
    pub fn new(address: PostgresAddress) -> Self {
        Self {
            address,
            pool: 10,
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
            migration_wait: Duration::from_mins(2),
        }
    }
}

#[derive(Clone)]
pub enum PostgresAddress {
    Parts {
        host: String,
        port: u16,
        database: String,
        user: String,
        password: String,
        tls: PostgresTls,
    },
    /// `postgres://user:password@host:port/database`.
    Url(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostgresTls {
    Off,
    /// Where the server offers it, without looking at its certificate.
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Without the password.
impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.options() {
            Ok(options) => f.write_str(&named(&options)),
            Err(_) => f.write_str("an unreadable address"),
        }
    }
}

impl PostgresAddress {
    fn options(&self) -> Stored<PgConnectOptions> {
        let options = match self {
            Self::Parts { host, port, database, user, password, tls } => {
                PgConnectOptions::new_without_pgpass()
                    .host(host)
                    .port(*port)
                    .database(database)
                    .username(user)
                    .password(password)
                    .ssl_mode(match tls {
                        PostgresTls::Off => PgSslMode::Disable,
                        PostgresTls::Prefer => PgSslMode::Prefer,
                        PostgresTls::Require => PgSslMode::Require,
                        PostgresTls::VerifyCa => PgSslMode::VerifyCa,
                        PostgresTls::VerifyFull => PgSslMode::VerifyFull,
                    })
            }
            Self::Url(url) => url.parse().map_err(|_| StoreError::Refused {
                // The parser's own words may hold the password.
                reason: "the address of the PostgreSQL server cannot be read".into(),
            })?,
        };
        Ok(options.application_name("whisperengine").disable_statement_logging())
    }
}

/// `migrations` is the list this program knows, in order.
pub async fn open(
    settings: &PostgresSettings,
    policy: &SchemaPolicy,
    migrations: &[Migration],
    clock: &dyn Clock,
) -> Stored<Db> {
    let options = settings.address.options()?;
    let place = named(&options);
    prepare(settings, options, policy, migrations, clock).await.map_err(|error| error.at(&place))
}

async fn prepare(
    settings: &PostgresSettings,
    options: PgConnectOptions,
    policy: &SchemaPolicy,
    migrations: &[Migration],
    clock: &dyn Clock,
) -> Stored<Db> {
    let pool = pool(settings, options.clone());
    let connected = pool.acquire().await.map_err(store_error)?;
    let mut link = Link::Postgres(connected.detach());
    refuse_other_encodings(&mut link).await?;
    let pending = check(&mut link, policy, migrations).await?;
    let db = Db::Postgres(pool);
    if let SchemaPolicy::Migrate(upgrade) = policy
        && !pending.is_empty()
    {
        link.run(sql("SET statement_timeout = 0")).await?;
        alone(&mut link, settings.migration_wait, upgrade).await?;
        // Whoever held the lock before us may have done the work.
        let pending = check(&mut link, policy, migrations).await?;
        if pending.has_data()
            && !pending.is_empty()
            && let Some(snapshot) = &upgrade.snapshot
        {
            upgrade.tell_snapshot();
            snapshot.take(&db, pending.found(), pending.target()).await?;
        }
        migrate(&mut link, &pending, upgrade, clock).await?;
    }
    // Closing this connection also lets go of the migration lock.
    link.close().await?;
    Ok(db)
}

fn pool(settings: &PostgresSettings, options: PgConnectOptions) -> PgPool {
    let limit_ms = settings.statement_timeout.as_millis();
    PgPoolOptions::new()
        .max_connections(settings.pool)
        .acquire_timeout(settings.acquire_timeout)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // Not as start-up options: connection poolers refuse those.
                let wishes = format!(
                    "SET synchronous_commit = on; SET statement_timeout = {limit_ms}; \
                     SET idle_in_transaction_session_timeout = 60000"
                );
                connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(wishes))).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// Words of every language must fit, and be compared as characters.
async fn refuse_other_encodings(link: &mut Link) -> Stored<()> {
    let row = link.one(sql("SELECT current_setting('server_encoding') AS encoding")).await?;
    let encoding: String = match row {
        Some(row) => row.get("encoding")?,
        None => String::new(),
    };
    if encoding == "UTF8" {
        return Ok(());
    }
    let reason = format!("its encoding is {encoding}: create the database with ENCODING 'UTF8'");
    Err(StoreError::Refused { reason })
}

fn named(options: &PgConnectOptions) -> String {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    format!("PostgreSQL at {place}, database {}", options.get_database().unwrap_or("(the user's own)"))
}
