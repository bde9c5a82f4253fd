//! Voices of Piper's shape: `tests/fixtures/README.md` tells which, and how they came to be.

use std::path::{Path, PathBuf};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/piper");

/// One whose phonemes are tones, as a file of this name with its description beside it.
pub fn tones(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    copied("tones", folder, name)
}

/// One that two speak with.
pub fn duo(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    copied("duo", folder, name)
}

/// One that asks for so much memory that whoever runs it ends.
pub fn bomb(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = tones(folder, name)?;
    let mut bytes = std::fs::read(&path)?;
    // How many samples a phoneme has.
    let length = 1323_f32.to_le_bytes();
    let at = bytes.windows(4).position(|four| four == length);
    let at = at.ok_or_else(|| anyhow::anyhow!("the voice of tones is another"))?;
    bytes[at..at + 4].copy_from_slice(&1e11_f32.to_le_bytes());
    std::fs::write(&path, bytes)?;
    Ok(path)
}

fn copied(fixture: &str, folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    for ending in ["onnx", "onnx.json"] {
        std::fs::copy(format!("{FIXTURES}/{fixture}.{ending}"), folder.join(format!("{name}.{ending}")))?;
    }
    Ok(folder.join(format!("{name}.onnx")))
}
