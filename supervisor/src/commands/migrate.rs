//! `migrate`: brings the Store's schema forward, for orchestrators whose engines never do.

use super::context::Context;
use crate::appliance::store;
use crate::config::areas::Database;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::logs::start::{self as logs, Terminal};
use crate::reach;
use engine::adapters::sql::store::SqlStore;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use engine::ports::store::StoreHealth;
use serde_json::json;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

pub async fn run(context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    Ok(migrate(&config, context).await?)
}

async fn migrate(config: &crate::config::load::Config, context: &Context) -> anyhow::Result<()> {
    // On PostgreSQL the migration locks the database itself; a SQLite file belongs to one process.
    let instance = match config.database {
        Database::Postgres(_) | Database::Ours { .. } => None,
        Database::Sqlite { .. } if reach::running(config).await?.is_some() => {
            let text = "the box that runs has brought its store forward already\n";
            return context.answer(text, &json!({ "migrated": true, "by": "the running box" }));
        }
        Database::Sqlite { .. } => {
            config.data_dir.create()?;
            Some(Instance::claim(&config.data_dir)?)
        }
    };
    if !context.global.json {
        logs::start(&config.log, None, Terminal::Shown)?;
    }
    let tasks = TaskTracker::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let policy = store::may_migrate(config, &clock);
    let store = SqlStore::open(&store::place(config, None)?, &policy, clock, &tasks).await?;
    let kind = store.kind();
    store.close().await;
    tasks.close();
    tasks.wait().await;
    drop(instance);
    context.answer(&format!("the {kind} store is up to date\n"), &json!({ "migrated": true, "store": kind }))
}
