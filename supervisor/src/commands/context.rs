//! What every command is given: the shared arguments, the surroundings, and a way to answer.

use crate::cli::Global;
use crate::config::fields::DATA_DIR;
use crate::config::load::{self, Config, SettingsFile, Surroundings};
use crate::config::problems::BadConfiguration;
use crate::config::values::Flags;
use crate::machine::hardware::Assumed;
use anyhow::Context as _;
use serde_json::Value;
use std::io::{self, Write};

#[derive(Debug)]
pub struct Context {
    pub global: Global,
    pub surroundings: Surroundings,
}

impl Context {
    pub fn new(global: Global, surroundings: Surroundings) -> Self {
        Self { global, surroundings }
    }

    /// The shared arguments as settings; a command adds its own before it loads.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        if let Some(dir) = &self.global.data_dir {
            flags.set(&DATA_DIR, dir.to_string_lossy());
        }
        flags
    }

    /// The whole configuration, or every problem at once.
    pub fn load(&self, flags: &Flags) -> Result<Config, BadConfiguration> {
        load::load(&self.surroundings, flags, Assumed::default(), SettingsFile::Read)
    }

    /// Answers on standard output: the JSON where it was asked for, else the text.
    pub fn answer(&self, text: &str, json: &Value) -> anyhow::Result<()> {
        let written = if self.global.json { print(&format!("{json:#}\n")) } else { print(text) };
        written.context("the answer could not be written")
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
