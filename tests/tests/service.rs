//! The box as a service: what the program would install, read by the real systemd.

use anyhow::{Context, ensure};
use rustix::fs::{Mode, chmod};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tests::process::Home;
use tests::{binary, skip};

const SOON: Duration = Duration::from_secs(20);
/// Every letter that means something in a unit, and some that only look odd.
const HOSTILE: &str = r#"100% %h "Ada's" $HOME ${x} a\nb ;#本"#;
const UNIT: &str = "whisperengine.service";

/// A program and a data directory at hostile places, and the unit that the program writes for them.
struct Installed {
    home: Home,
    program: PathBuf,
    data_dir: PathBuf,
}

impl Installed {
    fn new() -> anyhow::Result<Self> {
        let home = Home::new()?;
        // Others look at it too: systemd refuses to play through a start as root.
        chmod(home.path(), Mode::from_raw_mode(0o755))?;
        let folder = home.path().join(HOSTILE);
        std::fs::create_dir(&folder)?;
        chmod(&folder, Mode::from_raw_mode(0o777))?;
        let program = folder.join("whisperengine");
        let built = binary::whisperengine()?;
        if std::fs::hard_link(&built, &program).is_err() {
            std::fs::copy(&built, &program).context("the program could not be copied")?;
        }
        Ok(Self { data_dir: folder.join("box"), home, program })
    }

    /// Writes the unit into a folder of its own. `before` runs the program as somebody else.
    fn unit(&self, before: &[&str], folder: &str) -> anyhow::Result<PathBuf> {
        let mut words: Vec<&std::ffi::OsStr> = before.iter().map(std::ffi::OsStr::new).collect();
        words.push(self.program.as_os_str());
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(["service", "install", "--dry-run", "--allow-host=box.example"]);
        command.arg("--data-dir").arg(&self.data_dir).env_clear().env("HOME", self.home.path());
        command.env("PATH", std::env::var_os("PATH").context("there is no PATH")?);
        let output = command.output()?;
        ensure!(output.status.success(), "{output:?}");
        let folder = self.home.path().join(folder);
        std::fs::create_dir(&folder)?;
        let unit = folder.join(UNIT);
        std::fs::write(&unit, output.stdout)?;
        Ok(unit)
    }
}

fn verify(unit: &Path, more: &[&str], home: &Home) -> anyhow::Result<()> {
    // A user's units are looked up by this folder, and for no other reason.
    let analyze = Command::new("systemd-analyze")
        .args(more)
        .args(["verify", "--man=no"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", home.path())
        .output()?;
    ensure!(analyze.status.success() && said(&analyze).is_empty(), "{}", said(&analyze));
    Ok(())
}

/// What systemd says about us; a machine without init may lack things that are none of our business.
fn said(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    told.lines().filter(|line| line.contains("whisperengine")).collect::<Vec<_>>().join("\n")
}

fn without_systemd() -> bool {
    !matches!(Command::new("systemd-analyze").arg("--version").output(), Ok(output) if output.status.success())
}

#[tokio::test]
async fn systemd_takes_the_units_whole_whatever_the_paths_hold() -> anyhow::Result<()> {
    if without_systemd() {
        return Ok(skip::report("service::systemd_takes_the_units", "there is no systemd-analyze")?);
    }
    let installed = Installed::new()?;
    let unit = installed.unit(&["env"], "as-asked")?;
    let is_root = rustix::process::geteuid().is_root();
    verify(&unit, if is_root { &[] } else { &["--user"] }, &installed.home)?;
    if is_root {
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        let unit = installed.unit(&nobody, "of-a-user")?;
        let text = std::fs::read_to_string(&unit)?;
        ensure!(text.contains("WantedBy=default.target"), "no user unit: {text}");
        verify(&unit, &["--user"], &installed.home)?;
    }
    // The check can fail: a unit with a line that is none is told.
    let broken = std::fs::read_to_string(&unit)?.replace("KillMode=mixed", "KillMode=gently");
    std::fs::write(&unit, broken)?;
    assert!(verify(&unit, &[], &installed.home).is_err());
    ensure!(!installed.data_dir.exists(), "a preview makes nothing");
    Ok(())
}

#[tokio::test]
async fn systemd_reads_the_hostile_paths_back_as_they_are() -> anyhow::Result<()> {
    let name = "service::systemd_reads_the_hostile_paths_back";
    let systemd = Path::new("/lib/systemd/systemd");
    if without_systemd() || !systemd.exists() {
        return Ok(skip::report(name, "there is no systemd")?);
    }
    if !rustix::process::geteuid().is_root() {
        return Ok(skip::report(name, "only root can write a unit for the machine")?);
    }
    let installed = Installed::new()?;
    let unit = installed.unit(&["env"], "units")?;
    let folder = unit.parent().context("it lies in a folder")?;
    let played = Command::new("timeout")
        .args(["20", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(systemd)
        .args(["--test", "--system", "--no-pager", &format!("--unit={UNIT}")])
        // The colon adds the system's own folders.
        .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display()))
        .env("XDG_RUNTIME_DIR", folder)
        .output()?;
    ensure!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let told = String::from_utf8_lossy(&played.stdout).into_owned();
    let ours = told.split("-> Unit ").find(|part| part.starts_with(&format!("{UNIT}:")));
    let ours = ours.context("systemd did not plan to start the box")?;
    let writable = ours.lines().find_map(|line| line.trim().strip_prefix("ReadWritePaths: "));
    let place = installed.data_dir.display().to_string();
    assert!(writable.is_some_and(|paths| paths.split(" /").next() == Some(&place)), "{writable:?}");
    Ok(())
}

#[tokio::test]
async fn where_no_service_manager_runs_the_box_says_how_to_start_it_by_hand() -> anyhow::Result<()> {
    if Path::new("/run/systemd/system").exists() {
        let reason = "systemd runs here, and a test installs nothing on somebody's machine";
        return Ok(skip::report("service::where_no_service_manager_runs", reason)?);
    }
    let home = Home::new()?;
    let refused = home.run(&["service", "install", "--listen", "127.0.0.1:0"], SOON).await?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains(" up --data-dir "), "{refused:?}");
    let status = home.run(&["service", "status", "--json"], SOON).await?;
    let status: serde_json::Value = serde_json::from_str(&status.stdout)?;
    assert_eq!((&status["installed"], &status["running"]), (&false.into(), &false.into()));
    let removed = home.run(&["service", "remove", "--json"], SOON).await?;
    let removed: serde_json::Value = serde_json::from_str(&removed.stdout)?;
    assert_eq!(removed["changed"], false);
    assert!(!home.data_dir().exists(), "nothing was made");
    let wrong = home.run(&["service", "install", "--listen", "nowhere"], SOON).await?;
    assert_eq!(wrong.status.code(), Some(64), "a wrong configuration is told now, not at the next reboot");
    Ok(())
}
