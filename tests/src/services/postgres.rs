//! A PostgreSQL database of one test's own, made before it and dropped after it.
//!
//! It goes through `psql`: the harness speaks no SQL protocol itself, and a story looks at the
//! program from outside.

use crate::process::Home;
use anyhow::{Context, ensure};
use std::process::Command;
use uuid::Uuid;

pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty database on the server that `WHISPERENGINE_TEST_POSTGRES_URL` names.
    pub fn create() -> anyhow::Result<Self> {
        let server = std::env::var("WHISPERENGINE_TEST_POSTGRES_URL")
            .context("WHISPERENGINE_TEST_POSTGRES_URL names no server: run the suite with scripts/test")?;
        let name = format!("test_{}", Uuid::new_v4().simple());
        psql(&server, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { server, name })
    }

    /// What the program is given.
    pub fn url(&self) -> String {
        let (server, _database) = self.server.rsplit_once('/').unwrap_or((&self.server, ""));
        format!("{server}/{}", self.name)
    }

    /// Makes it the database of every process that is started in `home` from now on.
    pub fn enter(&self, home: &mut Home) -> anyhow::Result<()> {
        let server =
            self.server.strip_prefix("postgres://").context("the server's URL is not postgres://…")?;
        let (user, place) = server.split_once('@').context("the server's URL names no role")?;
        let (role, password) = user.split_once(':').unwrap_or((user, ""));
        let (place, _database) = place.split_once('/').unwrap_or((place, ""));
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "5432"));
        for (name, value) in [
            ("WHISPERENGINE_DATABASE_TYPE", "postgres"),
            ("POSTGRES_HOST", host),
            ("POSTGRES_PORT", port),
            ("POSTGRES_DB", &self.name),
            ("POSTGRES_USER", role),
            ("POSTGRES_PASSWORD", password),
        ] {
            home.set(name, value);
        }
        Ok(())
    }

    /// One statement from outside; what it answered, unaligned.
    pub fn ask(&self, statement: &str) -> anyhow::Result<String> {
        psql(&self.url(), statement)
    }

    /// Cuts every connection to this database, as a restart of the server would.
    pub fn cut_connections(&self) -> anyhow::Result<()> {
        let statement =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        psql(&self.server, &statement).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = psql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("a test database stayed behind: {error:#}");
        }
    }
}

/// One statement; what it answered, unaligned.
fn psql(url: &str, statement: &str) -> anyhow::Result<String> {
    let done = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url])
        .output()
        .context("psql could not be started")?;
    ensure!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_there_while_the_test_runs_and_gone_after_it() -> anyhow::Result<()> {
        let database = Database::create()?;
        let (server, url) = (database.server.clone(), database.url());
        assert_eq!(psql(&url, "SELECT current_database()")?, database.name);
        drop(database);
        let gone = psql(&url, "SELECT 1").expect_err("it was dropped");
        assert!(gone.to_string().contains("does not exist"), "{gone}");
        assert_eq!(psql(&server, "SELECT 1")?, "1");
        Ok(())
    }

    #[test]
    fn acknowledged_means_on_disk() -> anyhow::Result<()> {
        let database = Database::create()?;
        assert_eq!(psql(&database.url(), "SHOW fsync")?, "on");
        assert_eq!(psql(&database.url(), "SHOW synchronous_commit")?, "on");
        Ok(())
    }
}
