//! What comes in packets, which is everything but plain wav: Symphonia takes files apart and decodes all but Opus.
//!
//! Packets that cannot be decoded are left out, as every player does; a file of which nothing can be decoded is damaged.

use super::error::SoundError;
use super::opus::Opus;
use super::reading::Block;
use std::io;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::{get_codecs, get_probe};

/// So many packets in a row that are no sound, and the rest is not looked at.
const MOST_DAMAGED: u32 = 256;

/// What an encoder adds at the end is never more than this. A header that says so counts another file before what
/// follows, or was written before anything was counted.
const MOST_LATE: u64 = 5760;

pub struct Packets {
    format: Box<dyn FormatReader>,
    track: u32,
    decoder: Decoder,
    has_sound: bool,
    /// Samples that were left out because they come after the end.
    late: u64,
    damaged: u32,
    why: Option<String>,
}

enum Decoder {
    Known(Box<dyn AudioDecoder>),
    Opus(Box<Opus>),
}

impl Packets {
    pub fn open(stream: MediaSourceStream<'static>) -> Result<Self, SoundError> {
        let opened =
            get_probe().probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default());
        let format = opened.map_err(|error| match error {
            Error::DecodeError(what) | Error::LimitError(what) => SoundError::Damaged(what.to_owned()),
            // Nothing in it is the beginning of any format.
            _ => SoundError::UnknownFormat,
        })?;
        let track = format.default_track(TrackType::Audio).ok_or(SoundError::Empty)?;
        let late = if track.num_frames == Some(0) { MOST_LATE } else { 0 };
        let (decoder, track) = (decoder(track)?, track.id);
        Ok(Self { format, track, decoder, has_sound: false, late, damaged: 0, why: None })
    }

    /// `None` at the end. May be empty.
    pub(super) fn block(&mut self) -> Result<Option<Block>, SoundError> {
        while self.damaged < MOST_DAMAGED {
            let Some(mut packet) = self.packet()? else { break };
            self.late = self.late.saturating_add(packet.trim_end.get());
            if self.late > MOST_LATE {
                packet.trim_end = Duration::ZERO;
            }
            match self.decoder.decode(&packet) {
                Ok(block) => {
                    (self.has_sound, self.damaged) = (true, 0);
                    return Ok(Some(block));
                }
                Err(why) => {
                    self.damaged += 1;
                    self.why = Some(why);
                }
            }
        }
        match self.why.take() {
            Some(why) if !self.has_sound => Err(SoundError::Damaged(why)),
            _ => Ok(None),
        }
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
                Err(error) if !self.has_sound => return Err(SoundError::Damaged(error.to_string())),
                Err(error) => {
                    tracing::debug!(error = %error, "the rest of a file cannot be read");
                    return Ok(None);
                }
            }
        }
    }
}

impl Decoder {
    fn decode(&mut self, packet: &Packet) -> Result<Block, String> {
        match self {
            Self::Opus(opus) => opus.decode(packet).map_err(|error| error.to_string()),
            Self::Known(decoder) => {
                let buffer = decoder.decode(packet).map_err(|error| error.to_string())?;
                let mut together = Vec::new();
                buffer.copy_to_vec_interleaved::<f32>(&mut together);
                Ok(Block { rate: buffer.spec().rate(), channels: buffer.num_planes(), together })
            }
        }
    }
}

fn decoder(track: &Track) -> Result<Decoder, SoundError> {
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or(SoundError::Empty)?;
    if parameters.codec == CODEC_ID_OPUS {
        return Opus::new(parameters, track.time_base).map(Box::new).map(Decoder::Opus);
    }
    let channels = parameters.channels.as_ref().map_or(0, Channels::count);
    if parameters.codec == CODEC_ID_VORBIS && channels > 2 {
        // Symphonia 0.6 makes noise of it.
        return Err(SoundError::UnknownCodec(format!("Vorbis in {channels} channels")));
    }
    let made = get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    made.map(Decoder::Known).map_err(|error| match error {
        Error::Unsupported(what) => SoundError::UnknownCodec(what.to_owned()),
        other => SoundError::Damaged(other.to_string()),
    })
}
