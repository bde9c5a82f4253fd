//! Cuts sound where somebody draws breath. What is no louder than the room is left out.
//!
//! The room is what is quietest of the last seconds: whoever speaks pauses between words, a fan does not.

use std::collections::VecDeque;
use std::ops::Range;

/// A fiftieth of a second.
const FRAME: usize = 320;
/// Kept from before the first loud frame and after the last one.
const MARGIN: usize = 12;
/// Quiet for so long, and the window ends.
const BREATH: usize = 35;
/// So many loud frames among the last of them make speech: a click is shorter.
const SURE: usize = 3;
const AMONG: usize = 5;
/// What the room is told from.
const MEMORY: usize = 150;
/// Before it is told what is speech, so much must have been heard of the room.
const AHEAD: usize = 25;
/// Whoever waits for each word waits no longer than this before the first.
const AHEAD_LIVE: usize = 15;
/// Nothing below is ever speech, and everything above may be.
const SILENCE: f32 = -55.0;
const ALWAYS: f32 = -30.0;
/// So much louder than the room, in decibels.
const ABOVE: f32 = 8.0;
/// A recogniser listens to thirty seconds at a time.
const LONGEST: usize = 28 * 50;
/// Where one that is too long is cut: at the quietest of its last frames.
const CUT: usize = 8 * 50;
/// Whatever is said before is in the window that it began in, however long that grows. In samples, and less what a frame
/// more makes.
pub const CERTAIN: usize = (LONGEST - CUT - 1) * FRAME;

/// A piece in which somebody speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The place of its first sample in the whole.
    pub at: usize,
    pub samples: Vec<f32>,
}

#[derive(Default)]
pub struct Windows {
    /// Not a whole frame yet.
    partial: Vec<f32>,
    /// Frames that were heard and not yet looked at.
    ahead: VecDeque<Frame>,
    room: VecDeque<f32>,
    /// Frames from the margin before the first loud one on; only those of the margin while nobody speaks.
    kept: VecDeque<Frame>,
    /// The place of the first of them, in frames.
    at: usize,
    speaks: bool,
    quiet: usize,
    is_live: bool,
}

struct Frame {
    samples: Vec<f32>,
    decibels: f32,
}

impl Windows {
    /// Told at once who speaks, once a little is known of the room.
    pub fn live() -> Self {
        Self { is_live: true, ..Self::default() }
    }

    /// Where somebody began to speak who has not ended, and how far the sound goes by now.
    pub fn so_far(&self) -> Option<Range<usize>> {
        self.speaks.then(|| self.at * FRAME..(self.at + self.kept.len()) * FRAME)
    }

    /// All of it.
    pub fn look_back(&self) -> Window {
        let samples = self.kept.iter().flat_map(|frame| &frame.samples).copied().collect();
        Window { at: self.at * FRAME, samples }
    }

    /// Nothing before it is in a window that is still to come.
    pub fn passed(&self) -> usize {
        self.at * FRAME
    }

    pub fn take(&mut self, samples: &[f32]) -> Vec<Window> {
        self.partial.extend_from_slice(samples);
        let whole = self.partial.len() / FRAME * FRAME;
        for samples in self.partial.drain(..whole).collect::<Vec<_>>().chunks_exact(FRAME) {
            self.hear(samples);
        }
        let ahead = match (self.is_live, self.room.len() >= AHEAD_LIVE) {
            (false, _) => AHEAD,
            (true, false) => AHEAD_LIVE,
            (true, true) => 0,
        };
        self.look(ahead)
    }

    /// What is left is no longer waited for.
    pub fn end(mut self) -> Vec<Window> {
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.hear(&last);
        }
        let mut windows = self.look(0);
        if self.speaks {
            windows.push(self.cut(self.kept.len()));
        }
        windows
    }

    fn hear(&mut self, samples: &[f32]) {
        let decibels = decibels(samples);
        self.room.push_back(decibels);
        if self.room.len() > MEMORY {
            self.room.pop_front();
        }
        self.ahead.push_back(Frame { samples: samples.to_vec(), decibels });
    }

    fn look(&mut self, ahead: usize) -> Vec<Window> {
        let mut windows = Vec::new();
        while self.ahead.len() > ahead {
            let above = self.room().max(SILENCE - ABOVE) + ABOVE;
            let Some(frame) = self.ahead.pop_front() else { break };
            windows.extend(self.step(frame, above));
        }
        windows
    }

    /// A tenth of it is quieter.
    fn room(&self) -> f32 {
        let mut all: Vec<f32> = self.room.iter().copied().collect();
        let tenth = all.len() / 10;
        if all.is_empty() {
            return SILENCE;
        }
        let (_, found, _) = all.select_nth_unstable_by(tenth, f32::total_cmp);
        found.min(ALWAYS - ABOVE)
    }

    fn step(&mut self, frame: Frame, above: f32) -> Option<Window> {
        let is_loud = frame.decibels > above;
        self.kept.push_back(frame);
        if self.speaks {
            self.quiet = if is_loud { 0 } else { self.quiet + 1 };
            return if self.quiet >= BREATH {
                let window = self.cut(self.kept.len() - self.quiet + MARGIN);
                self.speaks = false;
                self.forget();
                Some(window)
            } else if self.kept.len() >= LONGEST {
                let quietest = (self.kept.len() - CUT..self.kept.len())
                    .min_by(|a, b| self.kept[*a].decibels.total_cmp(&self.kept[*b].decibels));
                let window = self.cut(quietest.unwrap_or(self.kept.len()));
                // Cut within a pause: nothing of what is left was said.
                self.speaks = self.kept.len() > self.quiet;
                Some(window)
            } else {
                None
            };
        }
        let recent = self.kept.iter().rev().take(AMONG);
        if is_loud && recent.filter(|frame| frame.decibels > above).count() >= SURE {
            self.speaks = true;
            self.quiet = 0;
        } else {
            self.forget();
        }
        None
    }

    fn forget(&mut self) {
        let surplus = self.kept.len().saturating_sub(MARGIN + AMONG);
        self.kept.drain(..surplus);
        self.at += surplus;
    }

    fn cut(&mut self, frames: usize) -> Window {
        let at = self.at * FRAME;
        let samples = self.kept.drain(..frames).flat_map(|frame| frame.samples).collect();
        self.at += frames;
        Window { at, samples }
    }
}

fn decibels(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|one| one * one).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * power.max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::pace::HEARD;

    /// Seconds of something as loud as that, which is another thing each time.
    fn noise(seconds: f32, loudness: f32, seed: &mut u32) -> Vec<f32> {
        let one = |_| {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((*seed >> 8) as f32 / (1 << 23) as f32 - 1.0) * loudness
        };
        (0..(seconds * HEARD as f32) as usize).map(one).collect()
    }

    fn cut(sound: &[f32], piece: usize) -> Vec<Window> {
        let mut windows = Windows::default();
        let mut all: Vec<_> = sound.chunks(piece).flat_map(|some| windows.take(some)).collect();
        all.extend(windows.end());
        all
    }

    fn seconds(window: &Window) -> (f32, f32) {
        let at = window.at as f32 / HEARD as f32;
        (at, at + window.samples.len() as f32 / HEARD as f32)
    }

    #[test]
    fn silence_and_what_sounds_always_the_same_is_no_speech() {
        let mut seed = 1;
        for loudness in [0.0, 0.0005, 0.01, 0.03] {
            assert_eq!(cut(&noise(8.0, loudness, &mut seed), 500), [], "{loudness}");
        }
        assert_eq!(cut(&[], 1), []);
        let mut click = noise(3.0, 0.001, &mut seed);
        click[24_000..24_200].fill(0.9);
        assert_eq!(cut(&click, 4000), []);
    }

    #[test]
    fn what_is_said_is_cut_where_somebody_breathes_and_nothing_of_it_is_lost() {
        let mut seed = 2;
        for room in [0.0, 0.004] {
            let mut sound = noise(2.0, room, &mut seed);
            for pause in [1.5, 0.3, 2.0] {
                sound.extend(noise(1.0, 0.3, &mut seed));
                sound.extend(noise(pause, room, &mut seed));
            }
            let windows = cut(&sound, 777);
            let places: Vec<_> = windows.iter().map(seconds).collect();
            assert_eq!(places.len(), 2, "{room}: {places:?}");
            for ((from, to), (begins, ends)) in places.iter().zip([(2.0, 3.0), (4.5, 6.8)]) {
                assert!((begins - 0.5..=begins - 0.1).contains(from), "{places:?}");
                assert!((ends + 0.1..=ends + 0.4).contains(to), "{places:?}");
            }
            for window in &windows {
                assert_eq!(window.samples, sound[window.at..][..window.samples.len()]);
            }
            assert_eq!(cut(&sound, 100_000), windows, "pieces make no difference");
        }
    }

    #[test]
    fn whoever_does_not_breathe_is_cut_where_it_is_quietest() {
        let mut seed = 3;
        let mut sound = noise(60.0, 0.3, &mut seed);
        let dip = 25 * HEARD as usize;
        sound[dip..dip + 640].fill(0.0);
        let windows = cut(&sound, 16_000);
        assert!(windows.len() >= 3);
        assert!(windows.iter().all(|window| window.samples.len() <= 28 * HEARD as usize));
        assert!(windows[1].at.abs_diff(dip) <= 640, "{}", windows[1].at);
        let whole: Vec<f32> = windows.iter().flat_map(|window| window.samples.clone()).collect();
        assert_eq!(whole, sound, "nothing is lost between them");
    }

    #[test]
    fn a_pause_that_begins_just_before_a_window_is_too_long_loses_nothing() {
        for seed in 1..12 {
            let mut seed = seed;
            let mut sound = noise(27.5 + seed as f32 * 0.04, 0.3, &mut seed);
            sound.extend(noise(3.0, 0.004, &mut seed));
            sound.extend(noise(1.0, 0.3, &mut seed));
            let windows = cut(&sound, 4096);
            let last = windows.last().map(seconds).expect("a window");
            let ends = sound.len() as f32 / HEARD as f32;
            assert!(
                last.1 > ends - 0.1 && last.0 < ends - 0.9,
                "{windows:?}",
                windows = windows.iter().map(seconds).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn whoever_is_heard_live_is_noticed_at_once_and_cut_at_the_same_places() {
        let mut seed = 5;
        let mut sound = noise(2.0, 0.004, &mut seed);
        sound.extend(noise(1.0, 0.3, &mut seed));
        sound.extend(noise(1.5, 0.004, &mut seed));
        let (mut windows, mut noticed, mut all) = (Windows::live(), None, Vec::new());
        for (nth, piece) in sound.chunks(160).enumerate() {
            all.extend(windows.take(piece));
            if let Some(so_far) = windows.so_far() {
                noticed.get_or_insert((nth + 1) * 160);
                let back = windows.look_back();
                assert_eq!((back.at, &back.samples[..]), (so_far.start, &sound[so_far]));
            }
        }
        let late = noticed.expect("it is noticed") - 2 * HEARD as usize;
        assert!(late <= 100 * HEARD as usize / 1000, "{late} samples");
        assert_eq!(all, cut(&sound, 777));
    }

    #[test]
    fn short_and_trimmed_is_heard_whole() {
        let mut seed = 4;
        let sound = noise(0.3, 0.3, &mut seed);
        let windows = cut(&sound, 16_000);
        assert_eq!(windows, [Window { at: 0, samples: sound }]);
    }
}
