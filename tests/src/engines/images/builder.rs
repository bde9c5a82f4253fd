//! What the Containerfile builds on, for machines that reach no registry: a shell, and a `cargo` that puts the program
//! under test where cargo would put the one it builds.

use super::archive;
use super::root_filesystem::RootFilesystem;
use crate::speech;
use serde_json::json;
use std::path::{Path, PathBuf};

pub const NAME: &str = "whisperengine-test/builder:1";
/// Where that `cargo` looks for the program: a file of the context that no clone has.
pub const PREBUILT: &str = "prebuilt-program";

/// It is strict about what it is asked and about what it finds: a clean clone, whole.
const CARGO: &str = r#"#!/bin/sh
set -e
test "$*" = 'build --locked --package supervisor --profile dist' || { echo "cargo $*" >&2; exit 1; }
for file in Cargo.toml Cargo.lock .cargo/config.toml supervisor/Cargo.toml tests/Cargo.toml web/assets/en.ftl; do
    test -f "$file" || { echo "no $file" >&2; exit 1; }
done
for other in .git target compose/.env compose/secrets; do
    test ! -e "$other" || { echo "$other should have stayed outside" >&2; exit 1; }
done
mkdir -p target/dist
cp prebuilt-program target/dist/whisperengine
"#;

/// `program` is only asked what it needs to run.
pub fn archive(program: &Path) -> anyhow::Result<PathBuf> {
    let mut root = RootFilesystem::with_user("somebody");
    root.programs(&["sh", "mkdir", "cp"])?;
    root.libraries_of(program)?;
    root.copy(Path::new("/etc/ssl/certs/ca-certificates.crt"))?;
    root.programs(&["espeak-ng"])?;
    root.tree(&speech::data_of_espeak()?)?;
    root.text("/usr/bin/cargo", 0o755, CARGO);
    // That they are there is looked at; nothing is compiled.
    for compiler in ["g++", "cmake"] {
        root.text(&format!("/usr/bin/{compiler}"), 0o755, "#!/bin/sh\nexit 1\n");
    }
    archive::of("builder", &root, &json!({ "Env": ["PATH=/usr/bin"], "Cmd": ["sh"] }))
}
