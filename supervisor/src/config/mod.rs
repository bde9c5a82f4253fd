//! Configuration: what the owner decides before the box starts.
//!
//! In go the command line, the environment, `settings.toml` and the machine; out comes one [`load::Config`]
//! with the source of every value, or *all* problems at once. The table in [`fields`] is the single
//! description of every setting: it drives parsing, `config show`, `config example` and docs/CONFIG.md.
//! What somebody changes in the browser is a setting in the Store and not here.

pub mod load;

pub mod areas;
pub mod chosen;
pub mod data_dir;
pub mod requests;
pub mod tls;

pub mod fields;
pub mod problems;
pub mod secret;
pub mod service_fields;
pub mod voice_fields;
pub mod voice;
pub mod text;
pub mod values;

pub mod document;
pub mod example;
pub mod show;

#[cfg(test)]
mod tests;
