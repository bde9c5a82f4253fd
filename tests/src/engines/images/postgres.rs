//! PostgreSQL, with the entry point behaviour of the official image.

use super::archive;
use super::root_filesystem::{DATABASE_USER, RootFilesystem};
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const NAME: &str = "whisperengine-test/postgres:1";

/// On an empty folder it makes the cluster, with the password from a file or a variable, and the
/// database. As root it first gives the folder to the user it then runs as.
const ENTRY_POINT: &str = r#"#!/bin/sh
set -e
case $1 in
'' | -*) set -- postgres "$@" ;;
esac
if [ "$1" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    if [ -n "$POSTGRES_PASSWORD_FILE" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
    if [ -z "$POSTGRES_PASSWORD" ]; then
        echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
        exit 1
    fi
    mkdir -p "$PGDATA"
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password)
    initdb --pgdata="$PGDATA" --username="$user" --pwfile=/tmp/password --auth-local=trust \
        --auth-host=scram-sha-256 --encoding=UTF8 --no-locale
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    if [ "$database" != postgres ]; then
        echo "CREATE DATABASE \"$database\"" | postgres --single -j -D "$PGDATA" postgres
    fi
    echo 'PostgreSQL init process complete; ready for start up.'
fi
unset POSTGRES_PASSWORD
exec "$@"
"#;

/// Also holds `psql`, `pg_isready`, `pg_dump` and `pg_restore`, as the official one does.
pub fn archive() -> anyhow::Result<PathBuf> {
    let mut root = RootFilesystem::with_user("postgres");
    let programs = ["sh", "id", "mkdir", "chown", "chmod", "cat", "rm", "setpriv", "sleep", "timeout", "ls"];
    root.programs(&programs)?;
    let (programs, libraries, shared) = (place("--bindir")?, place("--pkglibdir")?, place("--sharedir")?);
    for program in ["postgres", "initdb", "psql", "pg_isready", "pg_dump", "pg_restore"] {
        root.in_its_place(&programs.join(program))?;
    }
    // What initdb loads: the procedural language and the dictionaries of full text search.
    for library in ["plpgsql.so", "dict_snowball.so"] {
        root.in_its_place(&libraries.join(library))?;
    }
    for entry in std::fs::read_dir(&shared)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.as_str() {
            "timezonesets" | "tsearch_data" => root.tree(&path)?,
            // Manuals and other extensions.
            _ if path.is_dir() => {}
            _ => root.copy(&path)?,
        }
    }
    // Debian's server reads time zones where the system keeps them.
    root.copy(Path::new("/usr/share/zoneinfo/UTC"))?;
    for file in ["plpgsql.control", "plpgsql--1.0.sql"] {
        root.copy(&shared.join("extension").join(file))?;
    }
    root.copy(Path::new("/usr/share/zoneinfo/Etc/UTC"))?;
    root.folder("/var/lib/postgresql/data", 0o700, DATABASE_USER);
    root.folder("/var/run/postgresql", 0o775, DATABASE_USER);
    root.text("/usr/local/bin/docker-entrypoint.sh", 0o755, ENTRY_POINT);
    let path = format!("PATH=/usr/local/bin:{}:/usr/bin", programs.display());
    let settings = json!({
        "Env": [path, "PGDATA=/var/lib/postgresql/data", "TZ=Etc/UTC"],
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
        "StopSignal": "SIGINT",
        "Volumes": { "/var/lib/postgresql/data": {} },
        "ExposedPorts": { "5432/tcp": {} },
    });
    archive::of("postgres", &root, &settings)
}

/// Where this machine's PostgreSQL lies. It finds its parts by where it is itself.
fn place(what: &str) -> anyhow::Result<PathBuf> {
    let said = Command::new(newest()?.join("bin/pg_config")).arg(what).output();
    let said = said.context("pg_config could not be started")?;
    ensure!(said.status.success(), "pg_config {what}: {said:?}");
    Ok(PathBuf::from(String::from_utf8(said.stdout)?.trim()))
}

fn newest() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("no PostgreSQL of Debian is here")?;
    let versions = versions.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions.into_iter().max_by_key(number).context("no PostgreSQL of Debian is here")
}
