//! What a container says, with the moment of each line. Whatever it says is only text: it is cut, and nothing of it
//! moves a reader's cursor.

use super::connection::Daemon;
use super::labels::Labels;
use super::sorting::{Doing, sorted};
use crate::services::fault::{Fault, Trouble};
use crate::services::name::ServiceName;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::StreamExt;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Letters of one line.
const LONGEST: usize = 2_000;
/// As engines write them at most: nanoseconds.
const DIGITS: usize = 9;

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// RFC 3339, so that it sorts as text among others of the same engine. Empty where it is not known.
    pub at: String,
    pub text: String,
}

impl Daemon {
    /// The newest lines, oldest first, as many as come within this time. `None`: there is no such container.
    pub async fn said(
        &self,
        service: ServiceName,
        labels: &Labels,
        most: usize,
        within: Duration,
    ) -> Result<Option<Vec<Said>>, Trouble> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .tail(&most.to_string())
            .build();
        let mut stream = self.docker.logs(&labels.container(service), Some(options));
        let (mut heard, until) = (Hearing::new(most), Instant::now() + within);
        loop {
            match tokio::time::timeout_at(until, stream.next()).await {
                Ok(Some(Ok(output))) => heard.hears(&output.into_bytes()),
                Ok(Some(Err(error))) => match sorted(&error, Doing::Ask) {
                    Trouble { fault: Fault::Removed, .. } => return Ok(None),
                    trouble => return Err(trouble),
                },
                Err(_) if heard.lines.is_empty() => {
                    return Err(Trouble::new(Fault::EngineHung, "it did not tell what the container said"));
                }
                Ok(None) | Err(_) => return Ok(Some(heard.lines.into())),
            }
        }
    }
}

/// Puts pieces together again: engines cut what is long.
struct Hearing {
    lines: VecDeque<Said>,
    most: usize,
    /// The last piece did not end its line.
    is_open: bool,
}

impl Hearing {
    fn new(most: usize) -> Self {
        Self { lines: VecDeque::new(), most, is_open: false }
    }

    fn hears(&mut self, piece: &[u8]) {
        let piece = String::from_utf8_lossy(piece);
        let (at, mut rest) = moment(&piece);
        if self.is_open
            && let Some(line) = self.lines.back_mut()
        {
            let (more, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            append(&mut line.text, more);
            self.is_open = !rest.contains('\n');
            rest = behind;
        }
        for text in rest.split_inclusive('\n') {
            self.is_open = !text.ends_with('\n');
            let mut line = Said { at: at.clone(), text: String::new() };
            append(&mut line.text, text.trim_end_matches(['\n', '\r']));
            self.lines.push_back(line);
        }
        while self.lines.len() > self.most {
            self.lines.pop_front();
        }
    }
}

fn append(line: &mut String, more: &str) {
    let room = LONGEST.saturating_sub(line.chars().count());
    line.extend(more.chars().take(room).map(|letter| if letter.is_control() { ' ' } else { letter }));
}

/// It becomes the place where somebody goes on: nothing else may be in it.
fn is_of_a_moment(letter: char) -> bool {
    letter.is_ascii_digit() || "-:.TZ+".contains(letter)
}

/// The moment in front of a piece, always with as many digits, and the rest of it.
fn moment(piece: &str) -> (String, &str) {
    let Some((at, rest)) = piece.split_once(' ') else { return (String::new(), piece) };
    let shape = at.as_bytes();
    let is_moment = shape.len() >= 20
        && shape.len() <= 40
        && shape[4] == b'-'
        && shape[10] == b'T'
        && at.chars().all(is_of_a_moment);
    if !is_moment {
        return (String::new(), piece);
    }
    let (seconds, behind) = at.split_at(19);
    let digits: String =
        behind.strip_prefix('.').unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let zone = if digits.is_empty() { behind } else { &behind[digits.len() + 1..] };
    (format!("{seconds}.{digits:0<DIGITS$}{zone}"), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&str], most: usize) -> Vec<(String, String)> {
        let mut hearing = Hearing::new(most);
        for piece in pieces {
            hearing.hears(piece.as_bytes());
        }
        hearing.lines.into_iter().map(|line| (line.at, line.text)).collect()
    }

    #[test]
    fn lines_have_their_moment_and_moments_sort_as_text() {
        let heard = heard(
            &[
                "2026-11-21T21:00:00.1Z one\n",
                "2026-11-21T21:00:00.12Z two\n",
                "2026-11-21T21:00:01+02:00 three\n",
                "no moment here\n",
            ],
            9,
        );
        let line = |at: &str, text: &str| (at.to_owned(), text.to_owned());
        assert_eq!(
            heard,
            [
                line("2026-11-21T21:00:00.100000000Z", "one"),
                line("2026-11-21T21:00:00.120000000Z", "two"),
                line("2026-11-21T21:00:01.000000000+02:00", "three"),
                line("", "no moment here"),
            ]
        );
        assert!(heard[0].0 < heard[1].0);
    }

    #[test]
    fn what_is_hostile_is_short_and_obeys_nothing() {
        let long = format!("2026-11-21T21:00:00Z {}", "x".repeat(1_000_000));
        let more = format!("2026-11-21T21:00:00Z {}\n", "y".repeat(1_000_000));
        let heard = heard(&[&long, &more, "2026-11-21T21:00:02Z \u{1b}[2J\u{7}gone\rover\r\n\u{9b}5m\n"], 9);
        assert_eq!(heard.len(), 3, "a line that was cut is one line");
        assert_eq!(heard[0].1.len(), LONGEST);
        assert_eq!(heard[1].1, " [2J gone over");
        assert_eq!(heard[2].1, " 5m");
    }

    #[test]
    fn only_the_newest_are_kept() {
        let lines: Vec<String> = (0..50).map(|number| format!("2026-11-21T21:00:00Z {number}\n")).collect();
        let all: Vec<&str> = lines.iter().map(String::as_str).collect();
        let kept: Vec<String> = heard(&all, 2).into_iter().map(|(_, text)| text).collect();
        assert_eq!(kept, ["48", "49"]);
    }
}
