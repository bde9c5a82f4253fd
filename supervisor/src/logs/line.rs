//! One JSON line of a log, for people.

use serde_json::{Map, Value};

/// Fields that have a place of their own, or say nothing to people.
const PLACED: &[&str] = &["timestamp", "level", "message", "target", "span"];

/// `2026-11-20T14:07:02Z WARN  the cache is gone  service.name=cache`. What is no such line stays as it is.
pub fn readable(line: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = text("timestamp");
    // Whole seconds: the file has the rest.
    let time = time.split_once('.').map_or(time.to_owned(), |(seconds, _)| format!("{seconds}Z"));
    let mut readable = format!("{time} {:<5} {}", text("level"), text("message"));
    let span = fields.get("span").and_then(Value::as_object);
    let own = fields.iter().filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let around = span.into_iter().flat_map(Map::iter).filter(|(name, _)| *name != "name");
    for (number, (name, value)) in own.chain(around).enumerate() {
        readable.push_str(if number == 0 { "  " } else { " " });
        readable.push_str(name);
        readable.push('=');
        match value {
            Value::String(text) => readable.push_str(text),
            other => readable.push_str(&other.to_string()),
        }
    }
    // A line must not move the reader's cursor or change their screen.
    readable.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
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
