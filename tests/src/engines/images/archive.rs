//! An image as `docker save` writes it: one layer, its settings, and a manifest that names both.
//!
//! The same content gives the same bytes, whenever and wherever it is packed.

use super::root_filesystem::RootFilesystem;
use crate::built;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const EPOCH: &str = "1970-01-01T00:00:00Z";

/// The archive of an image of this name (without tag, which is always `1`) and these settings, in the
/// words of an image's `config`.
pub fn of(name: &str, root: &RootFilesystem, settings: &Value) -> anyhow::Result<PathBuf> {
    let folder = built::folder().join("test-images");
    std::fs::create_dir_all(&folder)?;
    let archive = folder.join(format!("{name}-{}.tar", &sum_of_parts(name, root, settings)?[..16]));
    if !archive.is_file() {
        let work = tempfile::Builder::new().prefix(".building-").tempdir_in(&folder)?;
        let built = build(work.path(), name, root, settings)?;
        // Two tests may build the same at once: either one is right.
        std::fs::rename(built, &archive)?;
    }
    Ok(archive)
}

fn build(work: &Path, name: &str, root: &RootFilesystem, settings: &Value) -> anyhow::Result<PathBuf> {
    let (content, packed) = (work.join("content"), work.join("packed"));
    std::fs::create_dir(&content)?;
    std::fs::set_permissions(&content, Permissions::from_mode(0o755))?;
    std::fs::create_dir(&packed)?;
    root.write(&content)?;
    let layer = packed.join("layer.tar");
    tar(&content, &layer)?;
    let layer_sum = sum_of_file(&layer)?;
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": EPOCH,
        "config": settings,
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer_sum}")] },
        "history": [{ "created": EPOCH, "created_by": "the tests of WhisperEngine" }],
    })
    .to_string();
    let config_name = format!("{}.json", sum(config.as_bytes())?);
    std::fs::write(packed.join(&config_name), config)?;
    let tag = format!("{}:1", full_name(name));
    let manifest = json!([{ "Config": config_name, "RepoTags": [tag], "Layers": ["layer.tar"] }]);
    std::fs::write(packed.join("manifest.json"), manifest.to_string())?;
    let archive = work.join("image.tar");
    tar(&packed, &archive)?;
    Ok(archive)
}

/// As it is called after `docker load`, without the tag.
pub fn full_name(name: &str) -> String {
    format!("whisperengine-test/{name}")
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Owners are the files' own: an image holds folders of the user it runs as. Names have no `./` in
/// front, as `docker save` writes them.
fn tar(folder: &Path, archive: &Path) -> anyhow::Result<()> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--mtime=@0", "--numeric-owner", "--format=gnu"]);
    tar.arg("--file").arg(archive).arg("--directory").arg(folder).args(names);
    let done = tar.output().context("tar could not be started")?;
    ensure!(done.status.success(), "tar: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Of the content of every file and all else that the image is made of.
fn sum_of_parts(name: &str, root: &RootFilesystem, settings: &Value) -> anyhow::Result<String> {
    let done = Command::new("sha256sum")
        .args(root.files.values())
        .output()
        .context("sha256sum could not be started")?;
    ensure!(done.status.success(), "sha256sum: {}", String::from_utf8_lossy(&done.stderr));
    let mut parts =
        format!("{name} {settings} {:?} {:?} {:?}", root.files, root.texts, root.folders).into_bytes();
    parts.extend(done.stdout);
    sum(&parts)
}

fn sum_of_file(file: &Path) -> anyhow::Result<String> {
    first_word(
        &Command::new("sha256sum").arg(file).output().context("sha256sum could not be started")?.stdout,
    )
}

fn sum(bytes: &[u8]) -> anyhow::Result<String> {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("sha256sum could not be started")?;
    child.stdin.take().context("its input is a pipe")?.write_all(bytes)?;
    first_word(&child.wait_with_output()?.stdout)
}

fn first_word(said: &[u8]) -> anyhow::Result<String> {
    let said = String::from_utf8_lossy(said);
    let word = said.split_whitespace().next().context("sha256sum said nothing")?;
    ensure!(word.len() == 64, "sha256sum said {said}");
    Ok(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_the_same_archive_and_other_content_another() -> anyhow::Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Ok(crate::skip::report("engines::images", "only root can give files to others")?);
        }
        let work = tempfile::tempdir()?;
        let mut root = RootFilesystem::with_user("somebody");
        root.programs(&["sh"])?;
        let settings = json!({ "Cmd": ["sh"] });
        let mut sums = Vec::new();
        for attempt in ["one", "two", "three"] {
            if attempt == "three" {
                root.text("/etc/motd", 0o644, "other");
            }
            let folder = work.path().join(attempt);
            std::fs::create_dir(&folder)?;
            sums.push(sum_of_file(&build(&folder, "same", &root, &settings)?)?);
        }
        assert_eq!(sums[0], sums[1]);
        assert_ne!(sums[1], sums[2]);
        assert_eq!(sum(b"")?, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        Ok(())
    }
}
