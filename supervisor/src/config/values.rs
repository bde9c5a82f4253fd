//! The layers of configuration laid over each other: `chosen.toml` < `settings.toml` < environment < command line.
//!
//! Holds the winning text of every setting with the place it came from, turns it into typed values one
//! field at a time, and collects every problem on the way instead of stopping at the first.

use super::fields::{FIELDS, Fallback, Field};
use super::problems::Problem;
use super::secret::Secret;
use crate::machine::source::Environment;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the command line says: the field, its text. A flag given twice for a list joins its items.
#[derive(Clone, Debug, Default)]
pub struct Flags(Vec<(&'static Field, String)>);

impl Flags {
    pub fn set(&mut self, field: &'static Field, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }
}

/// One setting as it holds now, for `config show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub key: &'static str,
    /// `None` where it is not set and nothing stands in for it; `***` for a secret.
    pub value: Option<String>,
    pub source: String,
}

#[derive(Clone, Debug)]
struct Raw {
    text: String,
    source: String,
    /// The text is the path of a file that holds the value.
    is_path: bool,
}

#[derive(Debug, Default)]
pub struct Values {
    set: BTreeMap<&'static str, Raw>,
    shown: BTreeMap<&'static str, Setting>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

impl Values {
    /// Lays a file down, over those before; must come before the environment and the flags.
    pub fn add_file(&mut self, path: &Path, text: &str) {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let line_of = |offset: usize| text.get(..offset).map_or(0, |before| before.matches('\n').count()) + 1;
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(1, |span| line_of(span.start));
            self.problem(&name, format!("{name}:{line}"), error.message().to_owned());
        }
        self.add_table(table.get_ref(), "", &|offset| format!("{name}:{}", line_of(offset)));
    }

    fn add_table(&mut self, table: &DeTable<'_>, prefix: &str, place: &dyn Fn(usize) -> String) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let source = place(name.span().start);
            if let DeValue::Table(below) = value.get_ref() {
                let prefix = format!("{key}.");
                if FIELDS.iter().any(|field| field.in_file() && field.key.starts_with(&prefix)) {
                    self.add_table(below, &prefix, place);
                } else {
                    self.unknown_key(&key, source);
                }
                continue;
            }
            let known = FIELDS.iter().find_map(|field| match () {
                () if field.key == key => Some((*field, false)),
                () if field.secret && field.file_key() == key => Some((*field, true)),
                () => None,
            });
            match (known, plain_text(value)) {
                (Some((field, _)), _) if !field.in_file() => {
                    let message = format!("cannot be set in this file, which lies in it: use {}", field.env);
                    self.problem(&key, source, message);
                }
                (Some((field, is_path)), Some(text)) => self.put(field, Raw { text, source, is_path }),
                (Some((field, _)), None) => {
                    self.problem(
                        &key,
                        source,
                        format!("{} is not {}", value.get_ref().type_str(), field.takes),
                    );
                }
                (None, _) => self.unknown_key(&key, source),
            }
        }
    }

    fn unknown_key(&mut self, key: &str, source: String) {
        let known = FIELDS.iter().filter(|field| field.in_file()).flat_map(|field| {
            [Some(field.key.to_owned()), field.secret.then(|| field.file_key())].into_iter().flatten()
        });
        let hint = nearest(key, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        self.problem(key, source, format!("there is no such setting{hint}"));
    }

    /// Lays the environment over the file. An empty variable counts as not set.
    pub fn add_environment(&mut self, environment: &Environment) {
        for field in FIELDS {
            let names = [(field.env.to_owned(), false), (field.file_env(), true)];
            let given: Vec<_> = names
                .into_iter()
                .filter(|(_, is_path)| field.secret || !is_path)
                .filter_map(|(name, is_path)| {
                    let text = environment.get(&name).filter(|text| !text.is_empty())?.clone();
                    Some(Raw { text, source: name, is_path })
                })
                .collect();
            for raw in given {
                self.put(field, raw);
            }
        }
        for name in environment.keys().filter(|name| is_unknown(name)) {
            let known = FIELDS.iter().flat_map(|field| {
                [Some(field.env.to_owned()), field.secret.then(|| field.file_env())].into_iter().flatten()
            });
            let hint =
                nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.warnings.push(format!("{name} is not a setting and does nothing{hint}"));
        }
    }

    /// Lays the command line over everything.
    pub fn add_flags(&mut self, flags: &Flags) {
        let mut joined: BTreeMap<&'static str, Raw> = BTreeMap::new();
        for (field, text) in &flags.0 {
            let source = field.flag.unwrap_or("the command line").to_owned();
            joined
                .entry(field.key)
                .and_modify(|raw| raw.text = format!("{},{text}", raw.text))
                .or_insert(Raw { text: text.clone(), source, is_path: false });
        }
        self.set.extend(joined);
    }

    fn put(&mut self, field: &'static Field, raw: Raw) {
        let layer = |source: &str| source.contains(':');
        let earlier = self
            .set
            .get(field.key)
            .filter(|earlier| earlier.is_path != raw.is_path && layer(&earlier.source) == layer(&raw.source));
        if let Some(earlier) = earlier {
            let message = format!("is also given by {}: keep one of the two", earlier.source);
            self.problem(field.key, raw.source.clone(), message);
        }
        self.set.insert(field.key, raw);
    }

    /// The value of a field that always has one. A bad value is a problem, and its default stands in so
    /// that the rest can be looked at.
    pub fn get<T>(&mut self, field: &'static Field, parse: impl Fn(&str) -> Option<T>) -> T {
        let Fallback::Is(default) = field.fallback else {
            unreachable!("{} has no fixed default", field.key)
        };
        let found = self.find(field, &parse);
        found.unwrap_or_else(|| {
            self.settle(field, default, "default");
            parse(default).expect("a test reads every default back")
        })
    }

    /// The value of a field where it is set and good.
    pub fn find<T>(&mut self, field: &'static Field, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(raw) = self.set.get(field.key).cloned() else {
            self.show(field, None, "not set".to_owned());
            return None;
        };
        let text = if raw.is_path {
            match std::fs::read_to_string(&raw.text) {
                Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
                Err(error) => {
                    self.problem(field.key, raw.source, format!("{} cannot be read: {error}", raw.text));
                    return None;
                }
            }
        } else {
            raw.text.clone()
        };
        let value = parse(text.trim());
        if value.is_some() {
            let shown = if field.secret { "***".to_owned() } else { text.trim().to_owned() };
            self.show(field, Some(shown), raw.source);
        } else {
            let given = if field.secret { "the value".to_owned() } else { format!("{:?}", text.trim()) };
            self.problem(field.key, raw.source, format!("{given} is not {}", field.takes));
        }
        value
    }

    pub fn secret(&mut self, field: &'static Field, good: impl Fn(&str) -> bool) -> Option<Secret> {
        self.find(field, |text| (!text.is_empty() && good(text)).then(|| Secret::new(text)))
    }

    /// The value of a field where it is set, else what follows from elsewhere, shown with its source.
    pub fn or_follow<T: Clone>(
        &mut self,
        field: &'static Field,
        parse: impl Fn(&str) -> Option<T>,
        follows: &T,
        show: impl Fn(&T) -> String,
        source: &str,
    ) -> T {
        self.find(field, parse).unwrap_or_else(|| {
            self.settle(field, show(follows), source);
            follows.clone()
        })
    }

    /// Records what an unset field came to be.
    pub fn settle(&mut self, field: &'static Field, value: impl Into<String>, source: &str) {
        self.show(field, Some(value.into()), source.to_owned());
    }

    fn show(&mut self, field: &'static Field, value: Option<String>, source: String) {
        self.shown.insert(field.key, Setting { key: field.key, value, source });
    }

    /// As it is set so far.
    pub fn text(&self, field: &Field) -> Option<String> {
        self.set.get(field.key).map(|raw| raw.text.clone())
    }

    pub fn is_set(&self, field: &Field) -> bool {
        self.set.contains_key(field.key)
    }

    /// Where a value stands, or the variable that would set it.
    pub fn source(&self, field: &Field) -> String {
        self.set.get(field.key).map_or_else(|| field.env.to_owned(), |raw| raw.source.clone())
    }

    pub fn problem(&mut self, key: &str, source: String, message: String) {
        self.problems.push(Problem { key: key.to_owned(), source, message });
    }

    /// Every setting in reading order.
    pub fn settings(&self) -> Vec<Setting> {
        FIELDS.iter().filter_map(|field| self.shown.get(field.key).cloned()).collect()
    }
}

/// What the same value would be as the text of a variable; `None` for what no setting takes.
fn plain_text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(plain_text).collect();
            Some(items?.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// Kubernetes makes such variables up for a service that is named like us.
fn is_unknown(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("WHISPERENGINE_") else { return false };
    let reserved = ["TEST_", "PORT", "SERVICE_"].iter().any(|prefix| rest.starts_with(prefix));
    let known = FIELDS.iter().any(|field| field.env == name || (field.secret && field.file_env() == name));
    !reserved && !known
}

fn nearest(wrong: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .map(|name| (strsim::damerau_levenshtein(wrong, &name), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= name.len() / 2)
        .map(|(_, name)| name)
}
