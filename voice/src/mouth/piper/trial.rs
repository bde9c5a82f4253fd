//! Whether a voice can speak, tried in a child: it says each of its phonemes, as its first and as its last speaker.

use super::description::Description;
use super::ids::{LONGEST, pieces};
use super::net::{Net, sound};
use rten::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// The reason why it cannot.
pub fn speaks(path: &Path) -> Result<(), String> {
    let tried = catch_unwind(AssertUnwindSafe(|| tried(path)));
    tried.unwrap_or_else(|_| Err("what runs it gave up on it".to_owned()))
}

fn tried(path: &Path) -> Result<(), String> {
    let description = Description::beside(path)?;
    let net = Net::load(path)?;
    match (net.has_speakers(), description.speakers.is_empty()) {
        (true, true) => return Err("it wants to be told who speaks, and nothing says who can".to_owned()),
        (false, false) => return Err("only one can speak with it, and it is said that others can".to_owned()),
        _ => {}
    }
    let threads = Arc::new(ThreadPool::with_num_threads(1));
    let scales = [description.noise, description.slowness, description.unevenness];
    let all: String = description.ids.signs().filter(|sign| *sign != ' ').collect();
    let mut is_heard = false;
    for piece in pieces(&all, LONGEST) {
        let ends = [description.speakers.first(), description.speakers.last()];
        for speaker in ends.map(|speaker| speaker.map(|(_, number)| *number)) {
            let ids = description.ids.number(&piece);
            let samples = net.samples(&ids, scales, speaker, &threads)?;
            let sound = sound(&samples, 1.0, &description)?;
            is_heard |= sound.samples.iter().any(|sample| *sample != 0);
            if speaker.is_none() {
                break;
            }
        }
    }
    if is_heard { Ok(()) } else { Err("it says nothing".to_owned()) }
}
