//! `config/chosen.toml`: what the owner chose on the pages and has to be known before anything is opened.
//!
//! One file, replaced as a whole: at any moment it says either that the Store was moved or that it was not.

use super::data_dir::{DataDir, settle, write_private};
use super::fields as f;
use super::load::Config;
use super::service_fields::POSTGRES_OWN;
use crate::state::choices::Home;
use std::io;

const OWN_POSTGRES: &str = "\
# Written by WhisperEngine when its Store was moved on the system page. `settings.toml` wins over it.
[database]
type = \"postgres\"
[database.postgres]
own = true
";

/// From the next start on, the Store is there.
pub fn store(dir: &DataDir, home: Home) -> io::Result<()> {
    let file = dir.chosen_file();
    match home {
        Home::Container => write_private(&file, OWN_POSTGRES.as_bytes()),
        Home::Native => match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => settle(&file),
        },
    }
}

/// Where the next start looks for the Store, as far as this file says it.
pub fn says(dir: &DataDir) -> Home {
    if dir.chosen_file().exists() { Home::Container } else { Home::Native }
}

/// Whether that would have any effect: nothing above that file says where the Store is.
pub fn is_free(config: &Config) -> bool {
    let fields = [&f::DATABASE_TYPE, &POSTGRES_OWN, &f::POSTGRES_HOST, &f::POSTGRES_DB, &f::POSTGRES_USER];
    let is_above = |source: &str, env: &str| source == env || source.starts_with("settings.toml");
    !fields.iter().any(|field| {
        config.settings.iter().any(|setting| setting.key == field.key && is_above(&setting.source, field.env))
    })
}
