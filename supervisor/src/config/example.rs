//! The commented `settings.toml` and the environment file, written from the table of settings.

use super::areas::Database;
use super::fields::{FIELDS, Fallback, Field};
use super::load::Config;
use super::text;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Every setting, commented out.
pub fn settings_file() -> String {
    render(&BTreeMap::new())
}

/// Every setting; those that fit this machine, or were chosen outside of the file, are in force.
pub fn settings_file_for(config: &Config) -> String {
    let mut chosen = BTreeMap::new();
    for field in FIELDS.iter().filter(|field| field.in_file() && !field.secret) {
        let Some(setting) = config.settings.iter().find(|setting| setting.key == field.key) else { continue };
        let was_set = setting.source == field.env || Some(setting.source.as_str()) == field.flag;
        if let (true, Some(value)) = (was_set, &setting.value) {
            chosen.insert(field.key, literal(field, value));
        }
    }
    for (field, value) in for_machine(config) {
        chosen.insert(field.key, literal(field, &value));
    }
    render(&chosen)
}

/// The same choices as variables. Passwords are left for the owner to add.
pub fn environment_file_for(config: &Config) -> String {
    use super::fields as f;
    let mut text = "# Made by `whisperengine config generate --env`.\n".to_owned();
    line(&mut text, &format!("{}={}", f::MODE.env, config.mode));
    for (field, value) in for_machine(config) {
        line(&mut text, &format!("{}={value}", field.env));
    }
    if let Database::Postgres(postgres) = &config.database {
        line(&mut text, &format!("{}={}", f::POSTGRES_HOST.env, postgres.host));
        line(&mut text, &format!("{}={}", f::POSTGRES_PORT.env, postgres.port));
        line(&mut text, &format!("{}={}", f::POSTGRES_DB.env, postgres.database));
        line(&mut text, &format!("{}={}", f::POSTGRES_USER.env, postgres.user));
        line(&mut text, &format!("# {}=/path/of/a/file", f::POSTGRES_PASSWORD.file_env()));
    }
    text
}

fn for_machine(config: &Config) -> Vec<(&'static Field, String)> {
    use super::fields as f;
    vec![
        (&f::SCALE_TIER, config.tier.number().to_string()),
        (&f::CPU_THREADS, config.derived.threads.to_string()),
        (&f::MEMORY_LIMIT_GB, config.derived.memory_limit_gib.to_string()),
        (&f::LOCAL_AI, config.derived.local_ai.to_string()),
        (&f::DATABASE_TYPE, config.database.kind().name().to_owned()),
    ]
}

fn render(chosen: &BTreeMap<&'static str, String>) -> String {
    let mut text = "\
# Settings of WhisperEngine. This file is `config/settings.toml` in the data directory.
# A variable of the environment wins over this file, and the command line over both.
# Lines that begin with `#` are not in force; what they say is an example.
"
    .to_owned();
    let mut table = "";
    for field in FIELDS.iter().filter(|field| field.in_file()) {
        if field.table() != table {
            table = field.table();
            line(&mut text, &format!("\n[{table}]"));
        }
        text.push('\n');
        for words in wrap(field.doc, 98) {
            line(&mut text, &format!("# {words}"));
        }
        line(&mut text, &format!("# Takes {}. Default: {}.", field.takes, fallback(field)));
        line(&mut text, &format!("# {}", elsewhere(field)));
        match chosen.get(field.key) {
            Some(value) => line(&mut text, &format!("{} = {value}", field.name())),
            None if field.secret => {
                line(&mut text, &format!("# {}_file = \"/path/of/a/file\"", field.name()));
            }
            None => line(&mut text, &format!("# {} = {}", field.name(), field.example)),
        }
    }
    text
}

/// The default in words, for the example and the documentation alike.
pub fn fallback(field: &Field) -> String {
    match field.fallback {
        Fallback::Is("") => "empty".to_owned(),
        Fallback::Is(text) => text.to_owned(),
        Fallback::Follows(how) => how.to_owned(),
        Fallback::Nothing => "not set".to_owned(),
    }
}

fn elsewhere(field: &Field) -> String {
    let mut names = field.env.to_owned();
    if field.secret {
        names = format!("{names} or {}", field.file_env());
    }
    match field.flag {
        Some(flag) => format!("Also {names}, {flag}."),
        None => format!("Also {names}."),
    }
}

/// Numbers and switches stand bare, lists between brackets, the rest between quotes.
fn literal(field: &Field, value: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    if field.example.starts_with('[') {
        let items = text::list(text::any)(value).unwrap_or_default();
        return format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "));
    }
    let bare = !field.example.starts_with('"');
    if bare && (value.parse::<f64>().is_ok() || value == "true" || value == "false") {
        return value.to_owned();
    }
    quoted(value)
}

fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let last = lines.last_mut().expect("there is always a last line");
        if !last.is_empty() && last.len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{content}").expect("a string takes every line");
}
