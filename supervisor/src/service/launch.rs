//! What the service is to run, the same on every platform.

use super::account::Account;
use super::outcome::ServiceError;
use crate::config::data_dir::DataDir;
use std::path::Path;

/// In the first lines of every unit of ours: by it we know what we may replace and remove.
pub const MARK: &str = "Written by `whisperengine service install`.";

/// A command that starts the box, and where it may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Absolute, as are all paths here.
    pub program: String,
    /// `up`, the data directory, and what the owner added.
    pub arguments: Vec<String>,
    pub data_dir: DataDir,
    /// The account a machine-wide service runs as; `None` is whoever the manager runs for.
    pub account: Option<Account>,
    /// Ports below 1024 are closed to programs without a privilege.
    pub wants_low_port: bool,
}

impl Launch {
    /// Refuses what no unit can carry: a line ends at a control character, whatever stands around it.
    pub fn new(program: &Path, data_dir: &DataDir, more: Vec<String>) -> Result<Self, ServiceError> {
        let program = sayable("the path of this program", program.to_str())?.to_owned();
        let dir = sayable("the path of the data directory", data_dir.root().to_str())?.to_owned();
        for argument in &more {
            sayable("an argument", Some(argument))?;
        }
        let mut arguments = vec!["up".to_owned(), "--data-dir".to_owned(), dir];
        arguments.extend(more);
        Ok(Self { program, arguments, data_dir: data_dir.clone(), account: None, wants_low_port: false })
    }

    pub fn data_dir(&self) -> &str {
        self.data_dir.root().to_str().expect("it was looked at when this was made")
    }

    /// The command as it is typed into a shell.
    pub fn by_hand(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }
}

fn sayable<'a>(what: &'static str, text: Option<&'a str>) -> Result<&'a str, ServiceError> {
    match text {
        Some(text) if !text.chars().any(char::is_control) => Ok(text),
        Some(text) => Err(ServiceError::Unsayable { what, text: format!("{text:?}") }),
        None => Err(ServiceError::Unsayable { what, text: "bytes that are no text".to_owned() }),
    }
}

/// Single quotes hold everything but themselves.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_by_hand_can_be_pasted() -> anyhow::Result<()> {
        let dir = DataDir::at(Path::new("/srv/Ada's box"))?;
        let launch =
            Launch::new(Path::new("/opt/whisperengine"), &dir, vec!["--listen".into(), "[::1]:80".into()])?;
        assert_eq!(
            launch.by_hand(),
            r"/opt/whisperengine up --data-dir '/srv/Ada'\''s box' --listen '[::1]:80'"
        );
        Ok(())
    }

    #[test]
    fn what_would_end_a_line_is_refused_by_name() -> anyhow::Result<()> {
        let dir = DataDir::at(Path::new("/srv/a\nUser=root"))?;
        let refused = Launch::new(Path::new("/opt/w"), &dir, Vec::new()).expect_err("a line break");
        assert!(refused.to_string().contains("data directory"), "{refused}");
        let dir = DataDir::at(Path::new("/srv/a"))?;
        let refused =
            Launch::new(Path::new("/opt/w"), &dir, vec!["a\u{85}b".into()]).expect_err("a next line");
        assert!(refused.to_string().contains("an argument"), "{refused}");
        Ok(())
    }
}
