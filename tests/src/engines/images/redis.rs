//! Redis, with the entry point behaviour of the official image.

use super::archive;
use super::root_filesystem::{DATABASE_USER, RootFilesystem};
use serde_json::{Value, json};
use std::path::PathBuf;

pub const NAME: &str = "whisperengine-test/redis:1";

/// A configuration file or an option as the first word means the server. As root it gives `/data`
/// to the user it then runs as.
const ENTRY_POINT: &str = r#"#!/bin/sh
set -e
case $1 in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    chown -R redis:redis .
    exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
if [ "$(umask)" = 0022 ]; then umask 0077; fi
exec "$@"
"#;

/// Also holds `redis-cli` and `timeout`, with which a story asks from inside.
pub fn archive() -> anyhow::Result<PathBuf> {
    archive::of("redis", &root()?, &settings())
}

pub(super) fn root() -> anyhow::Result<RootFilesystem> {
    let mut root = RootFilesystem::with_user("redis");
    root.programs(&["redis-server", "redis-cli", "sh", "id", "chown", "setpriv", "cat", "sleep", "timeout"])?;
    root.programs(&["ls", "mkdir", "rm", "getent"])?;
    root.folder("/data", 0o755, DATABASE_USER);
    root.text("/usr/local/bin/docker-entrypoint.sh", 0o755, ENTRY_POINT);
    Ok(root)
}

pub(super) fn settings() -> Value {
    json!({
        "Env": ["PATH=/usr/local/bin:/usr/bin"],
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["redis-server"],
        "WorkingDir": "/data",
        "Volumes": { "/data": {} },
        "ExposedPorts": { "6379/tcp": {} },
    })
}
