//! A numbered Redis database of one test's own, empty before it and emptied after it.
//!
//! The server hands out the numbers, so tests that run at the same time never share one. News
//! (`PUBLISH`) crosses numbers: topics are told apart by the ids in their names.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// As `scripts/test` starts the server: `--databases 1024`. Number 0 holds the count.
const DATABASES: u64 = 1024;
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Database {
    server: String,
    number: u64,
}

impl Database {
    /// An empty database on the server that `WHISPERENGINE_TEST_REDIS_URL` names.
    pub fn claim() -> anyhow::Result<Self> {
        let server = std::env::var("WHISPERENGINE_TEST_REDIS_URL")
            .context("WHISPERENGINE_TEST_REDIS_URL names no server: run the suite with scripts/test")?;
        let server = server.trim_end_matches('/').to_owned();
        let [claimed] = ask(&server, ["INCR claimed"])?;
        let claimed: u64 = claimed.trim_start_matches(':').parse().context("INCR answered no number")?;
        let database = Self { server, number: 1 + (claimed - 1) % (DATABASES - 1) };
        database.empty()?;
        Ok(database)
    }

    /// What the program is given.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.number)
    }

    fn empty(&self) -> anyhow::Result<()> {
        ask(&self.server, [&format!("SELECT {}", self.number), "FLUSHDB"]).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.empty() {
            eprintln!("a test database stayed behind: {error:#}");
        }
    }
}

/// Inline commands over one connection, and the first line of each answer.
fn ask<const N: usize>(server: &str, commands: [&str; N]) -> anyhow::Result<[String; N]> {
    let address = server.strip_prefix("redis://").context("the server's URL is not redis://host:port")?;
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_ref().set_read_timeout(Some(PATIENCE))?;
    let mut answers = [const { String::new() }; N];
    for (command, answer) in commands.iter().zip(&mut answers) {
        stream.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        stream.read_line(answer)?;
        answer.truncate(answer.trim_end().len());
        if answer.is_empty() || answer.starts_with('-') {
            bail!("redis answered {answer:?} to {command}");
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tests_never_share_a_database_and_each_is_left_empty() -> anyhow::Result<()> {
        let (one, other) = (Database::claim()?, Database::claim()?);
        assert_ne!(one.number, other.number);
        let (server, select) = (one.server.clone(), format!("SELECT {}", one.number));
        assert_eq!(ask(&server, [&select, "SET key value", "DBSIZE"])?[2], ":1");
        drop(one);
        assert_eq!(ask(&server, [&select, "DBSIZE"])?[1], ":0");
        Ok(())
    }
}
