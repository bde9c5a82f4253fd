//! The box's own image, made of this very program: what it needs to run and nothing else, on an empty ground. No network,
//! no base image, no compiler.
//!
//! Named by what is in it, so that the same program is never built twice and another one never passes for it.

use super::closure::{ClosureError, closure};
use super::espeak::{self, Espeak};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub const NAME: &str = "whisperengine";
pub const PROGRAM: &str = "usr/bin/whisperengine";
/// Where systems keep the authorities they trust.
const AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// By itself it is a whole box: `docker run -p 127.0.0.1:8080:8080 -v data:/data IMAGE`.
const AS_A_BOX: &str = include_str!("as-a-box.containerfile");
const AUTHORITIES_INSIDE: &str = "etc/ssl/certs/ca-certificates.crt";

#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    #[error(transparent)]
    Closure(#[from] ClosureError),
    #[error("the image's context cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What goes into the image, by its path inside.
#[derive(Debug)]
pub struct Recipe {
    files: BTreeMap<String, Source>,
    dockerfile: String,
    key: String,
}

#[derive(Debug)]
enum Source {
    File {
        path: PathBuf,
        mode: u32,
    },
    Text(&'static str),
    /// Empty, and anybody may write there.
    OpenFolder,
}

impl Recipe {
    /// Reads the whole program once, and with what it speaks. Blocks.
    pub fn of(program: &Path, mouth: Option<&Espeak>) -> Result<Self, OwnError> {
        let mut libraries = closure(program)?;
        let mut files = mouth.map(files_of).unwrap_or_default();
        libraries.extend(mouth.iter().flat_map(|mouth| mouth.libraries.iter().cloned()));
        files.insert(PROGRAM.to_owned(), Source::File { path: program.to_owned(), mode: 0o755 });
        for library in &libraries {
            files.insert(inside(library), Source::File { path: library.clone(), mode: 0o755 });
        }
        let authorities = AUTHORITIES.iter().map(Path::new).find(|path| path.is_file());
        if let Some(path) = authorities {
            files.insert(AUTHORITIES_INSIDE.to_owned(), Source::File { path: path.to_owned(), mode: 0o644 });
        }
        files.insert(
            "etc/passwd".to_owned(),
            Source::Text("root:x:0:0::/:\nwhisperengine:x:10001:10001::/:\n"),
        );
        files.insert("etc/group".to_owned(), Source::Text("root:x:0:\nwhisperengine:x:10001:\n"));
        // Podman gives a fresh folder in memory the rights of the one below it.
        files.insert("tmp".to_owned(), Source::OpenFolder);
        // Names of other containers are asked for as everywhere.
        files.insert("etc/nsswitch.conf".to_owned(), Source::Text("hosts: files dns\n"));
        let dockerfile = dockerfile(&libraries);
        let key = key(&files, &dockerfile)?;
        Ok(Self { files, dockerfile, key })
    }

    /// Name and tag. Another program has another one.
    pub fn reference(&self) -> String {
        format!("{NAME}:{}-{}", env!("CARGO_PKG_VERSION"), self.key)
    }

    /// Of all files together.
    pub fn bytes(&self) -> u64 {
        let size = |source: &Source| match source {
            Source::Text(text) => text.len() as u64,
            Source::OpenFolder => 0,
            Source::File { path, .. } => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
        };
        self.files.values().map(size).sum()
    }

    /// What that context holds, as a folder: for a build that has one of its own. Blocks.
    pub fn lay_out(&self, folder: &Path) -> Result<(), OwnError> {
        std::fs::create_dir_all(folder)?;
        let packed = folder.join(".context.tar");
        self.write(&packed)?;
        let mut archive = tar::Archive::new(File::open(&packed)?);
        // A folder that everybody may write to is one only with all of its rights.
        archive.set_preserve_permissions(true);
        archive.unpack(folder)?;
        Ok(std::fs::remove_file(packed)?)
    }

    /// The context of a build, as an archive: the same each time, whoever makes it and whenever. Blocks.
    pub fn write(&self, to: &Path) -> Result<(), OwnError> {
        let mut archive = tar::Builder::new(io::BufWriter::new(File::create(to)?));
        append_folder(&mut archive, "own/data", 0o700)?;
        append(&mut archive, "Dockerfile", self.dockerfile.len() as u64, 0o644, self.dockerfile.as_bytes())?;
        for (inside, source) in &self.files {
            let name = format!("root/{inside}");
            match source {
                Source::Text(text) => append(&mut archive, &name, text.len() as u64, 0o644, text.as_bytes())?,
                Source::OpenFolder => append_folder(&mut archive, &name, 0o1777)?,
                Source::File { path, mode } => {
                    let file = File::open(path)?;
                    let size = file.metadata()?.len();
                    append(&mut archive, &name, size, *mode, file)?;
                }
            }
        }
        archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(())
    }
}

/// A program beside ours, with what it knows where it looks for it.
fn files_of(mouth: &Espeak) -> BTreeMap<String, Source> {
    let file = |path: &PathBuf, mode| Source::File { path: path.clone(), mode };
    let mut files: BTreeMap<_, _> = mouth.data.iter().map(|path| (inside(path), file(path, 0o644))).collect();
    files.insert(espeak::PROGRAM.to_owned(), file(&mouth.program, 0o755));
    files.extend(mouth.licence.iter().map(|path| (espeak::LICENCE.to_owned(), file(path, 0o644))));
    files
}

fn inside(path: &Path) -> String {
    path.display().to_string().trim_start_matches('/').to_owned()
}

/// The folders of the libraries are named, since no cache of the loader comes along.
fn dockerfile(libraries: &std::collections::BTreeSet<PathBuf>) -> String {
    let mut folders: Vec<String> =
        libraries.iter().filter_map(|path| Some(path.parent()?.display().to_string())).collect();
    folders.sort();
    folders.dedup();
    let mut text = "FROM scratch\nCOPY root/ /\n".to_owned();
    if !folders.is_empty() {
        text.push_str(&format!("ENV LD_LIBRARY_PATH={}\n", folders.join(":")));
    }
    text.push_str(AS_A_BOX);
    text
}

fn key(files: &BTreeMap<String, Source>, dockerfile: &str) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(dockerfile);
    for (inside, source) in files {
        hash.update(inside.as_bytes());
        match source {
            Source::Text(text) => hash.update(text.as_bytes()),
            Source::OpenFolder => {}
            Source::File { path, .. } => {
                let (mut file, mut buffer) = (File::open(path)?, vec![0; 1 << 18]);
                loop {
                    match file.read(&mut buffer)? {
                        0 => break,
                        count => hash.update(&buffer[..count]),
                    }
                }
            }
        }
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn append<W: io::Write>(
    archive: &mut tar::Builder<W>,
    name: &str,
    size: u64,
    mode: u32,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content.take(size))
}

fn append_folder<W: io::Write>(archive: &mut tar::Builder<W>, name: &str, mode: u32) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, format!("{name}/"), io::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_holds_the_program_its_libraries_and_who_it_runs_as_and_is_the_same_each_time() {
        let program = Path::new("/bin/true");
        let temp = tempfile::tempdir().expect("a directory");
        let recipe = Recipe::of(program, None).expect("a program");
        let (one, other) = (temp.path().join("one"), temp.path().join("other"));
        recipe.write(&one).expect("written");
        Recipe::of(program, None).expect("a program").write(&other).expect("written");
        let bytes = std::fs::read(&one).expect("readable");
        assert_eq!(bytes, std::fs::read(&other).expect("readable"));

        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().expect("an archive");
        let names: Vec<String> = entries
            .map(|entry| entry.expect("whole").path().expect("a path").display().to_string())
            .collect();
        assert!(names.iter().any(|name| name == "Dockerfile"));
        let has = |what: &str| names.iter().any(|name| name.contains(what));
        assert!(
            has("root/usr/bin/whisperengine")
                && has("libc.so")
                && has("ld-linux")
                && has("root/etc/passwd")
                && has("root/tmp/")
        );
        assert!(recipe.dockerfile.starts_with("FROM scratch\n") && recipe.dockerfile.contains("USER 10001"));
    }

    /// Of `ARG NAME=value`, and of `channel = "value"`.
    fn value(text: &str, name: &str) -> String {
        let line = text.lines().find(|line| line.contains(name)).expect("it is said");
        line.rsplit(['=', ' ']).next().expect("a value").trim_matches('"').to_owned()
    }

    #[test]
    fn the_image_of_a_clone_is_the_image_that_the_box_makes_of_itself() {
        let ours = include_str!("../../../Containerfile");
        let (_, end) = ours.split_once("/image/own/ /\n").expect("it copies what is the box's own");
        let (_, own) = AS_A_BOX.split_once("own/ /\n").expect("so does the other");
        assert_eq!(end, own);
        let toolchain = include_str!("../../../rust-toolchain.toml");
        assert_eq!(value(ours, "ARG RUST"), value(toolchain, "channel"));
    }

    #[test]
    fn what_is_laid_out_is_what_the_context_holds() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().expect("a directory");
        let folder = temp.path().join("image");
        Recipe::of(Path::new("/bin/true"), None).expect("a program").lay_out(&folder).expect("written");
        let mode = |path: &str| {
            std::fs::metadata(folder.join(path)).expect("it is there").permissions().mode() & 0o7777
        };
        assert_eq!(mode("root/usr/bin/whisperengine"), 0o755);
        assert_eq!(mode("root/tmp"), 0o1777);
        assert_eq!(mode("own/data"), 0o700);
        assert_eq!(mode("Dockerfile"), 0o644);
        assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 3, "and nothing else");
    }

    #[test]
    fn with_a_mouth_it_holds_all_that_speaks_and_is_another_one() {
        let (temp, path) = (tempfile::tempdir().expect("a directory"), std::env::var_os("PATH"));
        let mouth = Espeak::find(None, path.as_deref()).expect("eSpeak NG is here");
        let program = Path::new("/bin/true");
        let recipe = Recipe::of(program, Some(&mouth)).expect("a program");
        assert_ne!(recipe.reference(), Recipe::of(program, None).expect("a program").reference());
        let folder = temp.path().join("image");
        recipe.lay_out(&folder).expect("written");
        let speaks = folder.join("root").join(espeak::PROGRAM);
        // It finds its data where it looks for them, which is the same place on both sides.
        assert!(speaks.is_file() && folder.join("root").join(inside(&mouth.data[0])).is_file());
        assert_eq!(mouth.licence.is_some(), folder.join("root").join(espeak::LICENCE).is_file());
    }

    #[test]
    fn another_program_has_another_name() {
        let reference = |path: &str| Recipe::of(Path::new(path), None).expect("a program").reference();
        assert_eq!(reference("/bin/true"), reference("/bin/true"));
        assert_ne!(reference("/bin/true"), reference("/bin/false"));
        assert!(reference("/bin/true").starts_with("whisperengine:"));
    }
}
