//! The box over TLS: with an authority of its own, and with the owner's certificate.

use anyhow::{Context, ensure};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tests::free_port::free_port;
use tests::http;
use tests::https::{self, Trust};
use tests::process::{Home, Process};
use tests::wait;

const SOON: Duration = Duration::from_secs(30);

async fn up(home: &Home, address: SocketAddr, more: &[&str]) -> anyhow::Result<Process> {
    let listen = address.to_string();
    let mut process = home.start(&[&["up", "--listen", &listen], more].concat())?;
    let line = process.wait_for_line("WhisperEngine is ready at", SOON).await?;
    ensure!(line.ends_with(&format!("https://{address}")), "{line}");
    Ok(process)
}

/// As a phone gets it: by clicking a warning away once.
async fn authority(address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    let answer = https::get(address, "localhost", "/authority.crt", Trust::Anybody).await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-x509-ca-cert");
    Ok(answer.into_body().to_vec())
}

#[tokio::test]
async fn a_phone_that_trusts_the_boxs_authority_goes_on_trusting_it() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let mut process = up(&home, address, &["--tls", "self", "--allow-host", "box.lan"]).await?;
    let trusted = authority(address).await?;
    for name in ["localhost", "127.0.0.1", "box.lan"] {
        let answer = https::get(address, name, "/health", Trust::Authorities(&[&trusted])).await?;
        assert_eq!(answer.status(), 200, "{name}");
    }
    let stranger = https::get(address, "localhost", "/health", Trust::Authorities(&[])).await;
    let refused = format!("{:#}", stranger.expect_err("nobody vouches for it"));
    assert!(refused.contains("certificate"), "{refused}");
    let other_name = https::get(address, "evil.example", "/health", Trust::Authorities(&[&trusted])).await;
    assert!(other_name.is_err(), "the certificate is for our names only");
    let status = home.run(&["status"], SOON).await?;
    assert!(status.stdout.contains(&format!("running at https://{address}")), "{status:?}");
    let key = std::fs::read_to_string(home.data_dir().join("config/tls/authority.key"))?;
    assert!(key.contains("PRIVATE KEY"));

    process.terminate()?;
    process.wait_for_exit(SOON).await?;
    let _process = up(&home, address, &["--tls", "self"]).await?;
    assert_eq!(authority(address).await?, trusted);
    let answer = https::get(address, "localhost", "/health", Trust::Authorities(&[&trusted])).await?;
    assert_eq!(answer.status(), 200);
    let gone = https::get(address, "box.lan", "/health", Trust::Authorities(&[&trusted])).await;
    assert!(gone.is_err(), "a name that is no longer allowed is no longer in the certificate");
    Ok(())
}

#[tokio::test]
async fn a_device_finds_out_how_to_trust_the_box_and_calls_it_by_its_machines_name() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let mut process = up(&home, address, &["--tls", "self"]).await?;
    let trusted = authority(address).await?;
    let printed = process.wait_for_line("fingerprint (SHA-256): ", SOON).await?;
    let fingerprint = printed.rsplit(' ').next().context("a fingerprint")?;
    let page = https::get(address, "localhost", "/certificate", Trust::Authorities(&[&trusted])).await?;
    let page = String::from_utf8_lossy(page.body()).into_owned();
    ensure!(page.contains(fingerprint), "{fingerprint} is not in {page}");

    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_ascii_lowercase();
    let answer = https::get(address, &machine, "/health", Trust::Authorities(&[&trusted])).await?;
    ensure!(answer.status() == 200, "the certificate is for {machine}, and the box is not");
    let stranger = format!("{machine}.evil.example");
    let refused = https::get(address, &stranger, "/health", Trust::Anybody).await?;
    ensure!(refused.status() == 421, "{stranger}: {}", refused.status());
    Ok(())
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_told_the_address() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let _process = up(&home, address, &["--tls", "self"]).await?;
    let answer = http::get(address, "/api/v1/me").await?;
    assert_eq!(answer.status(), 400);
    let told = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(told.contains(&format!("https://{address}/")), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_box_without_tls_offers_no_authority() -> anyhow::Result<()> {
    let (home, address) = (Home::new()?, free_port()?);
    let mut process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_line("WhisperEngine is ready at http://", SOON).await?;
    assert_eq!(http::get(address, "/authority.crt").await?.status(), 404);
    assert!(!home.data_dir().join("config/tls/authority.key").exists());
    Ok(())
}

/// An owner's certificate in two files of the home, signed by nobody but itself.
struct Owned {
    certificate: PathBuf,
    key: PathBuf,
}

impl Owned {
    fn of(home: &Home) -> Self {
        Self { certificate: home.path().join("chain.pem"), key: home.path().join("key.pem") }
    }

    /// Writes the next one and returns it.
    fn renew(&self) -> anyhow::Result<Vec<u8>> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["box.lan".to_owned()])?.self_signed(&key)?;
        std::fs::write(&self.certificate, certificate.pem())?;
        std::fs::write(&self.key, key.serialize_pem())?;
        Ok(certificate.der().to_vec())
    }

    fn enter(&self, home: &mut Home) {
        home.set("WHISPERENGINE_TLS_CERTIFICATE", &self.certificate);
        home.set("WHISPERENGINE_TLS_KEY", &self.key);
        home.set("WHISPERENGINE_ALLOWED_HOSTS", "box.lan");
    }
}

#[tokio::test]
async fn the_owners_certificate_is_replaced_while_the_box_runs() -> anyhow::Result<()> {
    let (mut home, address) = (Home::new()?, free_port()?);
    let owned = Owned::of(&home);
    owned.enter(&mut home);
    let first = owned.renew()?;
    let mut process = up(&home, address, &["--tls", "files"]).await?;
    assert_eq!(https::shown(address, "box.lan").await?, first);
    let answer = https::get(address, "box.lan", "/health", Trust::Authorities(&[&first])).await?;
    assert_eq!(answer.status(), 200);
    let nothing = https::get(address, "box.lan", "/authority.crt", Trust::Authorities(&[&first])).await?;
    assert_eq!(nothing.status(), 404);

    std::fs::write(&owned.key, "half a k")?;
    let line = process.wait_for_line("the old one stays", SOON).await?;
    assert!(line.contains("key.pem"), "{line}");
    assert_eq!(https::shown(address, "box.lan").await?, first);

    let second = owned.renew()?;
    wait::until("the new certificate to be shown", SOON, async || {
        Ok((https::shown(address, "box.lan").await? == second).then_some(()))
    })
    .await
}

#[tokio::test]
async fn everything_wrong_with_the_owners_files_is_named_before_anything_starts() -> anyhow::Result<()> {
    let mut home = Home::new()?;
    let refused = async |home: &Home, wanted: &[&str]| {
        for command in [&["up", "--json"][..], &["config", "check", "--json"]] {
            let finished = home.run(command, SOON).await?;
            ensure!(finished.status.code() == Some(64), "{command:?}: {finished:?}");
            let told: Value = serde_json::from_str(&finished.stdout)?;
            let problems = told["problems"].as_array().context("a list of problems")?;
            let keys: Vec<&str> = problems.iter().filter_map(|problem| problem["key"].as_str()).collect();
            ensure!(keys == wanted, "{command:?}: {told:#}");
        }
        anyhow::Ok(())
    };
    home.set("WHISPERENGINE_TLS", "files");
    refused(&home, &["server.tls_certificate", "server.tls_key"]).await?;
    let owned = Owned::of(&home);
    owned.enter(&mut home);
    refused(&home, &["server.tls_certificate", "server.tls_key"]).await?;
    owned.renew()?;
    std::fs::write(&owned.key, KeyPair::generate()?.serialize_pem())?;
    refused(&home, &["server.tls_key"]).await?;
    assert!(!home.data_dir().exists(), "not even the data directory is made");
    Ok(())
}
