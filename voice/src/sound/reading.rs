//! Decodes a file block by block, whatever it is in: never more of it in memory than a block, and never more decoded than
//! allowed.
//!
//! What a file is called or claims to be does not count: its first bytes tell. Packets that cannot be decoded are left
//! out, as every player does; a file of which nothing can be decoded is damaged.

use super::error::SoundError;
use super::opus::Opus;
use super::pace::{HEARD, Pace};
use std::io;
use std::time::Duration;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::default::{get_codecs, get_probe};

/// So many packets in a row that are no sound, and the rest is not looked at.
const MOST_DAMAGED: u32 = 256;
/// Of a file in several channels all are heard, but not of one that claims to have a thousand.
const MOST_CHANNELS: usize = 64;

pub struct Reading {
    format: Box<dyn FormatReader>,
    track: u32,
    decoder: Decoder,
    /// Made when the first block tells its rate.
    pace: Option<(u32, Pace)>,
    longest: Duration,
    left: usize,
    damaged: u32,
    why: Option<String>,
    is_over: bool,
}

enum Decoder {
    Known(Box<dyn AudioDecoder>),
    Opus(Box<Opus>),
}

impl Reading {
    /// Looks at its beginning. Blocks, as all of it does.
    pub fn open(source: impl MediaSource + 'static, longest: Duration) -> Result<Self, SoundError> {
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let opened =
            get_probe().probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default());
        let format = opened.map_err(|error| match error {
            Error::DecodeError(what) | Error::LimitError(what) => SoundError::Damaged(what.to_owned()),
            // Nothing in it is the beginning of any format.
            _ => SoundError::UnknownFormat,
        })?;
        let track = format.default_track(TrackType::Audio).ok_or(SoundError::Empty)?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let decoder = decoder(parameters.ok_or(SoundError::Empty)?)?;
        let left = usize::try_from(longest.as_secs()).unwrap_or(usize::MAX).saturating_mul(HEARD as usize);
        let track = track.id;
        Ok(Self { format, track, decoder, pace: None, longest, left, damaged: 0, why: None, is_over: false })
    }

    /// The next block at the pace of ears. `None` at the end.
    pub fn block(&mut self) -> Result<Option<Vec<f32>>, SoundError> {
        let mut out = Vec::new();
        while out.is_empty() && !self.is_over {
            match self.packet()? {
                Some(packet) => self.decode(&packet, &mut out)?,
                None => self.end(&mut out)?,
            }
        }
        self.left = self.left.checked_sub(out.len()).ok_or(SoundError::TooLong(self.longest))?;
        Ok((!out.is_empty()).then_some(out))
    }

    fn packet(&mut self) -> Result<Option<Packet>, SoundError> {
        loop {
            match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                // It was cut off: what came before is heard.
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                // Another stream begins in the same file: another song, not more of this one.
                Ok(None) | Err(Error::ResetRequired) => return Ok(None),
                Err(error) if self.pace.is_none() => return Err(SoundError::Damaged(error.to_string())),
                Err(error) => {
                    tracing::debug!(error = %error, "the rest of a file cannot be read");
                    return Ok(None);
                }
            }
        }
    }

    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Result<(), SoundError> {
        let decoded = match &mut self.decoder {
            Decoder::Opus(opus) => opus.decode(packet).map_err(|error| error.to_string()),
            Decoder::Known(decoder) => match decoder.decode(packet) {
                Ok(buffer) => {
                    let mut together = Vec::new();
                    buffer.copy_to_vec_interleaved::<f32>(&mut together);
                    Ok(Block { rate: buffer.spec().rate(), channels: buffer.num_planes(), together })
                }
                Err(error) => Err(error.to_string()),
            },
        };
        let block = match decoded {
            Ok(block) => block,
            Err(why) => {
                self.damaged += 1;
                self.why = Some(why);
                self.is_over = self.damaged >= MOST_DAMAGED;
                return Ok(());
            }
        };
        self.damaged = 0;
        if block.channels == 0 || block.channels > MOST_CHANNELS {
            return Err(SoundError::Damaged(format!("it says that it has {} channels", block.channels)));
        }
        let one = block.one_channel();
        match &mut self.pace {
            Some((rate, pace)) if *rate == block.rate => pace.take(&one, out),
            // Of another rate in the middle, the old pace has nothing more to tell.
            _ => {
                let mut pace = Pace::new(block.rate, HEARD)?;
                pace.take(&one, out);
                if let Some((_, before)) = self.pace.replace((block.rate, pace)) {
                    let mut whole = Vec::new();
                    before.end(&mut whole);
                    whole.append(out);
                    *out = whole;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<f32>) -> Result<(), SoundError> {
        self.is_over = true;
        match (self.pace.take(), self.why.take()) {
            (Some((_, pace)), _) => pace.end(out),
            (None, Some(why)) => return Err(SoundError::Damaged(why)),
            (None, None) => return Err(SoundError::Empty),
        }
        Ok(())
    }
}

fn decoder(parameters: &AudioCodecParameters) -> Result<Decoder, SoundError> {
    if parameters.codec == CODEC_ID_OPUS {
        return Opus::new(parameters).map(Box::new).map(Decoder::Opus);
    }
    let made = get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    made.map(Decoder::Known).map_err(|error| match error {
        Error::Unsupported(what) => SoundError::UnknownCodec(what.to_owned()),
        other => SoundError::Damaged(other.to_string()),
    })
}

/// What one packet holds, with its channels side by side.
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
