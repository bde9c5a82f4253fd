//! Where build output of the tests is, beside the program's.

use std::path::{Path, PathBuf};

/// `target` of the workspace.
pub fn folder() -> PathBuf {
    let workspace =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    workspace.join("target")
}
