//! A loopback port nobody listens on.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The system's own choice, free a moment ago. Another program may still be quicker: where the
/// program under test can choose and print its port itself, let it.
pub fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
