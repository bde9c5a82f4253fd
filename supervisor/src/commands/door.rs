//! The door of a part of the box in a process of its own: an address or a Unix socket, for callers who show a secret.

use anyhow::{Context as _, ensure};
use axum::Router;
use clap::{ArgGroup, Args};
use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::serve::{Manners, serve};

/// Shorter ones could be guessed.
const SHORTEST_SECRET: usize = 32;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("door").required(true).args(["listen", "socket"]))]
pub struct Door {
    /// Answer on this address.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Answer on this Unix socket.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The file with the secret that callers must show.
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
}

impl Door {
    pub fn secret(&self) -> anyhow::Result<String> {
        secret(&self.secret_file)
    }

    /// Answers until told to stop. Returns where.
    pub async fn open(
        &self,
        router: Router,
        doors: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<String> {
        match (&self.listen, &self.socket) {
            (Some(address), _) => {
                let listener = TcpListener::bind(address)
                    .await
                    .with_context(|| format!("{address} cannot be listened on"))?;
                let place = listener.local_addr()?.to_string();
                doors.spawn(serve(listener, router, Manners::default(), stop.clone()));
                Ok(place)
            }
            (None, Some(path)) => {
                let listener =
                    bind(path).with_context(|| format!("{} cannot be listened on", path.display()))?;
                doors.spawn(serve(listener, router, Manners::default(), stop.clone()));
                Ok(path.display().to_string())
            }
            (None, None) => unreachable!("the group of the two arguments is required"),
        }
    }
}

fn secret(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let secret = text.trim();
    ensure!(
        secret.len() >= SHORTEST_SECRET && secret.bytes().all(|byte| byte.is_ascii_graphic()),
        "{} must hold a secret of at least {SHORTEST_SECRET} plain characters",
        path.display()
    );
    Ok(secret.to_owned())
}

/// A socket that a dead process left is replaced; anything else at that path stays.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path).is_err()
    {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}
