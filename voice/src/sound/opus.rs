//! Opus, which the reader of files knows as a kind of packet and does not decode.

use super::error::SoundError;
use super::reading::Block;
use opus_pure::OpusDecoder;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

/// Opus counts in this, whatever it was made from.
const RATE: i32 = 48_000;
/// The longest packet holds 120 ms.
const MOST_FRAMES: usize = 5760;

pub struct Opus {
    decoder: OpusDecoder,
    channels: usize,
    /// What the first packets hold beyond what was recorded.
    early: usize,
}

impl Opus {
    pub fn new(parameters: &AudioCodecParameters) -> Result<Self, SoundError> {
        let header = parameters.extra_data.as_deref().unwrap_or_default();
        let (channels, early) = header_of(header).unwrap_or_else(|| {
            (parameters.channels.as_ref().map_or(1, symphonia::core::audio::Channels::count), 0)
        });
        if !(1..=2).contains(&channels) {
            return Err(SoundError::UnknownCodec(format!("Opus in {channels} channels")));
        }
        let decoder = OpusDecoder::new(RATE, channels);
        let decoder = decoder.map_err(|error| SoundError::Damaged(format!("{error:?}")))?;
        Ok(Self { decoder, channels, early })
    }

    pub(super) fn decode(&mut self, packet: &Packet) -> Result<Block, opus_pure::Error> {
        let mut together = vec![0.0; MOST_FRAMES * self.channels];
        let frames = self.decoder.decode(&packet.data, MOST_FRAMES, &mut together)?;
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
    let early = u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?]);
    Some((usize::from(*rest.get(1)?), usize::from(early)))
}
