//! Has a certificate from the start and keeps it good while the box runs.
//!
//! The box's own is made anew before it ends and when the machine's names change; the owner's files are read
//! again when they were written. Whatever goes wrong later on, the certificate in use stays.

use super::authority::{Authority, AuthorityError, Issued};
use super::files::{self, Look, Wrong};
use super::names;
use crate::config::areas::Server;
use crate::config::data_dir::DataDir;
use crate::config::tls::{Tls, TlsFiles};
use engine::ports::clock::Clock;
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use web::edge::host::CertifiedNames;
use web::tls::ShownCertificate;

/// How often the machine is asked what it is called.
const NAMES: Duration = Duration::from_mins(1);
/// How often the owner's files are looked at: a new certificate need not wait long.
const FILES: Duration = Duration::from_secs(2);

pub struct Keeper {
    shown: Arc<ShownCertificate>,
    names: CertifiedNames,
    source: Source,
    clock: Arc<dyn Clock>,
}

enum Source {
    Own { authority: Box<Authority>, issued: Issued, server: Box<Server> },
    Files { files: TlsFiles, look: Look },
}

impl Keeper {
    /// `None` where the box speaks plain HTTP.
    pub fn start(dir: &DataDir, server: &Server, clock: Arc<dyn Clock>) -> anyhow::Result<Option<Self>> {
        let certified = CertifiedNames::default();
        let (source, certificate) = match &server.tls {
            Tls::Off => return Ok(None),
            Tls::Own => {
                let authority = Authority::open_or_make(dir, clock.now())?;
                let issued = authority.issue(names::of_this_machine(server), clock.now())?;
                let certificate = issued.certificate.clone();
                certified.replace(issued.names.names.iter().cloned());
                let (authority, server) = (Box::new(authority), Box::new(server.clone()));
                (Source::Own { authority, issued, server }, certificate)
            }
            Tls::Files(files) => {
                // Looked at before reading: what is written in between is seen next time.
                let look = files.look();
                let certificate = files.read().map_err(|wrong| anyhow::anyhow!(told(&wrong)))?;
                warn_of_its_time(&certificate, &*clock);
                (Source::Files { files: files.clone(), look }, certificate)
            }
        };
        let shown = Arc::new(ShownCertificate::new(certificate));
        Ok(Some(Self { shown, names: certified, source, clock }))
    }

    /// By what names the box's own certificate vouches for it, at any time. None where it is the owner's: who
    /// may call the box what is then theirs to say.
    pub fn names(&self) -> CertifiedNames {
        self.names.clone()
    }

    pub fn shown(&self) -> Arc<ShownCertificate> {
        Arc::clone(&self.shown)
    }

    /// What a phone is told to trust, in DER; the owner's certificate needs no such thing.
    pub fn authority(&self) -> Option<Vec<u8>> {
        match &self.source {
            Source::Own { authority, .. } => Some(authority.certificate().to_vec()),
            Source::Files { .. } => None,
        }
    }

    pub async fn keep(mut self, stop: CancellationToken) {
        let mut due = tokio::time::interval(match self.source {
            Source::Own { .. } => NAMES,
            Source::Files { .. } => FILES,
        });
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = due.tick() => {}
            }
            // Files may lie on a disk that is slow or gone.
            let looked = tokio::task::spawn_blocking(move || {
                self.look_after();
                self
            });
            match looked.await {
                Ok(keeper) => self = keeper,
                Err(error) => {
                    return tracing::error!(error = %error, "the certificate is no longer looked after");
                }
            }
        }
    }

    fn look_after(&mut self) {
        match &mut self.source {
            Source::Own { authority, issued, server } => {
                match renewed(authority, issued, server, &*self.clock) {
                    Ok(None) => {}
                    Ok(Some(next)) => {
                        self.shown.replace(next.certificate.clone());
                        self.names.replace(next.names.names.iter().cloned());
                        *issued = next;
                        tracing::info!("the certificate was made anew");
                    }
                    Err(error) => tracing::warn!(error = %error, "the certificate could not be made anew"),
                }
            }
            Source::Files { files, look } => {
                let now = files.look();
                if now == *look {
                    return;
                }
                *look = now;
                match files.read() {
                    Ok(certificate) => {
                        warn_of_its_time(&certificate, &*self.clock);
                        self.shown.replace(certificate);
                        tracing::info!("the certificate was replaced");
                    }
                    Err(wrong) => {
                        tracing::warn!(
                            error = told(&wrong),
                            "the new certificate cannot be used; the old one stays"
                        );
                    }
                }
            }
        }
    }
}

fn renewed(
    authority: &Authority,
    issued: &Issued,
    server: &Server,
    clock: &dyn Clock,
) -> Result<Option<Issued>, AuthorityError> {
    let (names, now) = (names::of_this_machine(server), clock.now());
    if issued.is_due(now, &names) { authority.issue(names, now).map(Some) } else { Ok(None) }
}

fn warn_of_its_time(certificate: &CertifiedKey, clock: &dyn Clock) {
    if let Some(why) = files::untimely(certificate, clock.now()) {
        tracing::warn!("{why}");
    }
}

fn told(wrong: &[Wrong]) -> String {
    wrong.iter().map(|wrong| wrong.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::domain::time::Timestamp;
    use rcgen::{CertificateParams, KeyPair};
    use std::sync::atomic::{AtomicI64, Ordering};
    use uuid::Uuid;
    use web::edge::host::AllowedHosts;

    /// Days that pass when a test says so.
    struct HeldClock(AtomicI64);

    impl Clock for HeldClock {
        fn now(&self) -> Timestamp {
            let days = u64::try_from(self.0.load(Ordering::Relaxed)).expect("days after the epoch");
            Timestamp(0).plus(Duration::from_hours(24 * days))
        }
        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }
        fn fill_random(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn server(tls: Tls) -> Server {
        Server {
            listen: "127.0.0.1:8080".parse().expect("an address"),
            listen_was_asked_for: false,
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            tls,
            metrics_token: None,
            request_timeout: Duration::from_secs(30),
        }
    }

    fn keeper(temp: &tempfile::TempDir, tls: Tls) -> (Keeper, Arc<HeldClock>) {
        let dir = DataDir::at(temp.path()).expect("a path");
        dir.create().expect("made");
        let clock = Arc::new(HeldClock(AtomicI64::new(20_000)));
        let ticking: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let keeper = Keeper::start(&dir, &server(tls), ticking).expect("started").expect("TLS is asked for");
        (keeper, clock)
    }

    #[test]
    fn our_own_certificate_is_made_anew_before_it_ends_by_the_same_authority() {
        let temp = tempfile::tempdir().expect("a directory");
        let (mut keeper, clock) = keeper(&temp, Tls::Own);
        let (first, authority) = (keeper.shown().current(), keeper.authority());
        let hosts = AllowedHosts::new([]).with(keeper.names());
        let own: Vec<_> = names::of_this_machine(&server(Tls::Own)).names.into_iter().collect();
        assert!(own.iter().all(|name| hosts.accepts(name)), "{own:?}");
        keeper.look_after();
        assert_eq!(keeper.shown().current().cert, first.cert);
        clock.0.fetch_add(61, Ordering::Relaxed);
        keeper.look_after();
        let second = keeper.shown().current();
        assert_ne!(second.cert, first.cert);
        assert_eq!(keeper.authority(), authority);
        keeper.look_after();
        assert_eq!(keeper.shown().current().cert, second.cert);
    }

    #[test]
    fn files_that_became_bad_leave_the_certificate_and_good_ones_replace_it() {
        let temp = tempfile::tempdir().expect("a directory");
        let files = TlsFiles { certificate: temp.path().join("chain.pem"), key: temp.path().join("key.pem") };
        let renew = |name: &str| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new([name.to_owned()]).expect("a name");
            let certificate = params.self_signed(&key).expect("signed");
            std::fs::write(&files.certificate, certificate.pem()).expect("written");
            std::fs::write(&files.key, key.serialize_pem()).expect("written");
            certificate.der().to_vec()
        };
        let first = renew("box.lan");
        let (mut keeper, _) = keeper(&temp, Tls::Files(files.clone()));
        assert_eq!(keeper.authority(), None);
        let shown = |keeper: &Keeper| keeper.shown().current().cert[0].to_vec();
        std::fs::remove_file(&files.key).expect("removed");
        keeper.look_after();
        assert_eq!(shown(&keeper), first);
        let second = renew("another-name.lan");
        keeper.look_after();
        assert_eq!(shown(&keeper), second);
    }
}
