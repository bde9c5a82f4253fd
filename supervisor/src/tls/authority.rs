//! The box's own authority: made once, kept in `config/tls`, and the certificates it signs.
//!
//! A phone that trusts the authority trusts each certificate it signs, so these may be short-lived and follow
//! the machine's names. They and their keys are made anew at each start and never written down. Of the
//! authority both is written: its key is read by nobody but us and never leaves the directory.

use super::names::Names;
use super::validity;
use crate::config::data_dir::{DataDir, write_private};
use engine::domain::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;

const DAY: Duration = Duration::from_hours(24);
/// A visitor's clock may be behind ours.
const EARLIER: Duration = DAY;
/// About ten years: each phone has to be told again when it ends.
const AUTHORITY_LASTS: Duration = DAY.saturating_mul(3650);
/// Phones refuse certificates that last longer than 397 days; renewing costs nothing.
const CERTIFICATE_LASTS: Duration = DAY.saturating_mul(90);
/// Renewed when less than this is left, so that a box whose network was away has time.
const RENEW_BEFORE: Duration = DAY.saturating_mul(30);

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "{} cannot be read as {what}: put config/tls back from a backup, or remove it to make a new authority, \
         which each phone must be told to trust",
        path.display()
    )]
    Damaged { path: PathBuf, what: &'static str },
    #[error("a certificate could not be made: {0}")]
    Signing(#[from] rcgen::Error),
    #[error("a certificate that was made cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

pub struct Authority {
    key: KeyPair,
    params: CertificateParams,
    certificate: CertificateDer<'static>,
}

/// A certificate of ours with the names it is good for and its last moment.
#[derive(Debug)]
pub struct Issued {
    pub certificate: CertifiedKey,
    pub names: Names,
    ends: Timestamp,
}

impl Issued {
    pub fn is_due(&self, now: Timestamp, names: &Names) -> bool {
        self.names != *names || self.ends.since(now) < RENEW_BEFORE
    }
}

impl Authority {
    /// The one of this data directory; made where there is none yet. Where its time is over, its certificate is
    /// made anew with the same key.
    pub fn open_or_make(dir: &DataDir, now: Timestamp) -> Result<Self, AuthorityError> {
        let (key_path, path) = (dir.tls().join("authority.key"), dir.tls().join("authority.crt"));
        let damaged = |path: &Path, what| AuthorityError::Damaged { path: path.to_owned(), what };
        let key = match (read(&key_path)?, path.exists()) {
            (Some(text), _) => KeyPair::from_pem(&text).map_err(|_| damaged(&key_path, "a private key"))?,
            (None, true) => return Err(damaged(&path, "an authority, since its key is gone")),
            (None, false) => {
                let key = KeyPair::generate()?;
                write(&key_path, &key.serialize_pem())?;
                key
            }
        };
        let mut params = params(&key);
        if let Some(text) = read(&path)? {
            let certificate = CertificateDer::from_pem_slice(text.as_bytes());
            let certificate = certificate.map_err(|_| damaged(&path, "a certificate"))?;
            let belongs =
                CertifiedKey::from_der(vec![certificate.clone()], private(&key), &ring::default_provider());
            belongs.map_err(|_| damaged(&path, "the certificate of authority.key"))?;
            let times = validity::of(&certificate).ok_or_else(|| damaged(&path, "a certificate"))?;
            if seconds(now.plus(CERTIFICATE_LASTS)) < *times.end() {
                params.not_after = moment(*times.end());
                return Ok(Self { key, params, certificate });
            }
            tracing::warn!("the authority's time is over; phones must be told to trust its new certificate");
        }
        params.not_before = moment(seconds(now.minus(EARLIER)));
        params.not_after = moment(seconds(now.plus(AUTHORITY_LASTS)));
        let certificate = params.self_signed(&key)?;
        write(&path, &certificate.pem())?;
        Ok(Self { key, params, certificate: certificate.der().clone() })
    }

    /// What a phone is told to trust, in DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A fresh certificate for these names, with a fresh key.
    pub fn issue(&self, names: Names, now: Timestamp) -> Result<Issued, AuthorityError> {
        let mut params = CertificateParams::default();
        for name in &names.names {
            params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
        }
        params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "WhisperEngine");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let ends = now.plus(CERTIFICATE_LASTS);
        params.not_before = moment(seconds(now.minus(EARLIER)));
        params.not_after = moment(seconds(ends)).min(self.params.not_after);
        let key = KeyPair::generate()?;
        let signed = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key))?;
        let certificate =
            CertifiedKey::from_der(vec![signed.der().clone()], private(&key), &ring::default_provider())?;
        Ok(Issued { certificate, names, ends })
    }
}

/// What identifies the authority follows from its key alone, so that it need not be read back; two boxes of
/// one household can be told apart by it.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mark: String = params.key_identifier(key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "WhisperEngine");
    params.distinguished_name.push(DnType::CommonName, format!("WhisperEngine authority {mark}"));
    params
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn seconds(moment: Timestamp) -> i64 {
    moment.0.div_euclid(1_000_000)
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::Io { path: path.to_owned(), source }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let written = write_private(path, text.as_bytes());
    written.map_err(|source| AuthorityError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn directory() -> (tempfile::TempDir, DataDir) {
        let temp = tempfile::tempdir().expect("a directory");
        let dir = DataDir::at(temp.path()).expect("a path");
        dir.create().expect("made");
        (temp, dir)
    }

    fn names() -> Names {
        let names = ["localhost", "*.example.org"].map(str::to_owned).into();
        Names { names, addresses: ["192.168.1.5".parse().expect("an address")].into() }
    }

    /// As a phone would that was told to trust `authority`.
    fn trusts(authority: &Authority, issued: &Issued, name: &str, at: Timestamp) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).expect("an authority");
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("built");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let at = UnixTime::since_unix_epoch(Duration::from_micros(at.0 as u64));
        let [leaf] = &issued.certificate.cert[..] else { panic!("one certificate is shown") };
        verifier.verify_server_cert(leaf, &[], &name, &[], at).is_ok()
    }

    #[test]
    fn what_it_signs_is_trusted_for_its_names_and_in_its_time_only() {
        let (_temp, dir) = directory();
        let authority = Authority::open_or_make(&dir, NOW).expect("made");
        let issued = authority.issue(names(), NOW).expect("issued");
        for name in ["localhost", "a.example.org", "192.168.1.5"] {
            assert!(trusts(&authority, &issued, name, NOW), "{name}");
        }
        for name in ["example.org", "192.168.1.6", "evil.example"] {
            assert!(!trusts(&authority, &issued, name, NOW), "{name}");
        }
        assert!(!trusts(&authority, &issued, "localhost", NOW.plus(DAY * 91)));
        let times = validity::of(&issued.certificate.cert[0]).expect("a certificate");
        assert!(times.end() - times.start() <= 397 * 86_400, "{times:?}");
        let (_elsewhere, dir) = directory();
        let other = Authority::open_or_make(&dir, NOW).expect("made");
        assert!(!trusts(&other, &issued, "localhost", NOW));
    }

    #[test]
    fn it_is_made_once_and_closed_to_others() {
        let (_temp, dir) = directory();
        let first = Authority::open_or_make(&dir, NOW).expect("made");
        let again = Authority::open_or_make(&dir, NOW.plus(DAY * 300)).expect("read");
        assert_eq!(first.certificate(), again.certificate());
        let issued = again.issue(names(), NOW).expect("issued");
        assert!(trusts(&first, &issued, "localhost", NOW), "a phone that trusts the first one");
        for name in ["authority.key", "authority.crt"] {
            let mode = std::fs::metadata(dir.tls().join(name)).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn after_its_time_its_certificate_is_made_anew() {
        let (_temp, dir) = directory();
        let first = Authority::open_or_make(&dir, NOW).expect("made");
        let later = NOW.plus(DAY * 3600);
        let next = Authority::open_or_make(&dir, later).expect("made anew");
        assert_ne!(first.certificate(), next.certificate());
        assert!(trusts(&next, &next.issue(names(), later).expect("issued"), "localhost", later));
        let read = Authority::open_or_make(&dir, later).expect("read");
        assert_eq!(next.certificate(), read.certificate());
    }

    #[test]
    fn a_start_that_was_killed_between_two_files_is_finished() {
        let (_temp, dir) = directory();
        let first = Authority::open_or_make(&dir, NOW).expect("made");
        std::fs::remove_file(dir.tls().join("authority.crt")).expect("removed");
        let again = Authority::open_or_make(&dir, NOW).expect("finished");
        assert_eq!(first.key.serialize_der(), again.key.serialize_der());
    }

    #[test]
    fn a_damaged_authority_is_named_and_left_as_it_is() {
        let (_temp, dir) = directory();
        Authority::open_or_make(&dir, NOW).expect("made");
        let key = std::fs::read(dir.tls().join("authority.key")).expect("read");
        let refused = |what: &str| {
            let error = Authority::open_or_make(&dir, NOW).err().expect("refused").to_string();
            assert!(error.contains(what) && error.contains("config/tls"), "{error}");
        };
        std::fs::write(dir.tls().join("authority.key"), "nothing").expect("written");
        refused("authority.key");
        let other = KeyPair::generate().expect("a key").serialize_pem();
        std::fs::write(dir.tls().join("authority.key"), other).expect("written");
        refused("authority.crt");
        std::fs::remove_file(dir.tls().join("authority.key")).expect("removed");
        refused("its key is gone");
        std::fs::write(dir.tls().join("authority.key"), key).expect("written");
        assert!(Authority::open_or_make(&dir, NOW).is_ok());
    }

    #[test]
    fn a_certificate_is_due_before_it_ends_and_when_the_names_change() {
        let (_temp, dir) = directory();
        let authority = Authority::open_or_make(&dir, NOW).expect("made");
        let issued = authority.issue(names(), NOW).expect("issued");
        assert!(!issued.is_due(NOW.plus(DAY * 59), &names()));
        assert!(issued.is_due(NOW.plus(DAY * 61), &names()));
        assert!(issued.is_due(NOW, &Names::default()));
    }
}
