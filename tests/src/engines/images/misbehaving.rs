//! A shell and little else: its command decides how it misbehaves.

use super::archive;
use super::root_filesystem::RootFilesystem;
use serde_json::json;
use std::path::PathBuf;

pub const NAME: &str = "whisperengine-test/misbehaving:1";

/// Commands to run it with.
pub const ENDS_AT_ONCE: [&str; 3] = ["sh", "-c", "echo the well is dry >&2; exit 1"];
pub const IS_NEVER_READY: [&str; 2] = ["sleep", "infinity"];
/// A line without an end is kept whole.
pub const EATS_MEMORY: [&str; 2] = ["tail", "/dev/zero"];
pub const IGNORES_SIGTERM: [&str; 3] = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"];

pub fn archive() -> anyhow::Result<PathBuf> {
    let mut root = RootFilesystem::with_user("somebody");
    root.programs(&["sh", "sleep", "tail", "cat", "true", "false"])?;
    let settings = json!({ "Env": ["PATH=/usr/bin"], "Cmd": ["sh"] });
    archive::of("misbehaving", &root, &settings)
}
