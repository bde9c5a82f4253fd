//! Speech, and a recogniser that knows 72 words: `tests/fixtures/README.md` tells which, and how it came to be.

use crate::process::{Finished, Home};
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/stt/stt-test-q8.bin.gz");
/// A command of a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// As a wav file.
pub fn spoken(words: &str) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new("espeak-ng");
    command.args(["-v", "en-us", "--stdout", "--", words]).stderr(Stdio::null());
    let made = command.output().context("eSpeak NG is needed; `scripts/install-deps test` installs it")?;
    ensure!(made.status.success() && made.stdout.len() > 1000, "eSpeak NG said nothing");
    Ok(made.stdout)
}

/// Where eSpeak NG keeps what it knows.
pub fn data_of_espeak() -> anyhow::Result<PathBuf> {
    let said = Command::new("espeak-ng").arg("--version").output().context("eSpeak NG is needed")?;
    let said = String::from_utf8(said.stdout)?;
    let (_, place) = said.split_once("Data at: ").context("eSpeak NG does not say where its data lie")?;
    Ok(PathBuf::from(place.trim()))
}

/// The recogniser as a file.
pub fn recogniser(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("words.ggml");
    let file = std::fs::File::create(&path)?;
    ensure!(
        Command::new("gzip").args(["-dc", FIXTURE]).stdout(file).status()?.success(),
        "it cannot be unpacked"
    );
    Ok(path)
}

/// One that ends every process that loads it.
pub fn poison(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut bytes = std::fs::read(recogniser(folder)?)?;
    // The kind of its numbers: there is none of that name.
    bytes[44..48].copy_from_slice(&i32::MAX.to_le_bytes());
    let path = folder.join("poison.ggml");
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// As somebody at the terminal does it, under this name.
pub async fn add_recogniser(home: &Home, name: &str) -> anyhow::Result<()> {
    let file = recogniser(home.path())?.display().to_string();
    let Finished { status, stderr, .. } = home.run(&["model", "add", &file, "--name", name], SOON).await?;
    ensure!(status.success(), "{stderr}");
    Ok(())
}
