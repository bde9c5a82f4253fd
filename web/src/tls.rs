//! How a connection becomes a private one, and the certificate it is shown.
//!
//! In goes a connection; out comes the same one under TLS, or as it was where the other side speaks plain
//! HTTP. Where certificates come from and when they change is not decided here: whoever knows puts the next
//! one into [`ShownCertificate`], and it holds from the next handshake on.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;

pub use tokio_rustls::TlsAcceptor;

/// How a TLS connection begins: with a handshake record. No request of HTTP does.
const HANDSHAKE: u8 = 0x16;

/// The certificate that visitors are shown, and the key that proves it. May be replaced at any time.
#[derive(Debug)]
pub struct ShownCertificate(RwLock<Arc<CertifiedKey>>);

impl ShownCertificate {
    pub fn new(certificate: CertifiedKey) -> Self {
        Self(RwLock::new(Arc::new(certificate)))
    }

    pub fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next handshake on; connections that are open keep theirs.
    pub fn replace(&self, certificate: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
    }
}

impl ResolvesServerCert for ShownCertificate {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// TLS 1.2 and 1.3, HTTP/1.1, no certificates asked of visitors.
pub fn acceptor(certificate: Arc<ShownCertificate>) -> TlsAcceptor {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

pub enum Opening<I> {
    Private(Box<TlsStream<Begun<I>>>),
    /// The other side did not begin with TLS.
    Plain(Begun<I>),
}

/// Looks at the first byte and shakes hands where it is TLS. Waits as long as the other side does.
pub async fn open<I>(mut io: I, tls: &TlsAcceptor) -> io::Result<Opening<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let first = io.read_u8().await?;
    let begun = Begun { first: Some(first), io };
    if first == HANDSHAKE {
        Ok(Opening::Private(Box::new(tls.accept(begun).await?)))
    } else {
        Ok(Opening::Plain(begun))
    }
}

/// A connection whose first byte was read and is read once more.
pub struct Begun<I> {
    first: Option<u8>,
    io: I,
}

impl<I: AsyncRead + Unpin> AsyncRead for Begun<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(first) = self.first.take()
        {
            buffer.put_slice(&[first]);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Begun<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::host::AllowedHosts;
    use crate::public::plain;
    use crate::serve::{Door, Encrypted, Manners, serve};
    use axum::routing::get;
    use axum::{Extension, Router};
    use rcgen::{CertificateParams, KeyPair};
    use std::net::SocketAddr;
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};
    use tokio_util::sync::CancellationToken;

    const SOON: Duration = Duration::from_secs(10);

    fn made() -> anyhow::Result<(CertifiedKey, CertificateDer<'static>)> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let der = certificate.der().clone();
        Ok((CertifiedKey::from_der(vec![der.clone()], private, &ring::default_provider())?, der))
    }

    async fn open_door(
        shown: &Arc<ShownCertificate>,
        head_within: Duration,
    ) -> anyhow::Result<(SocketAddr, CancellationToken, impl Future<Output = ()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        let tell = |encrypted: Option<Extension<Encrypted>>| async move {
            if encrypted.is_some() { "privately" } else { "in the open" }
        };
        let door = Door::Private {
            tls: acceptor(Arc::clone(shown)),
            router: Router::new().route("/", get(tell)),
            plain: plain::router(AllowedHosts::default()),
        };
        let manners = Manners { head_within, ..Manners::default() };
        Ok((address, stop.clone(), serve(listener, door, manners, stop)))
    }

    async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> anyhow::Result<String> {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost:8443\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn ask_privately(address: SocketAddr, trusted: &CertificateDer<'static>) -> anyhow::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost")?;
        let stream = TcpStream::connect(address).await?;
        ask(TlsConnector::from(Arc::new(config)).connect(name, stream).await?).await
    }

    #[tokio::test]
    async fn one_door_speaks_tls_and_tells_the_others_where_to_go() -> anyhow::Result<()> {
        let ((first, trusted), (second, trusted_later)) = (made()?, made()?);
        let shown = Arc::new(ShownCertificate::new(first));
        let (address, stop, door) = open_door(&shown, SOON).await?;
        let visits = async {
            assert!(ask_privately(address, &trusted).await?.ends_with("privately"));
            let told = ask(TcpStream::connect(address).await?).await?;
            assert!(told.starts_with("HTTP/1.1 400") && told.contains("https://localhost:8443/"), "{told}");
            shown.replace(second);
            assert!(ask_privately(address, &trusted_later).await?.ends_with("privately"));
            assert!(ask_privately(address, &trusted).await.is_err(), "the first one is shown no more");
            stop.cancel();
            anyhow::Ok(())
        };
        let ((), visited) = tokio::time::timeout(SOON, async { tokio::join!(door, visits) }).await?;
        visited
    }

    #[tokio::test]
    async fn whoever_does_not_shake_hands_in_time_is_let_go() -> anyhow::Result<()> {
        let shown = Arc::new(ShownCertificate::new(made()?.0));
        let (address, stop, door) = open_door(&shown, Duration::from_millis(50)).await?;
        let visits = async {
            for words in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00", b"\x16nonsense", b"G"] {
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(words).await?;
                let mut answer = Vec::new();
                // It may have been reset while we still wrote.
                stream.read_to_end(&mut answer).await.ok();
                assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
            }
            stop.cancel();
            anyhow::Ok(())
        };
        let ((), visited) = tokio::time::timeout(SOON, async { tokio::join!(door, visits) }).await?;
        visited
    }

    #[tokio::test]
    async fn a_handshake_under_way_does_not_hold_up_the_end() -> anyhow::Result<()> {
        let shown = Arc::new(ShownCertificate::new(made()?.0));
        let (address, stop, door) = open_door(&shown, Duration::from_secs(3600)).await?;
        let visit = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"\x16").await?;
            stop.cancel();
            anyhow::Ok(stream)
        };
        let ((), visited) = tokio::time::timeout(SOON, async { tokio::join!(door, visit) }).await?;
        visited.map(drop)
    }
}
