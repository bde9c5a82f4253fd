//! Redis, unless its mood is another: a story writes that into a file beside its settings.

use super::{archive, redis};
use std::path::{Path, PathBuf};

pub const NAME: &str = "whisperengine-test/moody:1";
/// In the folder that is `/run/secrets` inside.
const FILE: &str = "mood";

#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// It is Redis.
    Well,
    /// Sixty complaints, a line each, and it ends.
    Desperate,
    /// Takes all the memory it gets.
    Greedy,
}

const SERVER: &str = r#"#!/bin/sh
mood=well
if [ -e /run/secrets/mood ]; then mood=$(cat /run/secrets/mood); fi
case $mood in
desperate)
    n=1
    while [ $n -le 60 ]; do echo "complaint $n"; n=$((n + 1)); done
    exit 3
    ;;
greedy) exec tail /dev/zero ;;
esac
exec /usr/bin/redis-server "$@"
"#;

pub fn archive() -> anyhow::Result<PathBuf> {
    let mut root = redis::root()?;
    root.programs(&["tail"])?;
    root.text("/usr/local/bin/redis-server", 0o755, SERVER);
    archive::of("moody", &root, &redis::settings())
}

/// From its next start on.
pub fn decide(secrets: &Path, mood: Mood) -> std::io::Result<()> {
    let file = secrets.join(FILE);
    match mood {
        Mood::Well => std::fs::remove_file(file),
        Mood::Desperate => std::fs::write(file, "desperate"),
        Mood::Greedy => std::fs::write(file, "greedy"),
    }
}
