//! Opus, which the reader of files knows as a kind of packet and does not decode.

use super::error::SoundError;
use super::reading::Block;
use opus_pure::OpusDecoder;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Opus counts in this, whatever it was made from.
const RATE: i32 = 48_000;
/// The longest packet holds 120 ms.
const MOST_FRAMES: usize = 5760;

pub struct Opus {
    decoder: OpusDecoder,
    channels: usize,
    /// What the first packets hold beyond what was recorded.
    early: usize,
    /// Whether what a packet says of its own end is counted in samples.
    trims: bool,
}

impl Opus {
    pub fn new(parameters: &AudioCodecParameters, time: Option<TimeBase>) -> Result<Self, SoundError> {
        let header = parameters.extra_data.as_deref().unwrap_or_default();
        let (channels, early) = header_of(header).unwrap_or_else(|| {
            (parameters.channels.as_ref().map_or(1, symphonia::core::audio::Channels::count), 0)
        });
        if !(1..=2).contains(&channels) {
            return Err(SoundError::UnknownCodec(format!("Opus in {channels} channels")));
        }
        let decoder = OpusDecoder::new(RATE, channels);
        let decoder = decoder.map_err(|error| SoundError::Damaged(format!("{error:?}")))?;
        let trims = time.is_some_and(|time| (time.numer.get(), time.denom.get()) == (1, RATE.unsigned_abs()));
        Ok(Self { decoder, channels, early, trims })
    }

    pub(super) fn decode(&mut self, packet: &Packet) -> Result<Block, opus_pure::Error> {
        let mut together = vec![0.0; MOST_FRAMES * self.channels];
        let frames = self.decoder.decode(&packet.data, MOST_FRAMES, &mut together)?;
        let late = if self.trims { packet.trim_end.get() } else { 0 };
        let frames = frames.saturating_sub(usize::try_from(late).unwrap_or(usize::MAX));
        together.truncate(frames * self.channels);
        let skipped = self.early.min(frames);
        self.early -= skipped;
        together.drain(..skipped * self.channels);
        Ok(Block { rate: RATE.unsigned_abs(), channels: self.channels, together })
    }
}

/// Channels, and how much of the beginning is not to be heard.
fn header_of(header: &[u8]) -> Option<(usize, usize)> {
    let rest = header.strip_prefix(b"OpusHead")?;
    let early = [*rest.get(2)?, *rest.get(3)?];
    // In mp4 it has the version 0 and its numbers the other way round.
    let early = if rest.first() == Some(&0) { u16::from_be_bytes(early) } else { u16::from_le_bytes(early) };
    Some((usize::from(*rest.get(1)?), usize::from(early)))
}
