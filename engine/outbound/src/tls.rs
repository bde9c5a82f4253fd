//! Whom we trust: the machine's certificate authorities, or Mozilla's list where it has none.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Reads the machine's CA files, so it belongs off the async threads.
pub(crate) fn system() -> ClientConfig {
    // A CA file that cannot be read is no reason to fail: the bundled list stands in.
    trusting(roots(rustls_native_certs::load_native_certs().certs))
}

/// For plain HTTP: trusts nobody and reads nothing.
pub(crate) fn nobody() -> ClientConfig {
    trusting(RootCertStore::empty())
}

fn roots(native: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(native);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store
}

fn trusting(store: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_certificates_trusts_the_bundled_list() {
        assert!(roots(Vec::new()).len() > 50);
        let garbage = vec![CertificateDer::from(b"not a certificate".to_vec())];
        assert!(roots(garbage).len() > 50);
    }
}
