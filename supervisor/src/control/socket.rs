//! `run/control.sock`: bound so that only our own user comes in.
//!
//! The directory is closed to others, the socket is closed to others, and the kernel says who connected:
//! any one of them would do.

use crate::config::data_dir::DataDir;
use axum::serve::Listener;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

/// The kernel's room for a socket's path is 108 bytes; a deep data directory does not fit.
const LONGEST_PATH: usize = 100;

/// A name for the socket that the kernel takes.
#[derive(Debug)]
pub struct SocketName {
    pub path: PathBuf,
    /// Keeps a name by way of an open directory alive.
    _directory: Option<File>,
}

pub fn name(dir: &DataDir) -> io::Result<SocketName> {
    let path = dir.control_socket();
    if path.as_os_str().as_bytes().len() <= LONGEST_PATH {
        return Ok(SocketName { path, _directory: None });
    }
    let directory = File::open(dir.run())?;
    let file = path.file_name().unwrap_or_default();
    let path = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(file);
    Ok(SocketName { path, _directory: Some(directory) })
}

/// Binds it; whoever holds the instance has cleared away an old one.
pub fn bind(dir: &DataDir) -> io::Result<OwnProcesses> {
    let name = name(dir)?;
    let listener = UnixListener::bind(&name.path)?;
    std::fs::set_permissions(&name.path, Permissions::from_mode(0o600))?;
    Ok(OwnProcesses { listener, user: rustix::process::geteuid().as_raw() })
}

/// A listener that hangs up on other users.
#[derive(Debug)]
pub struct OwnProcesses {
    listener: UnixListener,
    user: u32,
}

impl OwnProcesses {
    fn is_welcome(&self, stream: &UnixStream) -> bool {
        // Root can read the data directory anyway.
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.user || peer.uid() == 0)
    }
}

impl Listener for OwnProcesses {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if self.is_welcome(&stream) {
                return (stream, address);
            }
            tracing::warn!("a process of another user was turned away at the control socket");
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_user_of_the_box_and_root_come_in() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let dir = DataDir::at(temp.path())?;
        dir.create()?;
        let mut door = bind(&dir)?;
        let mode = std::fs::metadata(dir.control_socket())?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let visitor = UnixStream::connect(dir.control_socket()).await?;
        let (stream, _) = Listener::accept(&mut door).await;
        assert!(door.is_welcome(&stream));
        let ours = rustix::process::geteuid().as_raw();
        door.user = ours + 1;
        assert_eq!(door.is_welcome(&stream), ours == 0, "another user's box lets only root in");
        drop(visitor);
        Ok(())
    }

    #[tokio::test]
    async fn a_deep_directory_still_has_a_socket() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let dir = DataDir::at(&temp.path().join("deep".repeat(20)).join("er".repeat(40)))?;
        dir.create()?;
        let mut door = bind(&dir)?;
        assert!(dir.control_socket().exists());
        let name = name(&dir)?;
        let (visitor, _) = tokio::join!(UnixStream::connect(&name.path), Listener::accept(&mut door));
        visitor.map(drop).map_err(Into::into)
    }
}
