//! Windows: a task of the Task Scheduler that starts when its user logs on, with that user's rights.
//!
//! A real Windows service would have to speak the service protocol and run as another account; a task
//! needs neither, nor an administrator. The scheduler rewrites what it is given, so the text it was given
//! is kept beside the settings, and two installs can be told apart.

use super::account;
use super::ground::Ground;
use super::launch::{Launch, MARK};
use super::launchd::escape;
use super::outcome::{Done, Scope, ServiceError, Standing};
use super::runner::{ANSWER, START_OR_STOP};
use super::unit_file;
use super::watch::{self, Came};
use std::path::{Path, PathBuf};

const TASK: &str = "WhisperEngine";
/// States are told in English whatever the language of the machine, unlike by `schtasks`.
const QUESTION: &str = "$t = Get-ScheduledTask -TaskName 'WhisperEngine' -ErrorAction SilentlyContinue; \
    if ($t) { $t.State; $t.Description }";
const SEE: &str = "schtasks /Query /TN WhisperEngine /V /FO LIST";
const AT_LOGIN: &str = "it starts when you log on, not before";

/// The task, as text. `user` is `DOMAIN\name`.
pub fn render(launch: &Launch, user: Option<&str>) -> String {
    let user = user.map(|user| format!("<UserId>{}</UserId>", escape(user))).unwrap_or_default();
    let arguments: Vec<String> = launch.arguments.iter().map(|argument| quoted(argument)).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<!-- {MARK} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{MARK}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled>{user}</LogonTrigger></Triggers>
  <Principals><Principal id="Author">{user}<LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>10</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec><Command>{}</Command><Arguments>{}</Arguments></Exec></Actions>
</Task>
"#,
        escape(&launch.program),
        escape(&arguments.join(" ")),
    )
}

/// What `schtasks` reads: UTF-16 with its mark.
pub fn encode(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.replace('\n', "\r\n").encode_utf16().collect::<Vec<_>>());
    units.flat_map(u16::to_le_bytes).collect()
}

/// One argument as a Windows program takes its command line apart: backslashes count only before a quote.
pub fn quoted(argument: &str) -> String {
    if !argument.is_empty() && !argument.contains([' ', '"', '\t']) {
        return argument.to_owned();
    }
    let mut written = String::from('"');
    let mut backslashes = 0;
    for letter in argument.chars() {
        match letter {
            '\\' => backslashes += 1,
            '"' => {
                written.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        written.push(letter);
    }
    written.push_str(&"\\".repeat(backslashes));
    written.push('"');
    written
}

pub struct Tasks<'a> {
    ground: &'a Ground<'a>,
}

/// What the scheduler has under our name.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Absent,
    Foreign,
    Ours { enabled: bool, runs: bool },
}

impl<'a> Tasks<'a> {
    pub fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground }
    }

    pub fn unit_path(data_dir: &Path) -> PathBuf {
        data_dir.join("config").join("service.xml")
    }

    pub fn render(&self, launch: &Launch) -> String {
        let (domain, name) = (self.ground.variable("USERDOMAIN"), self.ground.variable("USERNAME"));
        let user = domain.zip(name).map(|(domain, name)| format!("{domain}\\{name}"));
        render(launch, user.as_deref())
    }

    pub async fn install(&self, launch: &Launch) -> Result<Done, ServiceError> {
        let path = Self::unit_path(launch.data_dir.root());
        let before = self.task().await?;
        if before == Task::Foreign {
            return Err(ServiceError::Foreign(PathBuf::from(TASK)));
        }
        let ran = matches!(before, Task::Ours { runs: true, .. });
        if !ran {
            watch::nobody_else(&launch.data_dir)?;
        }
        let content = encode(&self.render(launch));
        let same = std::fs::read(&path).is_ok_and(|there| there == content);
        let differs = !same || !matches!(before, Task::Ours { enabled: true, .. });
        if differs {
            account::make_place(&launch.data_dir, launch.account.as_ref())?;
            unit_file::write(&path, &content)?;
            if ran {
                self.must(&["schtasks", "/End", "/TN", TASK]).await?;
            }
            let file = path.to_string_lossy();
            self.must(&["schtasks", "/Create", "/TN", TASK, "/XML", &file, "/F"]).await?;
        }
        let mut notes = vec![AT_LOGIN.to_owned()];
        let starting = differs || !ran;
        if starting {
            self.must(&["schtasks", "/Run", "/TN", TASK]).await?;
            let runs = async || Ok(matches!(self.task().await?, Task::Ours { runs: true, .. }));
            match watch::until_up(&launch.data_dir, runs).await? {
                Came::Up => {}
                Came::Slowly => notes.push("the box is still starting; it does not answer yet".to_owned()),
                Came::Down => return Err(ServiceError::DidNotStayUp { see: SEE.to_owned() }),
            }
        }
        let said = if starting {
            "the service is installed and runs now"
        } else {
            "the service is installed and running already; nothing was changed"
        };
        let (said, see) = (said.to_owned(), Some(SEE.to_owned()));
        Ok(Done { changed: starting, scope: Scope::User, unit: path, said, see, notes })
    }

    pub async fn remove(&self, data_dir: &Path) -> Result<Done, ServiceError> {
        let path = Self::unit_path(data_dir);
        let there = match self.task().await? {
            Task::Foreign => return Err(ServiceError::Foreign(PathBuf::from(TASK))),
            Task::Absent => false,
            Task::Ours { runs, .. } => {
                if runs {
                    self.must(&["schtasks", "/End", "/TN", TASK]).await?;
                }
                self.must(&["schtasks", "/Delete", "/TN", TASK, "/F"]).await?;
                true
            }
        };
        unit_file::remove(&path)?;
        let said = if there {
            "the service is stopped and removed; everything the box keeps is untouched"
        } else {
            "there is no service of this box to remove"
        };
        let said = said.to_owned();
        Ok(Done { changed: there, scope: Scope::User, unit: path, said, see: None, notes: Vec::new() })
    }

    pub async fn status(&self, data_dir: &Path) -> Result<Standing, ServiceError> {
        let (installed, enabled, running, note) = match self.task().await? {
            Task::Absent => (false, false, false, None),
            Task::Foreign => (false, false, false, Some("a task of this name is there, and it is not ours")),
            Task::Ours { enabled, runs } => (true, enabled, runs, Some(AT_LOGIN)),
        };
        Ok(Standing {
            manager: "task_scheduler",
            scope: Scope::User,
            installed,
            enabled,
            running,
            pid: None,
            unit: Self::unit_path(data_dir),
            starts_without_login: installed.then_some(false),
            notes: note.map(str::to_owned).into_iter().collect(),
        })
    }

    async fn task(&self) -> Result<Task, ServiceError> {
        let command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", QUESTION];
        let next = "look at the Task Scheduler, then run this again";
        let ran = self.ground.must(&command, ANSWER, next).await?;
        let mut lines = ran.stdout.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(match (lines.next(), lines.next()) {
            (None, _) => Task::Absent,
            (Some(state), Some(MARK)) => {
                Task::Ours { enabled: state != "Disabled", runs: state == "Running" }
            }
            _ => Task::Foreign,
        })
    }

    async fn must(&self, command: &[&str]) -> Result<(), ServiceError> {
        let next = "put that right, then run this again";
        self.ground.must(command, START_OR_STOP, next).await.map(drop)
    }
}
