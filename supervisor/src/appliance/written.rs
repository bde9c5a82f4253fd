//! What the box wrote down, as its owner reads it: the newest lines of a log, or those after a place.
//!
//! A place is the moment of a line and how many lines of that moment were seen: it holds when the file is put aside.

use crate::logs::line::{Parts, parts};
use crate::logs::reading::newest;
use std::io;
use std::path::Path;
use web::ports::system::{Level, Log, LogLine, LogPiece, LogWish};

/// Blocks: it reads files.
pub fn read(folder: &Path, log: Log, wish: &LogWish) -> io::Result<LogPiece> {
    let name = match log {
        Log::App => "app.log",
        Log::Errors => "errors.log",
        Log::Performance => "performance.log",
    };
    let path = folder.join(name);
    let (mut raw, _) = newest(&path, usize::MAX)?;
    if wish.after.is_some() {
        // The place may lie in what was put aside since.
        let (before, _) = newest(&folder.join(format!("{name}.1")), usize::MAX)?;
        raw.splice(0..0, before);
    }
    Ok(piece(&raw, wish))
}

/// A line of some log.
pub trait Written {
    /// When it was written down, so that times sort as text. `None` for what is no line of that log.
    fn moment(&self) -> Option<&str>;
    fn told(&self) -> LogLine;
}

/// Of these lines, oldest first, what is wished for.
pub fn piece<W: Written>(raw: &[W], wish: &LogWish) -> LogPiece {
    let end = place(raw, raw.len());
    let piece = match wish.after.as_deref() {
        Some(after) => later(raw, after, wish),
        None => last(raw, wish),
    };
    LogPiece { place: piece.place.or(end), ..piece }
}

/// The newest lines that fit.
fn last<W: Written>(raw: &[W], wish: &LogWish) -> LogPiece {
    let mut fitting = raw.iter().rev().filter_map(|line| fits(line, wish));
    let mut lines: Vec<LogLine> = fitting.by_ref().take(wish.most).collect();
    let has_more = fitting.next().is_some();
    lines.reverse();
    LogPiece { lines, has_more, ..LogPiece::default() }
}

/// The oldest lines that fit, of those behind the place; it moves on as far as was looked.
fn later<W: Written>(raw: &[W], after: &str, wish: &LogWish) -> LogPiece {
    let from = behind(raw, after);
    let mut piece = LogPiece::default();
    for (number, line) in raw.iter().enumerate().skip(from) {
        let Some(line) = fits(line, wish) else { continue };
        if piece.lines.len() == wish.most {
            piece.has_more = true;
            piece.place = place(raw, number);
            break;
        }
        piece.lines.push(line);
    }
    if piece.place.is_none() && from == raw.len() {
        piece.place = Some(after.to_owned());
    }
    piece
}

/// `2026-11-20T14:07:02.123456Z/2`: the moment of the line before this number, and how many have it by then.
fn place<W: Written>(raw: &[W], number: usize) -> Option<String> {
    let (at, moment) = (0..number).rev().find_map(|at| Some((at, raw[at].moment()?)))?;
    let same = raw[..=at].iter().rev().take_while(|line| line.moment() == Some(moment)).count();
    Some(format!("{moment}/{same}"))
}

/// The number of the first line behind a place. One that nobody knows any more is before all lines.
fn behind<W: Written>(raw: &[W], place: &str) -> usize {
    let (asked, seen) = place.rsplit_once('/').unwrap_or((place, "0"));
    let seen: usize = seen.parse().unwrap_or_default();
    // Times are written so that they sort as text.
    let first = raw.iter().position(|line| line.moment().is_some_and(|moment| moment >= asked));
    let Some(first) = first else { return raw.len() };
    let same = raw[first..].iter().take_while(|line| line.moment() == Some(asked)).count();
    first + same.min(seen)
}

impl Written for String {
    /// Every line of ours begins with it. Read without reading the rest: there may be thousands.
    fn moment(&self) -> Option<&str> {
        let rest = self.strip_prefix("{\"timestamp\":\"")?;
        rest.split_once('"').map(|(moment, _)| moment)
    }

    fn told(&self) -> LogLine {
        match parts(self) {
            Some(Parts { time, level, message, fields }) => {
                LogLine { at: time, level: level_of(&level), message, fields }
            }
            None => LogLine { at: String::new(), level: None, message: self.clone(), fields: String::new() },
        }
    }
}

fn fits<W: Written>(line: &W, wish: &LogWish) -> Option<LogLine> {
    let told = line.told();
    if wish.level.is_some_and(|least| told.level.is_none_or(|level| level < least)) {
        return None;
    }
    let words = wish.words.to_lowercase();
    let has_them = words.is_empty()
        || told.message.to_lowercase().contains(&words)
        || told.fields.to_lowercase().contains(&words);
    has_them.then_some(told)
}

fn level_of(name: &str) -> Option<Level> {
    match name {
        "ERROR" => Some(Level::Error),
        "WARN" => Some(Level::Warn),
        "INFO" => Some(Level::Info),
        "DEBUG" => Some(Level::Debug),
        "TRACE" => Some(Level::Trace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u32, level: &str, message: &str) -> String {
        format!(
            "{{\"timestamp\":\"2026-11-20T14:07:{second:02}.000001Z\",\"level\":\"{level}\",\"message\":\"{message}\",\
             \"service.name\":\"Cache\"}}\n"
        )
    }

    fn messages(piece: &LogPiece) -> Vec<&str> {
        piece.lines.iter().map(|line| line.message.as_str()).collect()
    }

    fn wish(most: usize) -> LogWish {
        LogWish { most, ..LogWish::default() }
    }

    #[test]
    fn the_newest_lines_that_fit_and_whether_there_are_older_ones() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let text =
            [line(1, "INFO", "one"), line(2, "WARN", "two"), "odd\n".into(), line(3, "ERROR", "three")];
        std::fs::write(temp.path().join("app.log"), text.concat())?;
        let read = |wish: &LogWish| read(temp.path(), Log::App, wish);
        let piece = read(&wish(2))?;
        assert_eq!((messages(&piece), piece.has_more), (vec!["odd", "three"], true));
        assert_eq!(piece.lines[1].level, Some(Level::Error));
        assert_eq!(piece.lines[1].fields, "service.name=Cache");
        let all = read(&wish(9))?;
        assert_eq!((all.lines.len(), all.has_more), (4, false));
        let heavy = read(&LogWish { level: Some(Level::Warn), ..wish(9) })?;
        assert_eq!(messages(&heavy), ["two", "three"]);
        for words in ["TWO", "name=cACHE"] {
            let found = read(&LogWish { words: words.into(), ..wish(1) })?;
            assert_eq!(found.lines.len(), 1, "{words}");
        }
        assert_eq!(super::read(temp.path(), Log::Errors, &wish(9))?, LogPiece::default());
        Ok(())
    }

    #[test]
    fn newer_lines_follow_without_a_gap_or_a_line_twice_across_files() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let path = temp.path().join("app.log");
        std::fs::write(&path, [line(1, "INFO", "one"), line(2, "INFO", "two")].concat())?;
        let read = |after: Option<String>, most| {
            super::read(temp.path(), Log::App, &LogWish { after, ..wish(most) })
        };
        let first = read(None, 9)?;
        let none = read(first.place.clone(), 9)?;
        assert_eq!((messages(&none), &none.place), (vec![], &first.place));
        // Two of one moment, of which one was seen; then the file is put aside.
        std::fs::write(&path, [line(2, "INFO", "two"), line(2, "INFO", "also two")].concat())?;
        std::fs::rename(&path, temp.path().join("app.log.1"))?;
        std::fs::write(&path, [line(3, "INFO", "three"), line(4, "INFO", "four")].concat())?;
        let news = read(first.place, 2)?;
        assert_eq!((messages(&news), news.has_more), (vec!["also two", "three"], true));
        let rest = read(news.place, 2)?;
        assert_eq!((messages(&rest), rest.has_more), (vec!["four"], false));
        assert_eq!(messages(&read(rest.place, 2)?), Vec::<&str>::new());
        Ok(())
    }
}
