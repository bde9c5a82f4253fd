//! What lies in an image: programs of this machine with the libraries they need, and a few texts.

use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whom the official images of databases run as.
pub const DATABASE_USER: u32 = 999;

/// Kept sorted, so that the same content always gives the same archive.
#[derive(Default)]
pub struct RootFilesystem {
    /// Path in the image, and where on this machine its content comes from.
    pub files: BTreeMap<PathBuf, PathBuf>,
    /// Path, mode and content.
    pub texts: BTreeMap<PathBuf, (u32, String)>,
    /// Path, mode and owner.
    pub folders: BTreeMap<PathBuf, (u32, u32)>,
}

impl RootFilesystem {
    /// Only `/tmp`, root and one user of a database.
    pub fn with_user(name: &str) -> Self {
        let mut root = Self::default();
        let id = DATABASE_USER;
        root.folder("/tmp", 0o1777, 0);
        root.text("/etc/passwd", 0o644, &format!("root:x:0:0::/:/bin/sh\n{name}:x:{id}:{id}::/:/bin/sh\n"));
        root.text("/etc/group", 0o644, &format!("root:x:0:\n{name}:x:{id}:\n"));
        root.text("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n");
        root
    }

    /// Programs by name, as `PATH` finds them, each with its libraries.
    pub fn programs(&mut self, names: &[&str]) -> anyhow::Result<()> {
        let path = std::env::var_os("PATH").context("there is no PATH")?;
        for name in names {
            let found =
                std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
            let found = found.with_context(|| format!("there is no {name} on this machine"))?;
            self.files.insert(Path::new("/usr/bin").join(name), found.canonicalize()?);
            self.libraries_of(&found)?;
        }
        Ok(())
    }

    /// A program or library that has to stay where it is.
    pub fn in_its_place(&mut self, file: &Path) -> anyhow::Result<()> {
        self.copy(file)?;
        self.libraries_of(file)
    }

    /// All files below a folder, where they are.
    pub fn tree(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("there is no {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                self.tree(&path)?;
            } else if path.exists() {
                // A link may lead to what another package would bring.
                self.copy(&path)?;
            }
        }
        Ok(())
    }

    pub fn copy(&mut self, file: &Path) -> anyhow::Result<()> {
        // `/lib` may be a link to `/usr/lib`; the file itself may be a link and is followed.
        let folder = file.parent().context("a file lies in a folder")?.canonicalize()?;
        let name = file.file_name().context("a file has a name")?;
        self.files.insert(folder.join(name), file.canonicalize()?);
        Ok(())
    }

    pub fn text(&mut self, path: &str, mode: u32, content: &str) {
        self.texts.insert(path.into(), (mode, content.to_owned()));
    }

    pub fn folder(&mut self, path: &str, mode: u32, owner: u32) {
        self.folders.insert(path.into(), (mode, owner));
    }

    pub fn libraries_of(&mut self, program: &Path) -> anyhow::Result<()> {
        let listed = Command::new("ldd").arg(program).output().context("ldd could not be started")?;
        ensure!(listed.status.success(), "ldd {}: {:?}", program.display(), listed);
        let listed = String::from_utf8(listed.stdout)?;
        // `name => /path (address)`, or `/path (address)` of the loader itself.
        for library in listed.split_whitespace().filter(|word| word.starts_with('/')) {
            self.copy(Path::new(library))?;
        }
        Ok(())
    }

    /// Writes it all below `folder`. Only root can give files to others.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let inside = |path: &Path| folder.join(path.strip_prefix("/").unwrap_or(path));
        for name in ["bin", "sbin", "lib", "lib64"] {
            make_folders(folder, &folder.join("usr").join(name))?;
            symlink(Path::new("usr").join(name), folder.join(name))?;
        }
        for (path, (mode, owner)) in &self.folders {
            make_folders(folder, &inside(path))?;
            chown(inside(path), Some(*owner), Some(*owner))?;
            std::fs::set_permissions(inside(path), Permissions::from_mode(*mode))?;
        }
        for (path, source) in &self.files {
            make_folders(folder, inside(path).parent().unwrap_or(folder))?;
            std::fs::copy(source, inside(path))
                .with_context(|| format!("{} cannot be read", source.display()))?;
        }
        for (path, (mode, content)) in &self.texts {
            make_folders(folder, inside(path).parent().unwrap_or(folder))?;
            std::fs::write(inside(path), content)?;
            std::fs::set_permissions(inside(path), Permissions::from_mode(*mode))?;
        }
        Ok(())
    }
}

/// Whatever the umask is, everybody may enter.
fn make_folders(root: &Path, folder: &Path) -> anyhow::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| parent.starts_with(root)) {
        make_folders(root, parent)?;
    }
    std::fs::create_dir(folder)?;
    Ok(std::fs::set_permissions(folder, Permissions::from_mode(0o755))?)
}
