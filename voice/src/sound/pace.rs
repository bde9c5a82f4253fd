//! Another pace for the same sound: from any number of samples a second to any other, piece by piece.

use super::error::SoundError;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// What ears listen at.
pub const HEARD: u32 = 16_000;
/// Slower than a telephone or faster than any studio is a header that lies.
const SLOWEST: u32 = 4_000;
const FASTEST: u32 = 384_000;
/// Samples that are worked on at a time.
const PIECE: usize = 1024;
/// Long enough that nothing above what is kept comes back as another tone.
const FILTER: usize = 128;

pub struct Pace {
    /// `None`: it is the right one already.
    change: Option<Async<f32>>,
    ratio: f64,
    waiting: Vec<f32>,
    /// Of what comes out first, what is only the filter's beginning.
    early: usize,
    came: u64,
    made: u64,
}

impl Pace {
    pub fn new(from: u32, to: u32) -> Result<Self, SoundError> {
        if !(SLOWEST..=FASTEST).contains(&from) {
            return Err(SoundError::Damaged(format!("it says that it has {from} samples a second")));
        }
        let ratio = f64::from(to) / f64::from(from);
        let change = (from != to).then(|| change(ratio));
        let early = change.as_ref().map_or(0, Resampler::output_delay);
        Ok(Self { change, ratio, waiting: Vec::new(), early, came: 0, made: 0 })
    }

    /// What came of it so far is added to `out`.
    pub fn take(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let Some(change) = &mut self.change else { return out.extend_from_slice(samples) };
        self.came += samples.len() as u64;
        self.waiting.extend_from_slice(samples);
        let mut used = 0;
        while self.waiting.len() - used >= change.input_frames_next() {
            let next = change.input_frames_next();
            let made = work(change, &self.waiting[used..used + next], None);
            used += next;
            self.made += keep(&mut self.early, &made, out);
        }
        self.waiting.drain(..used);
    }

    /// What is still in the filter, so that as much comes out as came in.
    pub fn end(mut self, out: &mut Vec<f32>) {
        let Some(change) = &mut self.change else { return };
        let due = (self.came as f64 * self.ratio).round() as u64;
        let mut left = std::mem::take(&mut self.waiting);
        while self.made < due {
            let some = left.len();
            left.resize(change.input_frames_next(), 0.0);
            let made = work(change, &left, Some(some));
            self.made += keep(&mut self.early, &made, out);
            left.clear();
        }
        let surplus = usize::try_from(self.made - due).unwrap_or(usize::MAX);
        out.truncate(out.len().saturating_sub(surplus));
    }
}

fn change(ratio: f64) -> Async<f32> {
    let parameters = SincInterpolationParameters {
        sinc_len: FILTER,
        f_cutoff: None,
        oversampling_factor: 128,
        interpolation: SincInterpolationType::Linear,
        window: WindowFunction::BlackmanHarris2,
    };
    Async::new_sinc(ratio, 1.0, &parameters, PIECE, 1, FixedAsync::Input)
        .expect("the pace lies within bounds and the rest is fixed")
}

fn work(change: &mut Async<f32>, samples: &[f32], some: Option<usize>) -> Vec<f32> {
    let input = SequentialSlice::new(samples, 1, samples.len()).expect("one channel of that length");
    let indexing = some.map(|some| Indexing::new().partial_len(some));
    let made = change.process(&input, indexing.as_ref()).expect("as many samples as it asked for");
    made.take_data()
}

/// Without what is only the filter's beginning. How much was kept.
fn keep(early: &mut usize, made: &[f32], out: &mut Vec<f32>) -> u64 {
    let skipped = made.len().min(*early);
    *early -= skipped;
    out.extend_from_slice(&made[skipped..]);
    (made.len() - skipped) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(rate: u32, hertz: f64, seconds: f64) -> Vec<f32> {
        let count = (f64::from(rate) * seconds) as u32;
        (0..count).map(|n| (TAU * hertz * f64::from(n) / f64::from(rate)).sin() as f32 * 0.5).collect()
    }

    fn at(rate: u32, samples: &[f32], piece: usize) -> Vec<f32> {
        let (mut pace, mut out) = (Pace::new(rate, HEARD).expect("a pace"), Vec::new());
        for some in samples.chunks(piece) {
            pace.take(some, &mut out);
        }
        pace.end(&mut out);
        out
    }

    #[test]
    fn a_tone_is_the_same_tone_at_another_pace_and_begins_when_it_began() {
        for rate in [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000, 192_000] {
            let heard = at(rate, &tone(rate, 440.0, 1.0), 777);
            let wanted = tone(HEARD, 440.0, 1.0);
            assert!(heard.len().abs_diff(wanted.len()) <= 1, "{rate}: {}", heard.len());
            // The very ends ring, since a tone that begins at once has every pitch in it.
            let middle = 400..15_600;
            let apart = |later: usize| {
                let pairs = wanted[middle.clone()].iter().zip(&heard[middle.start + later - 1..]);
                pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
            };
            // Where the filter's middle lies between two samples, it begins half of one earlier or later.
            let worst = (0..=2).map(apart).fold(f32::MAX, f32::min);
            assert!(worst < 0.045, "{rate}: {worst}");
        }
    }

    #[test]
    fn what_is_too_high_to_be_kept_does_not_come_back_as_another_tone() {
        let heard = at(48_000, &tone(48_000, 11_000.0, 1.0), 4096);
        let loudest = heard[400..15_600].iter().fold(0.0_f32, |most, one| most.max(one.abs()));
        assert!(loudest < 0.003, "{loudest}");
    }

    #[test]
    fn pieces_make_no_difference_and_a_lying_header_is_told() {
        let sound = tone(44_100, 300.0, 0.3);
        assert_eq!(at(44_100, &sound, 1), at(44_100, &sound, 100_000));
        assert_eq!(at(44_100, &[], 1), Vec::<f32>::new());
        for rate in [0, 1, 3_999, 384_001, u32::MAX] {
            assert!(matches!(Pace::new(rate, HEARD), Err(SoundError::Damaged(_))), "{rate}");
        }
    }
}
