//! The unit file. In goes what is to be run, out comes its text; nothing is looked at or touched.
//!
//! Closed are all doors the box does not use. Left open on purpose: devices (a model may compute on a
//! graphics card, and `ProtectClock=` would close them too), memory that is both writable and executable
//! (its drivers need that), and namespaces.

use super::super::launch::{Launch, MARK};
use super::super::outcome::Scope;
use super::escape;

/// The box ends within 10 s of the word to stop; this is for slow disks.
const STOP: &str = "20s";
/// What the box never does, and what every manager may forbid, a user's own too.
const CLOSED: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";
/// These take privileges away, which a user's manager has no right to do: the start would fail there.
const CLOSED_ON_MACHINE: &str = "\
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
";

pub fn render(launch: &Launch, scope: Scope) -> String {
    let place = escape::path(launch.data_dir());
    let edit = match scope {
        Scope::User => "systemctl --user edit",
        Scope::System => "systemctl edit",
    };
    let mut text = format!(
        "# {MARK}\n# It is replaced whole when that runs again; put changes of your own into `{edit} whisperengine`.\n\n"
    );
    text.push_str("[Unit]\nDescription=WhisperEngine\n");
    if scope == Scope::System {
        text.push_str(&format!("After=network.target\nRequiresMountsFor={place}\n"));
    }
    text.push_str("StartLimitIntervalSec=10min\nStartLimitBurst=30\n\n");

    text.push_str(&format!("[Service]\nType=exec\nExecStart={}\n", command(launch)));
    if let (Scope::System, Some(account)) = (scope, &launch.account) {
        text.push_str(&format!("User={}\n", account.name));
    }
    text.push_str("Restart=on-failure\nRestartSec=5s\n");
    text.push_str("# A wrong command line or configuration does not get better by trying again.\n");
    text.push_str("RestartPreventExitStatus=2 64\n");
    text.push_str(&format!("TimeoutStopSec={STOP}\nKillMode=mixed\nUMask=0077\n\n"));

    text.push_str(CLOSED);
    if lies_in_temporary(launch) {
        // A private one would hide the box from itself.
        text.push_str(&format!("ReadWritePaths={place} /tmp /var/tmp\n"));
    } else {
        text.push_str(&format!("ReadWritePaths={place}\nPrivateTmp=yes\n"));
    }
    if scope == Scope::System {
        text.push_str(CLOSED_ON_MACHINE);
        let kept = if launch.wants_low_port { "CAP_NET_BIND_SERVICE" } else { "" };
        text.push_str(&format!("CapabilityBoundingSet={kept}\nAmbientCapabilities={kept}\n"));
    }

    let target = match scope {
        Scope::User => "default.target",
        Scope::System => "multi-user.target",
    };
    text.push_str(&format!("\n[Install]\nWantedBy={target}\n"));
    text
}

fn command(launch: &Launch) -> String {
    let arguments = launch.arguments.iter().map(|argument| escape::argument(argument));
    let mut words = if escape::may_be_program(&launch.program) {
        vec![escape::path(&launch.program)]
    } else {
        let shell = escape::argument(r#"exec "$0" "$@""#);
        vec!["/bin/sh".to_owned(), "-c".to_owned(), shell, escape::argument(&launch.program)]
    };
    words.extend(arguments);
    words.join(" ")
}

fn lies_in_temporary(launch: &Launch) -> bool {
    let paths = [launch.data_dir(), &launch.program];
    paths.iter().any(|path| ["/tmp/", "/var/tmp/"].iter().any(|temporary| path.starts_with(temporary)))
}
