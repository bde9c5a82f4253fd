//! A wire to a server that can be cut, blocked or answered by somebody else, while a story goes on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The first byte of whoever begins with TLS.
const TLS_HELLO: u8 = 0x16;

const DROPS_A_SECOND: u64 = 20;
const BETWEEN_DROPS: Duration = Duration::from_millis(1000 / DROPS_A_SECOND);

/// What happens to a connection that is made from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Passed,
    /// Hung up on after so many bytes of the server's.
    CutAfter(u64),
    /// Nothing more comes after so many bytes of the server's, and nobody hangs up.
    StalledAfter(u64),
    /// One bit of the server's byte behind so many is another.
    FlippedAt(u64),
    /// So many bytes of the server's in a second, about.
    Slow(u64),
    /// Each request is answered with this HTTP status, and the server never hears of it.
    Answered(u16),
}

/// Must be laid and used inside a runtime. Gone when dropped, with all its connections.
pub struct Wire {
    address: SocketAddr,
    server: SocketAddr,
    fate: Arc<Mutex<Fate>>,
    carrying: Option<JoinSet<()>>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let fate = Arc::new(Mutex::new(Fate::Passed));
        let carrying = Some(carry(listener, server, fate.clone()));
        Ok(Self { address, server, fate, carrying })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For connections from now on; those that are open keep theirs.
    pub fn decide(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Hangs up on everybody. New connections are refused until it is mended.
    pub async fn cut(&mut self) {
        if let Some(mut carrying) = self.carrying.take() {
            carrying.shutdown().await;
        }
    }

    pub async fn mend(&mut self) -> std::io::Result<()> {
        if self.carrying.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            self.carrying = Some(carry(listener, self.server, self.fate.clone()));
        }
        Ok(())
    }
}

fn carry(listener: TcpListener, server: SocketAddr, fate: Arc<Mutex<Fate>>) -> JoinSet<()> {
    let mut carrying = JoinSet::new();
    carrying.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((near, _)) = listener.accept().await {
            let fate = *fate.lock().unwrap_or_else(PoisonError::into_inner);
            connections.spawn(async move {
                // Either side may hang up as it likes.
                connect(near, server, fate).await.ok();
            });
        }
    });
    carrying
}

async fn connect(near: TcpStream, server: SocketAddr, fate: Fate) -> std::io::Result<()> {
    if let Fate::Answered(status) = fate {
        return answer(near, status).await;
    }
    let far = TcpStream::connect(server).await?;
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let up = async {
        let (mut from, mut to) = (near_read, far_write);
        copy(&mut from, &mut to).await?;
        // The client has sent all and still listens.
        std::future::pending().await
    };
    tokio::select! {
        ended = up => ended,
        ended = down(far_read, near_write, fate) => ended,
    }
}

async fn down(mut far: OwnedReadHalf, mut near: OwnedWriteHalf, fate: Fate) -> std::io::Result<()> {
    let most = match fate {
        Fate::CutAfter(bytes) | Fate::StalledAfter(bytes) | Fate::FlippedAt(bytes) => bytes,
        Fate::Slow(speed) => return drip(far, near, speed).await,
        Fate::Passed | Fate::Answered(_) => u64::MAX,
    };
    let carried = copy(&mut (&mut far).take(most), &mut near).await?;
    match fate {
        Fate::StalledAfter(_) if carried == most => std::future::pending().await,
        Fate::FlippedAt(_) if carried == most => {
            near.write_u8(far.read_u8().await? ^ 1).await?;
            copy(&mut far, &mut near).await.map(drop)
        }
        _ => Ok(()),
    }
}

async fn drip(mut far: OwnedReadHalf, mut near: OwnedWriteHalf, speed: u64) -> std::io::Result<()> {
    let mut pace = tokio::time::interval(BETWEEN_DROPS);
    let drop = speed / DROPS_A_SECOND;
    loop {
        pace.tick().await;
        if copy(&mut (&mut far).take(drop), &mut near).await? == 0 {
            return Ok(());
        }
    }
}

/// One answer without a body. It hangs up then, so that the next request meets the fate of its day.
async fn answer(mut near: TcpStream, status: u16) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if near.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        if head.first() == Some(&TLS_HELLO) {
            // Engines try TLS first, and a server without it says so at once.
            near.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await?;
            return near.shutdown().await;
        }
    }
    let text = format!("HTTP/1.1 {status} As Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    near.write_all(text.as_bytes()).await?;
    near.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    const LONG: usize = 100_000;

    /// Writes `LONG` bytes to everybody and hangs up.
    async fn talker() -> anyhow::Result<(SocketAddr, JoinSet<()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, mut talking) = (listener.local_addr()?, JoinSet::new());
        talking.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(&vec![7; LONG]).await.ok();
            }
        });
        Ok((address, talking))
    }

    async fn hear(wire: &Wire) -> anyhow::Result<usize> {
        Ok(hear_all(wire).await?.len())
    }

    async fn hear_all(wire: &Wire) -> anyhow::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(wire.address()).await?;
        let mut heard = Vec::new();
        let all = stream.read_to_end(&mut heard);
        tokio::time::timeout(Duration::from_secs(10), all).await.context("it stalled")??;
        Ok(heard)
    }

    #[tokio::test]
    async fn a_wire_passes_cuts_and_is_mended() -> anyhow::Result<()> {
        let (server, _talking) = talker().await?;
        let mut wire = Wire::to(server).await?;
        assert_eq!(hear(&wire).await?, LONG);
        wire.decide(Fate::CutAfter(500));
        assert_eq!(hear(&wire).await?, 500);
        wire.cut().await;
        let refused = TcpStream::connect(wire.address()).await.expect_err("nobody listens");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        wire.decide(Fate::Passed);
        wire.mend().await?;
        assert_eq!(hear(&wire).await?, LONG);
        Ok(())
    }

    #[tokio::test]
    async fn a_stalled_wire_is_silent_and_stays_open() -> anyhow::Result<()> {
        let (server, _talking) = talker().await?;
        let wire = Wire::to(server).await?;
        wire.decide(Fate::StalledAfter(500));
        let mut stream = TcpStream::connect(wire.address()).await?;
        let mut heard = [0; 500];
        stream.read_exact(&mut heard).await?;
        tokio::time::pause();
        let more = tokio::time::timeout(Duration::from_secs(3600), stream.read_u8()).await;
        assert!(more.is_err(), "{more:?}");
        Ok(())
    }

    #[tokio::test]
    async fn a_flipped_wire_carries_one_wrong_byte_and_a_slow_one_all_of_them() -> anyhow::Result<()> {
        let (server, _talking) = talker().await?;
        let wire = Wire::to(server).await?;
        wire.decide(Fate::FlippedAt(500));
        let heard = hear_all(&wire).await?;
        assert_eq!((heard.len(), heard[499], heard[500], heard[501]), (LONG, 7, 6, 7));
        wire.decide(Fate::Slow(LONG as u64));
        let begun = tokio::time::Instant::now();
        assert_eq!(hear(&wire).await?, LONG);
        assert!(begun.elapsed() > Duration::from_millis(500), "{:?}", begun.elapsed());
        Ok(())
    }

    #[tokio::test]
    async fn an_answered_wire_speaks_for_the_server() -> anyhow::Result<()> {
        let (server, _talking) = talker().await?;
        let wire = Wire::to(server).await?;
        wire.decide(Fate::Answered(429));
        assert_eq!(crate::http::get(wire.address(), "/v2/").await?.status(), 429);
        let mut stream = TcpStream::connect(wire.address()).await?;
        stream.write_all(&[TLS_HELLO, 3, 1]).await?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await?;
        assert!(heard.starts_with("HTTP/1.0 400"), "{heard}");
        Ok(())
    }
}
