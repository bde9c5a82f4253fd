//! Decodes a file block by block, whatever it is in: never more of it in memory than a block, and never more decoded than
//! allowed.
//!
//! What a file is called or claims to be does not count: its first bytes tell.

use super::error::SoundError;
use super::pace::Pace;
use super::packets::Packets;
use super::wav::{Found, Wav};
use std::time::Duration;
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};

/// Of a file in several channels all are heard, but not of one that claims to have a thousand.
pub(super) const MOST_CHANNELS: usize = 64;

pub struct Reading {
    source: Source,
    at: At,
    /// Made when the first block tells its rate.
    pace: Option<(u32, Pace)>,
    longest: Duration,
    /// Samples that came out, and how many of them make a second.
    made: usize,
    rate: u32,
    is_over: bool,
}

/// The pace that sound is wanted at.
#[derive(Clone, Copy, Debug)]
pub enum At {
    Rate(u32),
    /// Whatever the file has.
    Own,
}

enum Source {
    Wav(Wav),
    Packets(Packets),
}

impl Reading {
    /// Looks at its beginning. Blocks, as all of it does.
    pub fn open(source: impl MediaSource + 'static, at: At, longest: Duration) -> Result<Self, SoundError> {
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let source = match Wav::find(stream)? {
            Found::Wav(wav) => Source::Wav(wav),
            Found::Other(stream) => Source::Packets(Packets::open(stream)?),
        };
        Ok(Self { source, at, pace: None, longest, made: 0, rate: 0, is_over: false })
    }

    /// The next block, of one channel. `None` at the end.
    pub fn block(&mut self) -> Result<Option<Vec<f32>>, SoundError> {
        let mut out = Vec::new();
        while out.is_empty() && !self.is_over {
            let block = match &mut self.source {
                Source::Wav(wav) => wav.block()?,
                Source::Packets(packets) => packets.block()?,
            };
            match block {
                Some(block) => self.take(&block, &mut out)?,
                None => self.end(&mut out)?,
            }
        }
        self.made = self.made.saturating_add(out.len());
        if self.made as u64 > self.longest.as_secs().saturating_mul(self.rate.into()) {
            return Err(SoundError::TooLong(self.longest));
        }
        Ok((!out.is_empty()).then_some(out))
    }

    /// How many samples make a second, once there was a block.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    fn take(&mut self, block: &Block, out: &mut Vec<f32>) -> Result<(), SoundError> {
        if block.channels == 0 || block.channels > MOST_CHANNELS {
            return Err(SoundError::Damaged(format!("it says that it has {} channels", block.channels)));
        }
        let one = block.one_channel();
        match &mut self.pace {
            Some((rate, pace)) if *rate == block.rate => pace.take(&one, out),
            // Of another rate in the middle, the old pace has nothing more to tell.
            _ => {
                self.rate = match self.at {
                    At::Rate(rate) => rate,
                    At::Own => block.rate,
                };
                let mut pace = Pace::new(block.rate, self.rate)?;
                let before = self.pace.take();
                if let Some((_, before)) = before {
                    before.end(out);
                }
                pace.take(&one, out);
                self.pace = Some((block.rate, pace));
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<f32>) -> Result<(), SoundError> {
        self.is_over = true;
        let (_, pace) = self.pace.take().ok_or(SoundError::Empty)?;
        pace.end(out);
        Ok(())
    }
}

/// What was decoded at once, with its channels side by side.
pub(super) struct Block {
    pub rate: u32,
    pub channels: usize,
    pub together: Vec<f32>,
}

impl Block {
    /// The middle of all channels. What is no number is silence: it would spread over everything after it.
    fn one_channel(&self) -> Vec<f32> {
        let share = 1.0 / self.channels as f32;
        let frames = self.together.chunks_exact(self.channels);
        let middle = frames.map(|frame| frame.iter().sum::<f32>() * share);
        middle.map(|one| if one.is_finite() { one.clamp(-1.0, 1.0) } else { 0.0 }).collect()
    }
}
