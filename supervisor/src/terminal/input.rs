//! Lines from standard input, without keeping the program from ending.
//!
//! A read from a terminal cannot be taken back, so it happens on a thread of its own that the end of the
//! process ends too.

use std::io::{self, BufRead};
use tokio::sync::mpsc;

/// Longer ones are refused by the engine anyway, and must not fill the memory first.
const LONGEST_LINE: usize = 1024 * 1024;

pub struct Lines(mpsc::Receiver<io::Result<String>>);

impl Lines {
    pub fn of_standard_input() -> Self {
        // One at a time: what is typed ahead stays with the terminal.
        let (sender, receiver) = mpsc::channel(1);
        std::thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let line = next(&mut input);
                let last = !matches!(line, Ok(Some(_)));
                if let Some(line) = line.transpose()
                    && sender.blocking_send(line).is_err()
                {
                    return;
                }
                if last {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// `None` at the end of the input. Cancel-safe.
    pub async fn next(&mut self) -> Option<io::Result<String>> {
        self.0.recv().await
    }
}

fn next(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = io::Read::take(&mut *input, LONGEST_LINE as u64).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.len() == LONGEST_LINE && bytes.last() != Some(&b'\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 1 MiB"));
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is not UTF-8"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}
