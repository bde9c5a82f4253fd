//! macOS: a launch agent without root, a launch daemon as root.
//!
//! An agent starts at its user's login and not before; only a daemon starts with the machine.

use super::account;
use super::ground::Ground;
use super::launch::{Launch, MARK};
use super::outcome::{Done, Scope, ServiceError, Standing};
use super::runner::{ANSWER, Ran, START_OR_STOP};
use super::unit_file::{self, Found};
use super::watch::{self, Came};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

const LABEL: &str = "local.whisperengine";
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// It answers before the box has let go.
const LETTING_GO: Duration = Duration::from_secs(25);
const AT_LOGIN: &str =
    "it starts when you log in; to start it with the machine, install as root with --run-as and your name";

/// The property list. `ExitTimeOut` is over the box's own 10 s; 63 is the mask 077.
pub fn render(launch: &Launch, scope: Scope) -> String {
    let words = std::iter::once(&launch.program).chain(&launch.arguments);
    let words: String = words.map(|word| format!("        <string>{}</string>\n", escape(word))).collect();
    let account = match (scope, &launch.account) {
        (Scope::System, Some(account)) => {
            format!("    <key>UserName</key>\n    <string>{}</string>\n", escape(&account.name))
        }
        _ => String::new(),
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- {MARK} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
{words}    </array>
{account}    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>ThrottleInterval</key>
    <integer>10</integer>
    <key>ExitTimeOut</key>
    <integer>20</integer>
    <key>Umask</key>
    <integer>63</integer>
</dict>
</plist>
"#
    )
}

/// For text in XML, in an element or an attribute.
pub fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&apos;"),
            _ => written.push(letter),
        }
    }
    written
}

pub struct Launchd<'a> {
    ground: &'a Ground<'a>,
    scope: Scope,
}

/// What launchd says of the job; `None` is a job it does not have.
struct Job {
    runs: bool,
    pid: Option<u32>,
}

impl<'a> Launchd<'a> {
    pub fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, scope: ground.scope() }
    }

    pub fn unit_path(&self) -> Result<PathBuf, ServiceError> {
        let folder = match self.scope {
            Scope::User => self.ground.home()?.join("Library/LaunchAgents"),
            Scope::System => self.ground.system_path("/Library/LaunchDaemons"),
        };
        Ok(folder.join(format!("{LABEL}.plist")))
    }

    pub async fn install(&self, launch: &Launch) -> Result<Done, ServiceError> {
        let path = self.unit_path()?;
        let there = unit_file::find_ours(&path)?;
        let before = self.job().await?;
        let ran = before.as_ref().is_some_and(|job| job.runs);
        if !ran {
            watch::nobody_else(&launch.data_dir)?;
        }
        let text = render(launch, self.scope);
        let differs = there.as_deref() != Some(text.as_str());
        let enabling = !self.enabled().await?;
        if differs {
            if before.is_some() {
                self.let_go().await?;
            }
            account::make_place(&launch.data_dir, launch.account.as_ref())?;
            unit_file::write(&path, text.as_bytes())?;
        }
        if enabling {
            self.must(&["enable", &self.target()]).await?;
        }
        let starting = differs || !ran;
        let see = format!("launchctl print {}", self.target());
        let mut notes = Vec::new();
        if starting {
            match before {
                Some(_) if !differs => self.must(&["kickstart", &self.target()]).await?,
                _ => self.must(&["bootstrap", &self.domain(), &path.to_string_lossy()]).await?,
            }
            let runs = async || Ok(self.job().await?.is_some_and(|job| job.runs));
            match watch::until_up(&launch.data_dir, runs).await? {
                Came::Up => {}
                Came::Slowly => notes.push("the box is still starting; it does not answer yet".to_owned()),
                Came::Down => return Err(ServiceError::DidNotStayUp { see }),
            }
        }
        if self.scope == Scope::User {
            notes.push(AT_LOGIN.to_owned());
        }
        let changed = differs || enabling || starting;
        let said = if changed {
            "the service is installed and runs now"
        } else {
            "the service is installed and running already; nothing was changed"
        };
        Ok(Done { changed, scope: self.scope, unit: path, said: said.to_owned(), see: Some(see), notes })
    }

    pub async fn remove(&self) -> Result<Done, ServiceError> {
        let path = self.unit_path()?;
        let there = unit_file::find_ours(&path)?.is_some();
        if there {
            if self.job().await?.is_some() {
                self.let_go().await?;
            }
            unit_file::remove(&path)?;
        }
        let said = if there {
            "the service is stopped and removed; everything the box keeps is untouched"
        } else {
            "there is no service of this box to remove"
        };
        let said = said.to_owned();
        Ok(Done { changed: there, scope: self.scope, unit: path, said, see: None, notes: Vec::new() })
    }

    pub async fn status(&self) -> Result<Standing, ServiceError> {
        let unit = self.unit_path()?;
        let found = unit_file::find(&unit)?;
        let installed = matches!(found, Found::Ours(_));
        let job = if installed { self.job().await? } else { None };
        let mut notes = Vec::new();
        if found == Found::Foreign {
            notes.push("a property list of this name is there, and it is not ours".to_owned());
        }
        if installed && self.scope == Scope::User {
            notes.push(AT_LOGIN.to_owned());
        }
        Ok(Standing {
            manager: "launchd",
            scope: self.scope,
            installed,
            enabled: installed && self.enabled().await?,
            running: job.as_ref().is_some_and(|job| job.runs),
            pid: job.and_then(|job| job.pid),
            unit,
            starts_without_login: installed.then_some(self.scope == Scope::System),
            notes,
        })
    }

    async fn job(&self) -> Result<Option<Job>, ServiceError> {
        let ran = self.ground.ask(&["launchctl", "print", &self.target()], ANSWER).await?;
        Ok(ran.succeeded.then(|| Job::read(&ran)))
    }

    /// Off only where somebody has turned it off by hand.
    async fn enabled(&self) -> Result<bool, ServiceError> {
        let ran = self.ground.ask(&["launchctl", "print-disabled", &self.domain()], ANSWER).await?;
        let name = format!("\"{LABEL}\"");
        let off = |line: &str| line.contains("disabled") || line.contains("true");
        Ok(!ran.stdout.lines().any(|line| line.trim_start().starts_with(&name) && off(line)))
    }

    /// Stops it, and waits until launchd no longer has it: it takes no new one before that.
    async fn let_go(&self) -> Result<(), ServiceError> {
        self.must(&["bootout", &self.target()]).await?;
        let deadline = Instant::now() + LETTING_GO;
        while self.job().await?.is_some() {
            if Instant::now() >= deadline {
                let next = "the box does not end; look at it, then run this again".to_owned();
                let said = "the job is still there".to_owned();
                let command = format!("launchctl bootout {}", self.target());
                return Err(ServiceError::Refused { command, said, next });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn must(&self, arguments: &[&str]) -> Result<(), ServiceError> {
        let command = [&["launchctl"], arguments].concat();
        let next = "put that right, then run this again";
        self.ground.must(&command, START_OR_STOP, next).await.map(drop)
    }

    fn domain(&self) -> String {
        match self.scope {
            Scope::User => format!("gui/{}", self.ground.user),
            Scope::System => "system".to_owned(),
        }
    }

    fn target(&self) -> String {
        format!("{}/{LABEL}", self.domain())
    }
}

impl Job {
    /// The listing is nested; what stands in it first is the job's own.
    fn read(ran: &Ran) -> Self {
        let value = |name: &str| {
            let mut lines = ran.stdout.lines().map(str::trim);
            lines.find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix("= "))
        };
        Self { runs: value("state") == Some("running"), pid: value("pid").and_then(|pid| pid.parse().ok()) }
    }
}
