//! eSpeak NG as this machine has it: the program, what it needs to run, what it knows of languages, and its licence. It is a
//! program of its own under the GPL, and comes along as one.
//!
//! Where there is none, or it does not say where its data lie, there is an image all the same: what is made of it has no
//! mouth and says so.

use super::closure::closure;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "espeak-ng";
/// Where the image has it.
pub const PROGRAM: &str = "usr/bin/espeak-ng";
/// Where distributions lay down whose it is.
const LICENCES: [&str; 2] = ["/usr/share/doc/espeak-ng/copyright", "/usr/share/licenses/espeak-ng/COPYING"];
pub const LICENCE: &str = "usr/share/doc/espeak-ng/copyright";
/// Its data are about five hundred files; a folder with many more is something else.
const MOST_FILES: usize = 5_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Espeak {
    pub program: PathBuf,
    pub libraries: BTreeSet<PathBuf>,
    /// Absolute: the program looks for them there, wherever it is itself.
    pub data: Vec<PathBuf>,
    pub licence: Option<PathBuf>,
}

impl Espeak {
    /// The one that was named, or the first on the search path. Blocks.
    pub fn find(named: Option<&Path>, path: Option<&OsStr>) -> Option<Self> {
        let folders = path.map(std::env::split_paths).into_iter().flatten();
        let program = named.map(Path::to_owned).or_else(|| {
            folders.map(|folder| folder.join(NAME)).find(|program| program.is_absolute() && program.is_file())
        })?;
        match Self::of(&program) {
            Ok(found) => Some(found),
            Err(why) => {
                tracing::warn!(error = why, "the box's own image is made without eSpeak NG");
                None
            }
        }
    }

    fn of(program: &Path) -> Result<Self, String> {
        let program = program.canonicalize().map_err(|error| error.to_string())?;
        let asked = Command::new(&program).arg("--version").env_clear().output();
        let said = asked.map_err(|error| error.to_string())?;
        let folder = data_folder(&String::from_utf8_lossy(&said.stdout));
        let folder =
            folder.ok_or_else(|| format!("{} does not say where its data lie", program.display()))?;
        let mut data = Vec::new();
        files_below(&folder, &mut data).map_err(|error| format!("{}: {error}", folder.display()))?;
        if data.is_empty() || data.len() > MOST_FILES {
            return Err(format!("{} has {} files", folder.display(), data.len()));
        }
        data.sort();
        let licence = LICENCES.iter().map(PathBuf::from).find(|path| path.is_file());
        let libraries = closure(&program).map_err(|error| error.to_string())?;
        Ok(Self { program, libraries, data, licence })
    }
}

/// `eSpeak NG text-to-speech: 1.51  Data at: /usr/lib/x86_64-linux-gnu/espeak-ng-data`
fn data_folder(said: &str) -> Option<PathBuf> {
    let (_, place) = said.lines().next()?.split_once("Data at: ")?;
    Some(PathBuf::from(place.trim())).filter(|folder| folder.is_absolute() && folder.is_dir())
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // Links to files are files; links to folders could lead anywhere.
        if std::fs::symlink_metadata(&path)?.is_dir() {
            files_below(&path, found)?;
        } else if path.is_file() {
            found.push(path);
        }
        if found.len() > MOST_FILES {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_with_its_data_and_all_it_needs() {
        let path = std::env::var_os("PATH");
        let found = Espeak::find(None, path.as_deref()).expect("eSpeak NG is here");
        assert!(found.data.iter().any(|file| file.ends_with("phontab")), "{:?}", found.data);
        assert!(found.data.iter().any(|file| file.ends_with("en_dict")));
        let needs = |name: &str| found.libraries.iter().any(|path| path.display().to_string().contains(name));
        assert!(needs("libespeak-ng.so") && needs("libc.so") && needs("ld-linux"), "{:?}", found.libraries);
        assert_eq!(Espeak::find(Some(&found.program), None), Some(found));
    }

    #[test]
    fn what_is_not_there_or_is_something_else_is_none() {
        let temp = tempfile::tempdir().expect("a folder");
        assert_eq!(Espeak::find(None, Some(temp.path().as_os_str())), None);
        assert_eq!(Espeak::find(None, None), None);
        assert_eq!(Espeak::find(Some(Path::new("/bin/true")), None), None);
        assert_eq!(data_folder("eSpeak NG text-to-speech: 1.51  Data at: ../x\n"), None);
    }
}
