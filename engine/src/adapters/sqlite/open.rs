//! Opens the one file: looks before it touches, then a writer and a few readers.
//!
//! In go a path and who may migrate, out comes a `Db` whose schema this program knows. Whatever is not
//! ours, not whole, not writable or not on a fit file system is named and left as it was: everything
//! up to the schema's version is learnt from the header and through a read-only connection.

use super::filesystem::unfit_under;
use super::snapshot::snapshot;
use super::writer::Writer;
use crate::adapters::sql::db::Db;
use crate::adapters::sql::failure::store_error;
use crate::adapters::sql::migrate::{Link, Migration, SchemaPolicy, check, migrate};
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, SqliteConnection};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// Marks the file as ours, at byte 68 of its header: `WHSP`.
pub const APPLICATION_ID: u32 = 0x5748_5350;

#[derive(Clone, Debug)]
pub struct SqliteSettings {
    pub file: PathBuf,
    /// Connections that read at the same time.
    pub readers: u32,
    /// How long another program may hold the file before it counts as locked.
    pub busy_timeout: Duration,
}

impl SqliteSettings {
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

/// `migrations` is the list this program knows, in order.
pub async fn open(
    settings: &SqliteSettings,
    policy: &SchemaPolicy,
    migrations: &[Migration],
    clock: &dyn Clock,
    tasks: &TaskTracker,
) -> Stored<Db> {
    let place = settings.file.display().to_string();
    prepare(settings, policy, migrations, clock, tasks).await.map_err(|error| error.at(&place))
}

async fn prepare(
    settings: &SqliteSettings,
    policy: &SchemaPolicy,
    migrations: &[Migration],
    clock: &dyn Clock,
    tasks: &TaskTracker,
) -> Stored<Db> {
    let found = look(&settings.file)?;
    match (&found, policy) {
        (Found::Nothing, SchemaPolicy::Require) => {
            let needed = migrations.last().map_or(0, |newest| newest.version);
            return Err(StoreError::TooOld { place: "the store".into(), found: 0, needed });
        }
        (Found::Nothing, SchemaPolicy::Migrate(_)) => create(&settings.file)?,
        (Found::Unfinished, _) => {}
        (Found::Ours, _) => {
            let mut link = Link::Sqlite(connect(settings, true).await?);
            let version = check(&mut link, policy, migrations).await;
            link.close().await?;
            version?;
        }
    }
    let mut connection = connect(settings, false).await?;
    if !matches!(found, Found::Ours) {
        // Before the switch to WAL, so that the header of the file itself always says whose it is.
        tell(&mut connection, &format!("PRAGMA application_id = {APPLICATION_ID}")).await?;
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(&mut connection)
        .await
        .map_err(store_error)?;
    if mode != "wal" {
        let reason = "this file system cannot hold the shared memory that the write-ahead log needs";
        return Err(StoreError::Refused { reason: reason.into() });
    }
    for pragma in [
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA cache_size = -4096",
    ] {
        tell(&mut connection, pragma).await?;
    }
    std::fs::set_permissions(&settings.file, Permissions::from_mode(0o600)).map_err(|e| file_error(&e))?;

    let mut link = Link::Sqlite(connection);
    let pending = check(&mut link, policy, migrations).await?;
    if let SchemaPolicy::Migrate(upgrade) = policy
        && !pending.is_empty()
    {
        if pending.has_data() {
            upgrade.tell_snapshot();
            let folder = upgrade.backups.clone().unwrap_or_else(|| beside(&settings.file));
            snapshot(&mut link, &folder, pending.target()).await?;
        }
        migrate(&mut link, &pending, upgrade, clock).await?;
    }
    let Link::Sqlite(connection) = link else {
        unreachable!("the link was made from a SQLite connection a few lines above")
    };
    let readers = SqlitePoolOptions::new()
        .max_connections(settings.readers)
        .idle_timeout(Duration::from_mins(1))
        .test_before_acquire(false)
        .connect_lazy_with(options(settings, true).pragma("cache_size", "-2048"));
    Ok(Db::Sqlite { readers, writer: Writer::start(connection, tasks) })
}

enum Found {
    Nothing,
    /// An empty file, or the very first write was cut: nothing was ever kept in it.
    Unfinished,
    Ours,
}

/// What lies at that path, without opening it as a database.
fn look(file: &Path) -> Stored<Found> {
    let folder = beside_file(file);
    if let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") {
        let existing =
            folder.ancestors().find_map(|f| f.canonicalize().ok()).unwrap_or_else(|| folder.clone());
        let real = file.canonicalize().unwrap_or(existing);
        if let Some(kind) = unfit_under(&mounts, &real) {
            let reason = format!(
                "it lies on a {kind} file system, where locks cannot be trusted: keep the data on a disk of \
                 this machine"
            );
            return Err(StoreError::Refused { reason });
        }
    }
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(file_error(&error)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(StoreError::Refused { reason: "it is not a plain file".into() });
        }
        Ok(_) => {}
    }
    for (place, what) in [(file, "the file"), (folder.as_path(), "its folder")] {
        rustix::fs::access(place, rustix::fs::Access::WRITE_OK)
            .map_err(|error| StoreError::ReadOnly { reason: format!("{what} cannot be written: {error}") })?;
    }
    let mut header = Vec::with_capacity(100);
    let opened = File::open(file).map_err(|error| file_error(&error))?;
    let size = opened.metadata().map_err(|error| file_error(&error))?.len();
    opened.take(100).read_to_end(&mut header).map_err(|error| file_error(&error))?;
    let journal = std::fs::metadata(journal_of(file)).is_ok_and(|journal| journal.len() > 0);
    if header.is_empty() {
        return Ok(Found::Unfinished);
    }
    owner_of(&header, size)?;
    Ok(if journal { Found::Unfinished } else { Found::Ours })
}

/// Reads the header as <https://www.sqlite.org/fileformat2.html> lays it out.
fn owner_of(header: &[u8], size: u64) -> Stored<()> {
    let corrupt = |reason: &str| Err(StoreError::Corrupt { reason: reason.into() });
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return corrupt("it is not a SQLite database, or its first page is damaged");
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    if page < 512 || !page.is_power_of_two() || header[18] > 2 || header[19] > 2 {
        return corrupt("its header is damaged");
    }
    if size < page {
        return corrupt("it is cut short");
    }
    let owner = u32::from_be_bytes([header[68], header[69], header[70], header[71]]);
    if owner != APPLICATION_ID {
        return Err(StoreError::Refused { reason: "it is a database of another program".into() });
    }
    Ok(())
}

fn create(file: &Path) -> Stored<()> {
    let folder = beside_file(file);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| file_error(&error))?;
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    made.map_err(|error| file_error(&error))?;
    // The new name itself must survive a power cut, or the first words written would go with it.
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| file_error(&error))
}

async fn connect(settings: &SqliteSettings, read_only: bool) -> Stored<SqliteConnection> {
    options(settings, read_only).connect().await.map_err(store_error)
}

fn options(settings: &SqliteSettings, read_only: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&settings.file)
        .create_if_missing(false)
        .read_only(read_only)
        .foreign_keys(true)
        .busy_timeout(settings.busy_timeout)
        // What SQLite sorts is somebody's words, too: it stays in memory.
        .pragma("temp_store", "MEMORY")
        .thread_name(|id| format!("sqlite-{id}"))
        .disable_statement_logging()
}

async fn tell(connection: &mut SqliteConnection, pragma: &str) -> Stored<()> {
    let said = sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(connection).await;
    said.map_err(store_error).map(|_| ())
}

fn beside_file(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn beside(file: &Path) -> PathBuf {
    beside_file(file).join("backups")
}

fn journal_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-journal");
    PathBuf::from(name)
}

pub(super) fn file_error(error: &std::io::Error) -> StoreError {
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => StoreError::ReadOnly { reason },
        _ => StoreError::Unavailable { reason, source: None },
    }
}
