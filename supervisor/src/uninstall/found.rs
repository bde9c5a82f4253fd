//! What a box has: in the container engine, with the service manager, on the disk.

use crate::config::areas::Database;
use crate::config::load::Config;
use crate::daemon::belongings::Belongings;
use crate::daemon::connection::Daemon;
use crate::daemon::labels::Labels;
use crate::daemon::line;
use crate::service::manager::Manager;
use crate::services::name::ServiceName;
use crate::state::open::{State, StateError};
use anyhow::{Context as _, bail, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(10);
const UNREAD: &str = "the box's own records do not tell what it has in a container engine; --without-engine goes on \
                      without them and leaves what may be there";

/// Everything that can go, and how it is reached.
pub struct Found {
    pub root: PathBuf,
    /// Where the directory is there.
    pub is_there: bool,
    /// `None` where there are none, or nobody needs them.
    pub records: Option<State>,
    pub engine: Option<(Box<Daemon>, Belongings)>,
    /// The unit that starts this box.
    pub unit: Option<PathBuf>,
    pub notes: Vec<String>,
}

/// The same, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    pub containers: Vec<String>,
    pub networks: Vec<String>,
    pub volumes: Vec<String>,
    pub service: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    /// What stays.
    pub notes: Vec<String>,
}

/// Changes nothing. `without_engine`: whatever may be in a container engine is left there.
pub async fn look(
    config: &Config,
    manager: Option<&Manager<'_>>,
    without_engine: bool,
) -> anyhow::Result<Found> {
    let root = config.data_dir.root().to_owned();
    let mut notes = Vec::new();
    let file = config.data_dir.appliance_database();
    let has_records = file.exists();
    let records = if has_records && !without_engine { Some(opened(&file).await?) } else { None };
    let engine = match &records {
        Some(state) => in_engine(config, state, &mut notes).await?,
        None => None,
    };
    if without_engine {
        notes.push("what the box has in a container engine stays there, as you wished".to_owned());
    }
    let unit = match manager {
        Some(manager) => unit_of(manager, &root, &mut notes).await,
        None => None,
    };
    if let Database::Postgres(_) = config.database {
        notes.push(
            "what is in your PostgreSQL server stays there; drop its database to be rid of it".to_owned(),
        );
    }
    if engine.is_some() {
        notes.push("images stay with the container engine; other programs may use them".to_owned());
    }
    // A folder that happens to have folders of these names is nobody's box.
    let is_there = has_records || config.data_dir.credentials_file().exists();
    if root.exists() && !is_there {
        notes.push(format!("{} holds no box and stays as it is", root.display()));
    }
    Ok(Found { root, is_there, records, engine, unit, notes })
}

/// What the box's own records say that it had in a container engine.
struct Had {
    labels: Labels,
    volumes: Vec<String>,
    /// Whether any of it may still be there.
    is_anything: bool,
}

impl Had {
    async fn told(state: &State) -> Result<Self, StateError> {
        let labels = Labels::new(state.box_id());
        let services = state.volumes().await?;
        let had_anything = !services.is_empty() || state.knows_images().await?;
        let is_anything = had_anything && !state.has_left().await?;
        let services = services.iter().filter_map(|service| ServiceName::parse(service));
        Ok(Self { volumes: services.map(|service| labels.volume(service)).collect(), labels, is_anything })
    }
}

/// A full disk keeps nobody from removing things: reading these takes no room.
async fn opened(file: &Path) -> anyhow::Result<State> {
    match State::open_alone(file).await {
        Err(error) if error.is_busy() => {
            Err(error).context("another command is at the box's records; try again when it is done")
        }
        opened => opened.context(UNREAD),
    }
}

/// Where the box ever had anything in a container engine, it may be there still: without that very engine it would be
/// forgotten for ever.
async fn in_engine(
    config: &Config,
    state: &State,
    notes: &mut Vec<String>,
) -> anyhow::Result<Option<(Box<Daemon>, Belongings)>> {
    let had = Had::told(state).await.context(UNREAD)?;
    let daemon = match line::once(&config.containers, LOOK).await {
        Ok(daemon) => daemon,
        Err(_) if !had.is_anything => return Ok(None),
        Err(trouble) => bail!(
            "this box had services in containers, and the container engine cannot be asked ({}): start it and try \
             again, or leave what is there with --without-engine",
            trouble.detail
        ),
    };
    let found = daemon.belongings(&had.labels).await;
    let found = found.context("the container engine does not tell what is there")?;
    if had.is_anything && found.is_empty() {
        let has_image = daemon.has_image_of(&had.labels).await;
        let has_image = has_image.context("the container engine does not tell what is there")?;
        ensure!(
            has_image,
            "this box had {} in a container engine, and {} has nothing of it: start the engine that has it, or name it \
             with containers.host; --without-engine goes on and leaves what may be there",
            if had.volumes.is_empty() { "services".to_owned() } else { had.volumes.join(" and ") },
            daemon.title()
        );
    }
    let is_there = |name: &String| found.volumes.iter().any(|volume| volume.name == *name);
    notes.extend(had.volumes.iter().filter(|name| !is_there(name)).map(|name| {
        format!(
            "the volume {name} is not in {}; if another container engine has it, it stays there",
            daemon.title()
        )
    }));
    Ok(Some((Box::new(daemon), found)))
}

/// A unit that starts another box is that one's.
async fn unit_of(manager: &Manager<'_>, root: &Path, notes: &mut Vec<String>) -> Option<PathBuf> {
    let standing = match manager.status(root).await {
        Ok(standing) => standing,
        Err(error) => {
            tracing::debug!(error = %error, "no service manager can be asked");
            return None;
        }
    };
    if !standing.installed {
        return None;
    }
    let text = std::fs::read_to_string(&standing.unit).unwrap_or_default();
    if names(&text, &root.display().to_string()) {
        return Some(standing.unit);
    }
    notes.push(format!("{} starts another box and stays", standing.unit.display()));
    None
}

/// Whether a text has this very path in it, and not only one that begins like it.
fn names(text: &str, root: &str) -> bool {
    text.match_indices(root).any(|(at, _)| {
        let behind = text[at + root.len()..].chars().next();
        behind.is_none_or(|letter| !letter.is_alphanumeric() && !"-_./".contains(letter))
    })
}

impl Found {
    pub fn listing(&self, keep_data: bool) -> Listing {
        let names = |of: fn(&Belongings) -> &Vec<crate::daemon::belongings::Belonging>| -> Vec<String> {
            let all = self.engine.iter().flat_map(|(_, belongings)| of(belongings));
            all.map(|one| one.name.clone()).collect()
        };
        let mut notes = self.notes.clone();
        let volumes = names(|all| &all.volumes);
        if keep_data {
            notes.extend(volumes.iter().map(|name| format!("the volume {name} stays, with what is in it")));
            if self.is_there {
                notes.push(format!("{} stays, with everything in it", self.root.display()));
            }
        }
        Listing {
            containers: names(|all| &all.containers),
            networks: names(|all| &all.networks),
            volumes: if keep_data { Vec::new() } else { volumes },
            service: self.unit.clone(),
            data_dir: (self.is_there && !keep_data).then(|| self.root.clone()),
            notes,
        }
    }
}

impl Listing {
    pub fn is_empty(&self) -> bool {
        let things = [&self.containers, &self.networks, &self.volumes];
        things.iter().all(|things| things.is_empty()) && self.service.is_none() && self.data_dir.is_none()
    }

    /// A line for each thing.
    pub fn as_text(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.containers.iter().map(|name| format!("  container  {name}")));
        lines.extend(self.networks.iter().map(|name| format!("  network    {name}")));
        lines.extend(self.volumes.iter().map(|name| format!("  volume     {name}, with everything in it")));
        lines.extend(self.service.iter().map(|unit| format!("  service    {}", unit.display())));
        lines.extend(
            self.data_dir.iter().map(|dir| format!("  data       {}, with everything in it", dir.display())),
        );
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_a_box_whose_folder_begins_the_same_is_another_ones() {
        let unit =
            |root: &str| format!("[Service]\nExecStart=/usr/bin/whisperengine --data-dir \"{root}\" up\n");
        assert!(names(&unit("/srv/box"), "/srv/box") && names("at /srv/box", "/srv/box"));
        for other in ["/srv/box2", "/srv/box-old", "/srv/box/inner", "/srv/box.d", "/srv/b"] {
            assert!(!names(&unit(other), "/srv/box"), "{other}");
        }
    }
}
