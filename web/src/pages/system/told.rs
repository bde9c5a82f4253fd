//! Sizes, spans and sentences as the system pages write them.

use crate::words::Words;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

/// A shape, which has a colour and never stands without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Well,
    Busy,
    Idle,
    Warn,
    Bad,
}

impl Mark {
    /// Of its picture, and of its colour in the style.
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Busy => "busy",
            Self::Idle => "idle",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// How long, in words, to the unit that matters.
pub fn span(words: &Words, micros: i64) -> String {
    let (name, count) = match micros {
        ..MINUTE => ("system-seconds", micros.max(0) / SECOND),
        MINUTE..7_200_000_000 => ("settings-box-minutes", micros / MINUTE),
        7_200_000_000..172_800_000_000 => ("settings-box-hours", micros / (60 * MINUTE)),
        _ => ("settings-box-days", micros / DAY),
    };
    words.say_counting(name, &[("count", count as f64)])
}

/// `3 minutes ago`.
pub fn ago(words: &Words, micros: i64) -> String {
    if micros < MINUTE {
        return words.say("system-just-now");
    }
    words.say_with("system-ago", "span", &span(words, micros))
}

/// Bytes in the unit that matters, with as many digits as one reads.
pub fn size(words: &Words, bytes: u64) -> String {
    let bytes = bytes as f64;
    let (name, count) = match bytes {
        ..1e6 => ("system-kilobytes", bytes / 1e3),
        1e6..1e9 => ("system-megabytes", bytes / 1e6),
        _ => ("system-gigabytes", bytes / 1e9),
    };
    let count = if count < 10.0 { (count * 10.0).round() / 10.0 } else { count.round() };
    words.say_counting(name, &[("count", count)])
}

/// To the next five megabytes: what a process takes is never twice the same, and nobody asks for more.
pub fn in_steps(bytes: u64) -> u64 {
    bytes.div_ceil(5_000_000) * 5_000_000
}

/// A share of one processor core, as one reads it.
pub fn of_a_core(words: &Words, cores: f64) -> String {
    let percent = cores * 100.0;
    if percent > 0.0 && percent < 1.0 {
        return words.say("system-cores-little");
    }
    words.say_counting("system-cores", &[("percent", percent.round())])
}

/// What was said without a capital or an end, as a sentence of its own.
pub fn sentence(said: &str) -> String {
    let said = said.trim();
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if said.is_empty() || said.ends_with(['.', '?', '!', '…']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The beginning of what somebody else said.
pub fn shortened(said: &str, most: usize) -> String {
    let kept: String = said.chars().take(most).collect();
    if kept.len() < said.len() { kept + "…" } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_have_the_unit_that_matters() {
        let words = Words::english();
        let spans = [-1, 0, SECOND, 59 * SECOND, MINUTE, 119 * MINUTE, 3 * 60 * MINUTE, 3 * DAY];
        let told: Vec<String> = spans.into_iter().map(|micros| span(&words, micros)).collect();
        let expected = [
            "0 seconds",
            "0 seconds",
            "1 second",
            "59 seconds",
            "1 minute",
            "119 minutes",
            "3 hours",
            "3 days",
        ];
        assert_eq!(told, expected);
        assert_eq!([ago(&words, SECOND), ago(&words, 2 * MINUTE)], ["just now", "2 minutes ago"]);
        let sizes = [0, 512_300, 1_234_567, 99_600_000, 12_345_678_901];
        let told: Vec<String> = sizes.into_iter().map(|bytes| size(&words, bytes)).collect();
        assert_eq!(told, ["0 kB", "512 kB", "1.2 MB", "100 MB", "12 GB"]);
    }

    #[test]
    fn what_others_say_becomes_a_sentence_and_stays_short() {
        assert_eq!(sentence("look at its last lines"), "Look at its last lines.");
        assert_eq!([sentence(""), sentence("Done.")], ["", "Done."]);
        assert_eq!([shortened("ärger", 2), shortened("är", 2)], ["är…", "är"]);
    }
}
