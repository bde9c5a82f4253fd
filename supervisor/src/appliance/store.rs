//! The Store, as the configuration says: which one, where, and who may change its schema.

use super::services::Backing;
use crate::config::areas::{Database, Postgres, SslMode};
use crate::config::load::Config;
use engine::adapters::postgres::open::{PostgresAddress, PostgresSettings, PostgresTls};
use engine::adapters::sql::export::before::ExportBefore;
use engine::adapters::sql::migrate::{Progress, SchemaPolicy, Upgrade};
use engine::adapters::sql::store::StorePlace;
use engine::adapters::sqlite::open::SqliteSettings;
use engine::ports::clock::Clock;
use engine::ports::error::StoreError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A server that does not answer in that time does not answer.
const ACQUIRE: Duration = Duration::from_secs(5);

/// `ours`: what the box runs itself, and where its database answers, where it runs it.
pub fn place(config: &Config, ours: Option<(&Backing, SocketAddr)>) -> Result<StorePlace, StoreError> {
    Ok(match &config.database {
        Database::Sqlite { .. } => own_file(config),
        Database::Postgres(postgres) => StorePlace::Postgres(settings(postgres)),
        Database::Ours { .. } => {
            let Some((backing, at)) = ours else {
                let reason =
                    "the box's own PostgreSQL runs only while the box does: start it with `whisperengine up`";
                return Err(StoreError::Unavailable { reason: reason.into(), source: None });
            };
            own_database(config, backing, at)
        }
    })
}

/// In the data directory.
pub fn own_file(config: &Config) -> StorePlace {
    let settings = SqliteSettings::new(config.data_dir.database_file());
    StorePlace::Sqlite(SqliteSettings { readers: config.derived.pool_size.max(1), ..settings })
}

/// In a container, which answers there.
pub fn own_database(config: &Config, backing: &Backing, at: SocketAddr) -> StorePlace {
    StorePlace::Postgres(pooled(backing.postgres(at), config.derived.pool_size))
}

fn pooled(address: PostgresAddress, pool: u32) -> PostgresSettings {
    PostgresSettings { pool, acquire_timeout: ACQUIRE, ..PostgresSettings::new(address) }
}

fn settings(postgres: &Postgres) -> PostgresSettings {
    let address = PostgresAddress::Parts {
        host: postgres.host.clone(),
        port: postgres.port,
        database: postgres.database.clone(),
        user: postgres.user.clone(),
        password: postgres.password.as_ref().map_or_else(String::new, |secret| secret.expose().to_owned()),
        tls: match postgres.sslmode {
            SslMode::Disable => PostgresTls::Off,
            SslMode::Prefer => PostgresTls::Prefer,
            SslMode::Require => PostgresTls::Require,
            SslMode::VerifyCa => PostgresTls::VerifyCa,
            SslMode::VerifyFull => PostgresTls::VerifyFull,
        },
    };
    pooled(address, postgres.pool_size)
}

/// For whoever holds the data directory, and for `migrate`: brings the schema forward, with a snapshot first.
pub fn may_migrate(config: &Config, clock: &Arc<dyn Clock>) -> SchemaPolicy {
    let progress = |progress| match progress {
        Progress::Waiting => tracing::info!("waiting for another process that migrates the store"),
        Progress::Snapshot => tracing::info!("copying the store before its schema changes"),
        Progress::Applying { name, step, steps } => {
            tracing::info!("migrating the store, step {step} of {steps}: {name}");
        }
        Progress::Done => tracing::info!("the store is migrated"),
    };
    SchemaPolicy::Migrate(Upgrade {
        backups: Some(config.data_dir.backups()),
        snapshot: Some(Arc::new(ExportBefore {
            folder: config.data_dir.backups(),
            clock: Arc::clone(clock),
        })),
        progress: Some(Arc::new(progress)),
    })
}
