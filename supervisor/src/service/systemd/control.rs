//! Installing, removing and asking through `systemctl` and `loginctl`.

use super::super::account;
use super::super::ground::Ground;
use super::super::launch::Launch;
use super::super::outcome::{Done, Scope, ServiceError, Standing};
use super::super::runner::{ANSWER, START_OR_STOP};
use super::super::unit_file::{self, Found};
use super::super::watch::{self, Came};
use super::unit;
use std::collections::BTreeMap;
use std::path::PathBuf;

const UNIT: &str = "whisperengine.service";
/// What systemd itself goes by to tell whether it is the init of this machine.
const BOOTED: &str = "/run/systemd/system";
const PROPERTIES: &str = "--property=LoadState,UnitFileState,ActiveState,MainPID,NeedDaemonReload";

pub struct Systemd<'a> {
    ground: &'a Ground<'a>,
    scope: Scope,
}

/// What systemd says of the unit.
#[derive(Debug, Default)]
struct Shown(BTreeMap<String, String>);

impl Shown {
    fn is(&self, property: &str, value: &str) -> bool {
        self.0.get(property).is_some_and(|shown| shown == value)
    }

    /// Not while it waits to be started again, which is how a crash looks.
    fn runs(&self) -> bool {
        self.is("ActiveState", "active") || self.is("ActiveState", "reloading")
    }

    fn pid(&self) -> Option<u32> {
        self.0.get("MainPID").and_then(|pid| pid.parse().ok()).filter(|pid| *pid != 0)
    }
}

impl<'a> Systemd<'a> {
    pub fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, scope: ground.scope() }
    }

    pub fn unit_path(&self) -> Result<PathBuf, ServiceError> {
        match self.scope {
            Scope::System => Ok(self.system_path()),
            Scope::User => {
                let asked = self.ground.variable("XDG_CONFIG_HOME").map(PathBuf::from);
                let config = match asked.filter(|path| path.is_absolute()) {
                    Some(path) => path,
                    None => self.ground.home()?.join(".config"),
                };
                Ok(config.join("systemd/user").join(UNIT))
            }
        }
    }

    fn system_path(&self) -> PathBuf {
        self.ground.system_path("/etc/systemd/system").join(UNIT)
    }

    pub async fn install(&self, launch: &Launch) -> Result<Done, ServiceError> {
        self.must_be_booted(|| launch.by_hand())?;
        let path = self.unit_path()?;
        if self.scope == Scope::User && matches!(unit_file::find(&self.system_path())?, Found::Ours(_)) {
            return Err(ServiceError::OnMachine(self.system_path()));
        }
        let before = self.shown().await?;
        if before.is("LoadState", "masked") {
            let next = self.words(&["unmask", UNIT]).join(" ");
            return Err(ServiceError::Masked { unit: UNIT.to_owned(), next });
        }
        let there = unit_file::find_ours(&path)?;
        if !before.runs() {
            watch::nobody_else(&launch.data_dir)?;
        }
        account::make_place(&launch.data_dir, launch.account.as_ref())?;
        let text = unit::render(launch, self.scope);
        let differs = there.as_deref() != Some(text.as_str());
        if differs {
            unit_file::write(&path, text.as_bytes())?;
        }
        if differs || before.is("NeedDaemonReload", "yes") {
            self.must(&["daemon-reload"]).await?;
        }
        let enabling = !before.is("UnitFileState", "enabled");
        if enabling {
            self.must(&["enable", UNIT]).await?;
        }
        let starting = differs || !before.runs();
        let mut notes = Vec::new();
        if starting {
            // What failed often before may be tried again; where nothing failed this says no.
            self.ask(&["reset-failed", UNIT]).await?;
            let verb = if before.runs() { "restart" } else { "start" };
            let command = self.words(&[verb, UNIT]);
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            let next = format!("see why with: {}", self.journal());
            self.ground.must(&command, START_OR_STOP, &next).await?;
            let runs = async || Ok(self.shown().await?.runs());
            match watch::until_up(&launch.data_dir, runs).await? {
                Came::Up => {}
                Came::Slowly => notes.push("the box is still starting; it does not answer yet".to_owned()),
                Came::Down => return Err(ServiceError::DidNotStayUp { see: self.journal() }),
            }
        }
        if self.scope == Scope::User {
            notes.extend(self.linger().await?.err());
        }
        let changed = differs || enabling || starting;
        let said = match (changed, there.is_some()) {
            (false, _) => "the service is installed and running already; nothing was changed",
            (true, false) => "the service is installed, starts with this machine, and runs now",
            (true, true) if differs => "the service is changed, starts with this machine, and runs anew",
            (true, true) => "the service was there; it starts with this machine again, and runs now",
        };
        Ok(Done {
            changed,
            scope: self.scope,
            unit: path,
            said: said.to_owned(),
            see: Some(self.words(&["status", UNIT]).join(" ")),
            notes,
        })
    }

    pub async fn remove(&self) -> Result<Done, ServiceError> {
        let path = self.unit_path()?;
        let mut done = Done {
            changed: false,
            scope: self.scope,
            unit: path.clone(),
            said: "there is no service of this box to remove".to_owned(),
            see: None,
            notes: Vec::new(),
        };
        if unit_file::find_ours(&path)?.is_none() {
            if self.scope == Scope::User && matches!(unit_file::find(&self.system_path())?, Found::Ours(_)) {
                return Err(ServiceError::OnMachine(self.system_path()));
            }
            return Ok(done);
        }
        self.must_be_booted(|| "whisperengine up".to_owned())?;
        let next = format!("nothing was removed; see why with: {}", self.journal());
        let command = self.words(&["disable", "--now", UNIT]);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.ground.must(&command, START_OR_STOP, &next).await?;
        unit_file::remove(&path)?;
        self.must(&["daemon-reload"]).await?;
        // A box that had failed stays in the list until it is forgotten; most had not.
        self.ask(&["reset-failed", UNIT]).await?;
        done.changed = true;
        "the service is stopped and removed; everything the box keeps is untouched"
            .clone_into(&mut done.said);
        if self.scope == Scope::User && self.lingers().await? {
            let user = self.ground.user;
            done.notes.push(format!(
                "your services still start without a login; if nothing else of yours needs that: loginctl disable-linger {user}"
            ));
        }
        Ok(done)
    }

    /// A user without a service of their own is told of the machine's.
    pub async fn status(&self) -> Result<Standing, ServiceError> {
        let own = self.unit_path()?;
        let on_machine = self.scope == Scope::User
            && unit_file::find(&own)? == Found::Absent
            && matches!(unit_file::find(&self.system_path())?, Found::Ours(_));
        if on_machine {
            return Self { ground: self.ground, scope: Scope::System }.standing(self.system_path()).await;
        }
        self.standing(own).await
    }

    async fn standing(&self, unit: PathBuf) -> Result<Standing, ServiceError> {
        let found = unit_file::find(&unit)?;
        let mut standing = Standing {
            manager: "systemd",
            scope: self.scope,
            installed: matches!(found, Found::Ours(_)),
            enabled: false,
            running: false,
            pid: None,
            starts_without_login: None,
            notes: Vec::new(),
            unit,
        };
        if found == Found::Foreign {
            standing.notes.push("a unit of this name is there, and it is not ours".to_owned());
        }
        if !self.ground.machine.exists(BOOTED) {
            standing.notes.push("there is no systemd running here".to_owned());
            return Ok(standing);
        }
        if !standing.installed {
            return Ok(standing);
        }
        let shown = self.shown().await?;
        standing.enabled = shown.is("UnitFileState", "enabled");
        standing.running = shown.runs();
        standing.pid = shown.pid().filter(|_| standing.running);
        if shown.is("ActiveState", "failed") {
            standing.notes.push(format!("it failed; see why with: {}", self.journal()));
        }
        standing.starts_without_login = Some(match self.scope {
            Scope::System => true,
            Scope::User => self.lingers().await?,
        });
        if standing.starts_without_login == Some(false) {
            standing.notes.push(self.how_to_linger());
        }
        Ok(standing)
    }

    fn must_be_booted(&self, by_hand: impl FnOnce() -> String) -> Result<(), ServiceError> {
        if self.ground.machine.exists(BOOTED) {
            Ok(())
        } else {
            Err(ServiceError::NoManager { by_hand: by_hand() })
        }
    }

    /// The first question of every flow, and so the one that finds a manager that cannot be spoken to.
    async fn shown(&self) -> Result<Shown, ServiceError> {
        let next = match self.scope {
            Scope::User => {
                "the systemd of this user is reached from a login of their own, not through su; \
                 or install for the machine as root"
            }
            Scope::System => "look at the machine's systemd first",
        };
        let command = self.words(&["show", UNIT, PROPERTIES]);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let ran = self.ground.must(&command, ANSWER, next).await?;
        let pairs = ran.stdout.lines().filter_map(|line| line.split_once('='));
        Ok(Shown(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()))
    }

    /// `Err` holds what the owner has to do themselves.
    async fn linger(&self) -> Result<Result<(), String>, ServiceError> {
        if self.lingers().await? {
            return Ok(Ok(()));
        }
        let user = self.ground.user.to_string();
        let ran = self.ground.ask(&["loginctl", "--no-ask-password", "enable-linger", &user], ANSWER).await?;
        Ok(if ran.succeeded { Ok(()) } else { Err(self.how_to_linger()) })
    }

    /// Somebody who is not logged in and does not linger is unknown to it, which is a no.
    async fn lingers(&self) -> Result<bool, ServiceError> {
        let user = self.ground.user.to_string();
        let ran = self.ground.ask(&["loginctl", "show-user", &user, "--property=Linger"], ANSWER).await?;
        Ok(ran.succeeded && ran.stdout.trim() == "Linger=yes")
    }

    fn how_to_linger(&self) -> String {
        let user = self.ground.user;
        format!(
            "it starts only once you log in; to start it with the machine: sudo loginctl enable-linger {user}"
        )
    }

    fn journal(&self) -> String {
        match self.scope {
            Scope::User => format!("journalctl --user --unit {UNIT} --lines 30"),
            Scope::System => format!("journalctl --unit {UNIT} --lines 30"),
        }
    }

    fn words(&self, arguments: &[&str]) -> Vec<String> {
        let before: &[&str] = match self.scope {
            Scope::User => &["systemctl", "--user"],
            Scope::System => &["systemctl"],
        };
        before.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
    }

    async fn must(&self, arguments: &[&str]) -> Result<(), ServiceError> {
        let command = self.words(arguments);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let next = "put that right, then run this again";
        self.ground.must(&command, ANSWER, next).await.map(drop)
    }

    async fn ask(&self, arguments: &[&str]) -> Result<(), ServiceError> {
        let command = self.words(arguments);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        Ok(self.ground.ask(&command, ANSWER).await.map(drop)?)
    }
}
