//! The units as they are written. How systemd reads them back is a story of its own.

use crate::config::data_dir::DataDir;
use crate::service::account::Account;
use crate::service::launch::Launch;
use crate::service::outcome::Scope;
use crate::service::systemd::unit;
use crate::service::unit_file::is_ours;
use crate::service::{launchd, windows};
use std::path::Path;

const HOSTILE: &str = r#"/srv/100% "Ada's" $HOME\n <b>&本/"#;

fn launch(program: &str, dir: &str, more: &[&str]) -> anyhow::Result<Launch> {
    let more = more.iter().map(|word| (*word).to_owned()).collect();
    Ok(Launch::new(Path::new(program), &DataDir::at(Path::new(dir))?, more)?)
}

#[test]
fn a_user_unit() -> anyhow::Result<()> {
    let launch = launch("/home/ada/bin/whisperengine", "/home/ada/.whisperengine", &["--listen=[::1]:8080"])?;
    let text = unit::render(&launch, Scope::User);
    assert!(is_ours(&text));
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn a_system_unit_with_an_account_and_a_low_port() -> anyhow::Result<()> {
    let mut launch = launch("/usr/bin/whisperengine", "/srv/box", &["--listen=0.0.0.0:80"])?;
    launch.account = Some(Account { name: "ada".to_owned(), user: 1000, group: 1000 });
    launch.wants_low_port = true;
    insta::assert_snapshot!(unit::render(&launch, Scope::System));
    Ok(())
}

#[test]
fn a_system_unit_without_a_low_port_keeps_no_privilege() -> anyhow::Result<()> {
    let text = unit::render(&launch("/usr/bin/whisperengine", "/srv/box", &[])?, Scope::System);
    assert!(
        text.contains("\nCapabilityBoundingSet=\n") && text.contains("\nAmbientCapabilities=\n"),
        "{text}"
    );
    assert!(!text.contains("User="), "{text}");
    Ok(())
}

#[test]
fn a_users_manager_is_asked_for_nothing_that_it_may_not_do() -> anyhow::Result<()> {
    let mut launch = launch("/usr/bin/whisperengine", "/srv/box", &[])?;
    launch.account = Some(Account { name: "ada".to_owned(), user: 1000, group: 1000 });
    launch.wants_low_port = true;
    let text = unit::render(&launch, Scope::User);
    let forbidden = [
        "User=",
        "Capabilit",
        "ProtectKernelModules",
        "ProtectKernelLogs",
        "ProtectHostname",
        "ProtectClock",
    ];
    for word in forbidden {
        assert!(!text.contains(word), "{word} would end the start with 216 or 218: {text}");
    }
    Ok(())
}

#[test]
fn hostile_paths_in_a_system_unit() -> anyhow::Result<()> {
    let program = format!("{HOSTILE}whisperengine");
    let launch = launch(&program, HOSTILE, &["--allow-host=a b;$x%n", ";"])?;
    insta::assert_snapshot!(unit::render(&launch, Scope::System));
    Ok(())
}

#[test]
fn a_box_in_a_temporary_folder_is_not_hidden_from_itself() -> anyhow::Result<()> {
    for (program, dir) in [
        ("/usr/bin/whisperengine", "/tmp/box"),
        ("/var/tmp/whisperengine", "/srv/box"),
        ("/tmp/w", "/tmp/box"),
    ] {
        let text = unit::render(&launch(program, dir, &[])?, Scope::System);
        assert!(!text.contains("PrivateTmp"), "{text}");
        assert!(text.contains(&format!("ReadWritePaths={dir} /tmp /var/tmp\n")), "{text}");
    }
    let text = unit::render(&launch("/usr/bin/whisperengine", "/tmpfiles/box", &[])?, Scope::System);
    assert!(text.contains("PrivateTmp=yes"), "only the folder itself is temporary");
    Ok(())
}

#[test]
fn a_launch_agent() -> anyhow::Result<()> {
    let launch = launch("/Applications/whisperengine", HOSTILE, &["--listen=127.0.0.1:9000"])?;
    let text = launchd::render(&launch, Scope::User);
    assert!(is_ours(&text));
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn a_launch_daemon_names_its_account() -> anyhow::Result<()> {
    let mut launch = launch("/usr/local/bin/whisperengine", "/Users/ada/box", &[])?;
    launch.account = Some(Account { name: "ada".to_owned(), user: 501, group: 20 });
    let text = launchd::render(&launch, Scope::System);
    assert!(text.contains("<key>UserName</key>\n    <string>ada</string>"), "{text}");
    Ok(())
}

#[test]
fn a_task() -> anyhow::Result<()> {
    let mut launch = launch("/unused", "/unused", &[])?;
    launch.program = r"C:\Program Files\Whisper & Engine\whisperengine.exe".to_owned();
    launch.arguments = vec!["up".into(), "--data-dir".into(), r"C:\Users\Ada <3\".into(), r#"a\"b"#.into()];
    let text = windows::render(&launch, Some(r"HOME\Ada"));
    assert!(is_ours(&text));
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn a_windows_argument_is_read_back_as_it_was() {
    let table = [
        ("up", "up"),
        ("", r#""""#),
        (r"C:\box", r"C:\box"),
        (r"C:\my box", r#""C:\my box""#),
        (r"C:\my box\", r#""C:\my box\\""#),
        (r#"a"b"#, r#""a\"b""#),
        (r#"a\"b"#, r#""a\\\"b""#),
        (r"a\\", r"a\\"),
    ];
    for (text, written) in table {
        assert_eq!(windows::quoted(text), written, "{text}");
    }
}

#[test]
fn a_task_is_told_in_utf_16_with_its_mark() {
    assert_eq!(windows::encode("ä\n"), [0xFF, 0xFE, 0xE4, 0, b'\r', 0, b'\n', 0]);
}
