//! Whose rights a machine-wide service has, and a data directory that account can use.
//!
//! Nobody has to be named: the owner of the data directory is who it is for. A new directory is made for
//! the account; what is there keeps its owner.

use super::ground::Ground;
use super::outcome::{Scope, ServiceError};
use super::runner::ANSWER;
use crate::config::data_dir::DataDir;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub user: u32,
    pub group: u32,
}

/// `None`: the service runs as whoever installs it.
pub async fn choose(
    ground: &Ground<'_>,
    asked: Option<&str>,
    dir: &DataDir,
) -> Result<Option<Account>, ServiceError> {
    let owner = match fs::metadata(dir.root()) {
        Ok(metadata) => Some((metadata.uid(), metadata.gid())),
        Err(_) => None,
    };
    let chosen = match asked {
        Some(_) if ground.scope() == Scope::User => {
            let only = "--run-as is for root; without root the service runs as you";
            return Err(ServiceError::Account(only.to_owned()));
        }
        Some(name) => Some(named(ground, name).await?),
        None if ground.scope() == Scope::User => None,
        None => owner.map(|(user, group)| Account { name: name_of(ground, user), user, group }),
    };
    if let (Some(account), Some((user, _))) = (&chosen, owner)
        && account.user != user
    {
        let whose = name_of(ground, user);
        return Err(ServiceError::Account(format!(
            "{} belongs to {whose}, and {} could not use it; give it to them with `chown -R`, or leave --run-as out",
            dir.root().display(),
            account.name
        )));
    }
    Ok(chosen.filter(|account| account.user != 0))
}

async fn named(ground: &Ground<'_>, name: &str) -> Result<Account, ServiceError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
        return Err(ServiceError::Account(format!("{name:?} is no name of an account")));
    }
    let mut numbers = [0, 0];
    for (number, flag) in numbers.iter_mut().zip(["-u", "-g"]) {
        let ran = ground.ask(&["id", flag, name], ANSWER).await?;
        let unknown = || ServiceError::Account(format!("there is no account {name} on this machine"));
        *number = ran.stdout.trim().parse().ok().filter(|_| ran.succeeded).ok_or_else(unknown)?;
    }
    Ok(Account { name: name.to_owned(), user: numbers[0], group: numbers[1] })
}

/// A number does where the name stands in no file.
fn name_of(ground: &Ground<'_>, user: u32) -> String {
    let accounts = ground.machine.read("/etc/passwd").unwrap_or_default();
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| user.to_string())
}

/// The manager refuses to start a service whose place is missing, so it is there before.
pub fn make_place(dir: &DataDir, account: Option<&Account>) -> Result<(), ServiceError> {
    let path = dir.root();
    let failed = |source| ServiceError::File { verb: "made", path: path.to_owned(), source };
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => give(path, account).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn give(path: &Path, account: Option<&Account>) -> io::Result<()> {
    match account {
        Some(account) => std::os::unix::fs::chown(path, Some(account.user), Some(account.group)),
        None => Ok(()),
    }
}
