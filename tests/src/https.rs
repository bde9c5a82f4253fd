//! One question over TLS and a fresh connection, as somebody asks who trusts exactly these authorities.

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

const PATIENCE: Duration = Duration::from_secs(10);

/// Whom the one who asks believes.
pub enum Trust<'a> {
    /// Certificates of authorities, in DER.
    Authorities(&'a [&'a [u8]]),
    /// Anybody: what a person does who clicks the warning away.
    Anybody,
}

/// `GET path` of `name` at `address`, with the whole body.
pub async fn get(
    address: SocketAddr,
    name: &str,
    path: &str,
    trust: Trust<'_>,
) -> anyhow::Result<http::Response<Bytes>> {
    let exchange = async {
        let stream = connect(address, name, trust).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = http::Request::get(path)
            .header(http::header::HOST, format!("{name}:{}", address.port()))
            .header(http::header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        let answer = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            anyhow::Ok(http::Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        let (answer, connection) = tokio::join!(answer, connection);
        let answer = answer?;
        connection?;
        anyhow::Ok(answer)
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .with_context(|| format!("https://{name}{path} gave no answer within {PATIENCE:?}"))?
}

/// The certificate that is shown for `name`, in DER, whoever signed it.
pub async fn shown(address: SocketAddr, name: &str) -> anyhow::Result<Vec<u8>> {
    let stream = tokio::time::timeout(PATIENCE, connect(address, name, Trust::Anybody)).await??;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    Ok(shown.context("no certificate was shown")?.to_vec())
}

async fn connect(address: SocketAddr, name: &str, trust: Trust<'_>) -> anyhow::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = match trust {
        Trust::Anybody => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous(provider)))
            .with_no_client_auth(),
        Trust::Authorities(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots.add(CertificateDer::from(authority.to_vec()))?;
            }
            config.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned())?, stream).await?;
    anyhow::ensure!(stream.get_ref().1.alpn_protocol() == Some(b"http/1.1"), "HTTP/1.1 was not agreed on");
    Ok(stream)
}

/// Believes every certificate, and still wants the proof that its key is there.
#[derive(Debug)]
struct Credulous(Arc<CryptoProvider>);

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
