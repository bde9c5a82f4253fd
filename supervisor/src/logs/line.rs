//! One JSON line of a log, for people.

use serde_json::{Map, Value};

/// Fields that have a place of their own, or say nothing to people.
const PLACED: &[&str] = &["timestamp", "level", "message", "target", "span"];

/// A line in its parts, without anything that could move a reader's cursor or change their screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// RFC 3339, in UTC, with microseconds.
    pub time: String,
    pub level: String,
    pub message: String,
    /// What belongs to it, as `name=value name=value`.
    pub fields: String,
}

/// `None` for what is no line of ours.
pub fn parts(line: &str) -> Option<Parts> {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return None };
    let text = |name: &str| plain(fields.get(name).and_then(Value::as_str).unwrap_or_default());
    let span = fields.get("span").and_then(Value::as_object);
    let own = fields.iter().filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let around = span.into_iter().flat_map(Map::iter).filter(|(name, _)| *name != "name");
    let told = own.chain(around).map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    let told = plain(&told.collect::<Vec<_>>().join(" "));
    Some(Parts { time: text("timestamp"), level: text("level"), message: text("message"), fields: told })
}

/// `2026-11-20T14:07:02Z WARN  the cache is gone  service.name=cache`. What is no such line stays as it is.
pub fn readable(line: &str) -> String {
    let Some(Parts { time, level, message, fields }) = parts(line) else { return line.to_owned() };
    // Whole seconds: the file has the rest.
    let time = time.split_once('.').map_or(time.clone(), |(seconds, _)| format!("{seconds}Z"));
    let gap = if fields.is_empty() { "" } else { "  " };
    format!("{time} {level:<5} {message}{gap}{fields}")
}

fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_time_level_words_then_what_belongs_to_it() {
        let line = r#"{"timestamp":"2026-11-20T14:07:02.123456Z","level":"WARN","message":"the cache\u001b[2J is gone","service.name":"cache","target":"engine","span":{"name":"contract","request.id":"r-1"}}"#;
        assert_eq!(
            readable(line),
            "2026-11-20T14:07:02Z WARN  the cache [2J is gone  service.name=cache request.id=r-1"
        );
        assert_eq!(readable("no json"), "no json");
    }
}
