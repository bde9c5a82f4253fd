//! The public address. One that was asked for is taken or refused; the usual one moves to the next port.

use crate::config::areas::Server;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// How many ports are tried after the usual one.
const MORE_PORTS: u16 = 50;

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{0} is taken by another program: stop that one, or choose another port with --listen")]
    Taken(SocketAddr),
    #[error("{address} is not an address of this machine: choose another one with --listen")]
    NotOurs { address: SocketAddr },
    #[error("{address} cannot be listened on: {source}")]
    Io { address: SocketAddr, source: io::Error },
}

pub async fn bind(server: &Server) -> Result<TcpListener, ListenError> {
    let asked = server.listen;
    let more = if server.listen_was_asked_for { 0 } else { MORE_PORTS };
    for port in asked.port()..=asked.port().saturating_add(more) {
        let address = SocketAddr::new(asked.ip(), port);
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                return Err(ListenError::NotOurs { address });
            }
            Err(source) => return Err(ListenError::Io { address, source }),
        }
    }
    Err(ListenError::Taken(asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tls::Tls;
    use std::time::Duration;

    fn server(listen: SocketAddr, listen_was_asked_for: bool) -> Server {
        Server {
            listen,
            listen_was_asked_for,
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            tls: Tls::Off,
            metrics_token: None,
            request_timeout: Duration::from_secs(30),
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_refused_where_asked_for_and_moved_where_not() -> anyhow::Result<()> {
        let other = TcpListener::bind("127.0.0.1:0").await?;
        let taken = other.local_addr()?;
        let refused = bind(&server(taken, true)).await.expect_err("it was asked for");
        assert!(refused.to_string().contains(&taken.to_string()), "{refused}");
        let moved = bind(&server(taken, false)).await?.local_addr()?;
        assert!(moved.port() > taken.port() && moved.port() <= taken.port() + MORE_PORTS, "{moved}");
        Ok(())
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_named() -> anyhow::Result<()> {
        let refused = bind(&server("192.0.2.1:8080".parse()?, true)).await.expect_err("a test network");
        assert!(matches!(refused, ListenError::NotOurs { .. }), "{refused}");
        Ok(())
    }
}
