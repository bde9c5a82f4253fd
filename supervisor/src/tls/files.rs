//! The owner's certificate: a PEM file with the chain, the box's own first, and one with its key.
//!
//! Out comes something that can be shown to visitors, or everything that is wrong with the two files.

use super::validity;
use crate::config::fields::{Field, TLS_CERTIFICATE, TLS_KEY};
use crate::config::load::Config;
use crate::config::problems::{BadConfiguration, Problem};
use crate::config::tls::{Tls, TlsFiles};
use engine::domain::time::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::time::SystemTime;

/// Larger than any chain; a path may lead to something endless.
const LARGEST: u64 = 1024 * 1024;

/// What the two files looked like: enough to see that one was written since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look([Option<(SystemTime, u64)>; 2]);

/// One thing that is wrong, with the setting it belongs to.
#[derive(Debug)]
pub struct Wrong {
    pub field: &'static Field,
    pub message: String,
}

impl TlsFiles {
    pub fn look(&self) -> Look {
        let one = |path: &Path| {
            let about = std::fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        };
        Look([one(&self.certificate), one(&self.key)])
    }

    /// Reads both, even where the first is wrong already.
    pub fn read(&self) -> Result<CertifiedKey, Vec<Wrong>> {
        let wrong = |field, path: &Path, what: String| {
            vec![Wrong { field, message: format!("{} {what}", path.display()) }]
        };
        let chain = read(&self.certificate).and_then(|pem| chain(&pem));
        let key = read(&self.key).and_then(|pem| key(&pem));
        let (chain, key) = match (chain, key) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => {
                let chain = chain.err().map(|what| wrong(&TLS_CERTIFICATE, &self.certificate, what));
                let key = key.err().map(|what| wrong(&TLS_KEY, &self.key, what));
                return Err(chain.into_iter().chain(key).flatten().collect());
            }
        };
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let what =
                    format!("is not the key of the first certificate in {}", self.certificate.display());
                wrong(&TLS_KEY, &self.key, what)
            }
            rustls::Error::InvalidCertificate(_) => wrong(
                &TLS_CERTIFICATE,
                &self.certificate,
                "holds a certificate that cannot be read".to_owned(),
            ),
            _ => wrong(
                &TLS_KEY,
                &self.key,
                "holds a kind of key that cannot be used: RSA, ECDSA and Ed25519 can".to_owned(),
            ),
        })
    }
}

/// The configuration, unless the owner's files are asked for and cannot be used. Only for commands that are
/// about to use them: files that are being renewed must not stop a look at a box that runs.
pub fn checked(config: Config) -> Result<Config, BadConfiguration> {
    let Tls::Files(files) = &config.server.tls else { return Ok(config) };
    let Err(wrong) = files.read() else { return Ok(config) };
    let source = |field: &Field| {
        let setting = config.settings.iter().find(|setting| setting.key == field.key);
        setting.map_or_else(|| field.env.to_owned(), |setting| setting.source.clone())
    };
    let problem =
        |Wrong { field, message }| Problem { key: field.key.to_owned(), source: source(field), message };
    let problems = wrong.into_iter().map(problem).collect();
    Err(BadConfiguration { problems, warnings: config.warnings })
}

/// What visitors' browsers will say about the time of a certificate, if anything.
pub fn untimely(certificate: &CertifiedKey, now: Timestamp) -> Option<&'static str> {
    let times = validity::of(certificate.cert.first()?)?;
    let now = now.0.div_euclid(1_000_000);
    if now < *times.start() {
        Some("the certificate is not good yet: browsers will refuse it")
    } else if now > *times.end() {
        Some("the certificate has ended: browsers will refuse it until it is renewed")
    } else {
        None
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error| format!("cannot be read: {error}");
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() || about.len() > LARGEST {
        return Err("is no PEM file".to_owned());
    }
    std::fs::read(path).map_err(cannot)
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("holds no certificate in PEM form".to_owned()),
        Ok(chain) => Ok(chain),
        Err(_) => Err("is broken: its PEM form cannot be read".to_owned()),
    }
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let none = "holds no private key in PEM form that is free of a password";
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| none.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn made(from: i32, until: i32) -> (String, String) {
        let mut params = CertificateParams::new(["box.lan".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().expect("a key");
        (params.self_signed(&key).expect("signed").pem(), key.serialize_pem())
    }

    fn written(certificate: &str, key: &str) -> (tempfile::TempDir, TlsFiles) {
        let temp = tempfile::tempdir().expect("a directory");
        let files = TlsFiles { certificate: temp.path().join("chain.pem"), key: temp.path().join("key.pem") };
        std::fs::write(&files.certificate, certificate).expect("written");
        std::fs::write(&files.key, key).expect("written");
        (temp, files)
    }

    #[test]
    fn a_chain_and_its_key_are_taken() {
        let ((certificate, key), (issuer, _)) = (made(2020, 2030), made(2020, 2030));
        let (_temp, files) = written(&format!("Bag Attributes\n{certificate}{issuer}"), &key);
        assert_eq!(files.read().expect("good").cert.len(), 2);
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_setting() {
        let ((certificate, key), (_, other)) = (made(2020, 2030), made(2020, 2030));
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let broken = certificate.replace("-----END", "!");
        let no_certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let no_key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        for (certificate, key, wanted) in [
            ("", "", &["tls_certificate: holds no certificate", "tls_key: holds no private key"][..]),
            (&key, &certificate, &["tls_certificate: holds no certificate", "tls_key: holds no private key"]),
            (&certificate, &other, &["tls_key: is not the key of the first certificate"]),
            (&certificate, locked, &["tls_key: holds no private key in PEM form that is free of a password"]),
            (&certificate, no_key, &["tls_key: holds a kind of key that cannot be used"]),
            (&broken, &key, &["tls_certificate: "]),
            (no_certificate, &key, &["tls_certificate: holds a certificate that cannot be read"]),
        ] {
            let (_temp, files) = written(certificate, key);
            let wrong = files.read().expect_err("refused");
            assert_eq!(wrong.len(), wanted.len(), "{wrong:?}");
            for (wrong, wanted) in wrong.iter().zip(wanted) {
                let (name, what) = wanted.split_once(": ").expect("two parts");
                assert!(wrong.field.name() == name && wrong.message.contains(what), "{wrong:?}: {wanted}");
            }
        }
        let temp = tempfile::tempdir().expect("a directory");
        let nowhere = TlsFiles { certificate: temp.path().join("not-there"), key: temp.path().to_owned() };
        assert_eq!(nowhere.read().expect_err("refused").len(), 2);
    }

    #[test]
    fn a_certificate_out_of_its_time_is_told() {
        let now = Timestamp(date_time_ymd(2025, 1, 1).unix_timestamp() * 1_000_000);
        for (from, until, wanted) in
            [(2020, 2030, None), (2020, 2021, Some("has ended")), (2027, 2030, Some("not good yet"))]
        {
            let (certificate, key) = made(from, until);
            let (_temp, files) = written(&certificate, &key);
            let told = untimely(&files.read().expect("good"), now);
            assert_eq!(told.is_some(), wanted.is_some(), "{from} to {until}");
            assert!(wanted.is_none_or(|wanted| told.is_some_and(|told| told.contains(wanted))));
        }
    }

    #[test]
    fn a_file_that_was_written_looks_different() {
        let (_temp, files) = written("one", "two");
        let before = files.look();
        assert_eq!(before, files.look());
        std::fs::write(&files.key, "longer than two").expect("written");
        assert_ne!(before, files.look());
        let before = files.look();
        std::fs::remove_file(&files.certificate).expect("removed");
        assert_ne!(before, files.look());
    }
}
