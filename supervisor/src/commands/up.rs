//! `up`: runs the box until it is told to stop.

use super::context::Context;
use crate::appliance::run;
use crate::appliance::state::Appliance;
use crate::config::areas::LogFormat;
use crate::config::fields::{ALLOWED_HOSTS, LISTEN, RUNTIME, TLS};
use crate::config::values::Flags;
use crate::exit::Failure;
use crate::tls::files;
use clap::Args;
use engine_client::principal::Principal;
use engine_client::wire::setup::SetupState;
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use web::ports::{Appliance as _, Leaving};
use web::public::authority::fingerprint;

#[derive(Debug, Args)]
pub struct Up {
    /// How services run: auto or native.
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<String>,
    /// Where the box answers; a port that is asked for is never swapped [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Speak https: off, self (a certificate of the box's own authority) or files (yours).
    #[arg(long, value_name = "TLS")]
    tls: Option<String>,
    /// A name this box may be called by, besides loopback names and IP addresses. May be repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

impl Up {
    pub fn lay_over(&self, flags: &mut Flags) {
        if let Some(runtime) = &self.runtime {
            flags.set(&RUNTIME, runtime);
        }
        if let Some(listen) = &self.listen {
            flags.set(&LISTEN, listen);
        }
        if let Some(tls) = &self.tls {
            flags.set(&TLS, tls);
        }
        for name in &self.allow_host {
            flags.set(&ALLOWED_HOSTS, name);
        }
    }

    /// The same as words of a command line, for whoever starts the box later. Takes itself apart, so that a
    /// new argument cannot be forgotten here.
    pub fn words(&self) -> Vec<String> {
        let Self { runtime, listen, tls, allow_host } = self;
        let mut words = Vec::new();
        let given = [("--runtime", runtime), ("--listen", listen), ("--tls", tls)];
        let given = given.into_iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?)));
        for (flag, value) in given.chain(allow_host.iter().map(|name| ("--allow-host", name))) {
            // In one word, so that a value never looks like a flag.
            words.push(format!("{flag}={value}"));
        }
        words
    }
}

pub async fn run(up: Up, context: &Context) -> Result<(), Failure> {
    let mut flags = context.flags();
    up.lay_over(&mut flags);
    let config = files::checked(context.load(&flags)?)?;
    let as_lines = config.log.format == LogFormat::Json;
    match run::run(config, async |appliance| greet(appliance, context, as_lines).await).await? {
        Leaving::Stop => Ok(()),
        Leaving::Restart => Err(again().into()),
    }
}

/// Becomes a new start of the box, with the same arguments: the process stays the same one, so whoever
/// watches over it (a terminal, a service manager, a container engine) has nothing to do and nothing to
/// count as a failure. Where the program was replaced meanwhile, the new one runs. Returns only a failure.
fn again() -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => present(program),
        Err(error) => return anyhow::Error::new(error).context("the program does not find itself"),
    };
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    anyhow::Error::new(error).context(format!("{} cannot be started again", program.display()))
}

/// Linux marks the path of a program whose file was replaced.
fn present(program: PathBuf) -> PathBuf {
    match program.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(path) if !program.exists() => PathBuf::from(path),
        _ => program,
    }
}

/// Says where the box is and what comes next.
async fn greet(appliance: &Appliance, context: &Context, as_lines: bool) -> anyhow::Result<()> {
    let url = format!("{}://{}", appliance.config().server.tls.scheme(), visitable(appliance.address()));
    let state = match appliance.engine() {
        Ok(engine) => engine.client(Principal::Operator).get::<SetupState>("/api/v1/setup").await.ok(),
        Err(_) => None,
    };
    let mut facts = json!({ "ready": true, "url": url, "address": appliance.address() });
    let mut trust = String::new();
    if let Some(certificate) = appliance.authority() {
        let fingerprint = fingerprint(certificate);
        trust = format!(
            "  trust it once on each device: {url}/certificate\n  fingerprint (SHA-256): {fingerprint}\n"
        );
        facts["authority_sha256"] = fingerprint.into();
    }
    let text = match state {
        Some(state) if !state.has_owner => {
            let token = appliance.setup_token();
            facts["next"] = "whisperengine setup --owner NAME --password-file FILE".into();
            facts["setup_token"] = token.into();
            // Only here, and never in the log: whoever has it becomes the owner.
            format!(
                "WhisperEngine is ready at {url}\n  next: open {url}/setup and enter the set-up token {token}\n  \
                 or: whisperengine setup --owner NAME --password-file FILE\n{trust}"
            )
        }
        state => {
            if as_lines && !context.global.json {
                tracing::info!("ready at {url}");
                return Ok(());
            }
            let next = if state.is_some() { "whisperengine chat" } else { "whisperengine doctor" };
            facts["next"] = next.into();
            format!("WhisperEngine is ready at {url}\n  next: {next}\n{trust}")
        }
    };
    context.answer(&text, &facts)
}

/// Nobody can visit "every address of this machine"; loopback is one of them.
fn visitable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new([127, 0, 0, 1].into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port())
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_replaced_is_found_where_it_was() {
        let replaced = PathBuf::from("/nowhere/whisperengine (deleted)");
        assert_eq!(present(replaced), PathBuf::from("/nowhere/whisperengine"));
        let oneself = std::env::current_exe().expect("a test is a program");
        assert_eq!(present(oneself.clone()), oneself);
    }
}
