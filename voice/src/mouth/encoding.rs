//! What is said, in the shapes that listeners take: bytes come out as sound goes in.

use super::wav;
use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead};
use rusty_mp3::{Mp3Encoder, Mp3EncoderConfig};

/// Speech loses nothing that is heard.
const MP3_KBPS: u32 = 64;
const OPUS_BITS: i32 = 32_000;
/// What whoever asks for plain samples expects. At more than this mp3 would come at the end, all at once.
const RATE: u32 = 24_000;
/// A fiftieth of a second.
const OPUS_FRAME: usize = 480;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    #[default]
    Mp3,
    /// In an Ogg file.
    Opus,
    Wav,
    /// Plain samples, as `s16le`.
    Pcm,
}

impl Shape {
    /// As requests and the endings of files name it.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "mp3" => Self::Mp3,
            "opus" | "ogg" => Self::Opus,
            "wav" => Self::Wav,
            "pcm" => Self::Pcm,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Wav => "wav",
            Self::Pcm => "pcm",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/ogg",
            Self::Wav => "audio/wav",
            Self::Pcm => "audio/pcm",
        }
    }

    /// Samples a second that it needs; `None` where the voice's own will do.
    pub fn rate(self) -> Option<u32> {
        match self {
            Self::Mp3 | Self::Opus | Self::Pcm => Some(RATE),
            Self::Wav => None,
        }
    }
}

pub struct Encoder(Kind);

enum Kind {
    Mp3 {
        encoder: Box<Mp3Encoder>,
        rate: u32,
        /// Its first packet says how long all of it is, which nobody knows: it is left out.
        has_begun: bool,
    },
    Opus {
        encoder: Box<OpusEncoder>,
        ogg: Box<OggOpusWriter<Vec<u8>>>,
        waiting: Vec<f32>,
    },
    Plain {
        header: Vec<u8>,
    },
}

/// In the encoder's own words.
#[derive(Debug, thiserror::Error)]
#[error("the sound could not be encoded: {0}")]
pub struct Unencoded(pub String);

impl Encoder {
    /// For sound of one channel with so many samples a second.
    pub fn new(shape: Shape, rate: u32) -> Result<Self, Unencoded> {
        Ok(Self(match shape {
            Shape::Mp3 => {
                let config = Mp3EncoderConfig { bitrate_kbps: MP3_KBPS, vbr_quality: None };
                Kind::Mp3 { encoder: Box::new(Mp3Encoder::new(config)), rate, has_begun: false }
            }
            Shape::Opus => {
                let rate = i32::try_from(rate).map_err(unencoded)?;
                let mut encoder = OpusEncoder::new(rate, 1, Application::Voip).map_err(unencoded)?;
                encoder.bitrate_bps = OPUS_BITS;
                let head = OpusHead::for_encoder(&encoder, RATE);
                let ogg = OggOpusWriter::new(Vec::new(), head).map_err(unencoded)?;
                Kind::Opus { encoder: Box::new(encoder), ogg: Box::new(ogg), waiting: Vec::new() }
            }
            Shape::Wav => Kind::Plain { header: wav::streamed_header(rate) },
            Shape::Pcm => Kind::Plain { header: Vec::new() },
        }))
    }

    /// What came of it so far.
    pub fn take(&mut self, samples: &[i16]) -> Result<Vec<u8>, Unencoded> {
        match &mut self.0 {
            Kind::Mp3 { encoder, rate, has_begun } => {
                encoder.push_pcm_s16(samples, 1, *rate).map_err(unencoded)?;
                Ok(packets(encoder, has_begun))
            }
            Kind::Opus { encoder, ogg, waiting } => {
                waiting.extend(samples.iter().map(|sample| f32::from(*sample) / 32_768.0));
                let whole = waiting.len() / OPUS_FRAME * OPUS_FRAME;
                let ready: Vec<f32> = waiting.drain(..whole).collect();
                write(encoder, ogg, &ready)?;
                Ok(ogg.get_mut().map(std::mem::take).unwrap_or_default())
            }
            Kind::Plain { header } => {
                let mut bytes = std::mem::take(header);
                bytes.extend(wav::pcm(samples));
                Ok(bytes)
            }
        }
    }

    pub fn end(self) -> Result<Vec<u8>, Unencoded> {
        match self.0 {
            Kind::Mp3 { mut encoder, mut has_begun, .. } => {
                encoder.finish();
                Ok(packets(&mut encoder, &mut has_begun))
            }
            Kind::Opus { mut encoder, mut ogg, mut waiting } => {
                waiting.resize(waiting.len().next_multiple_of(OPUS_FRAME), 0.0);
                write(&mut encoder, &mut ogg, &waiting)?;
                ogg.finish().map_err(unencoded)
            }
            Kind::Plain { header } => Ok(header),
        }
    }
}

fn packets(encoder: &mut Mp3Encoder, has_begun: &mut bool) -> Vec<u8> {
    let packets = std::iter::from_fn(|| encoder.next_packet().ok());
    let sound = packets.filter(|_| std::mem::replace(has_begun, true));
    sound.flatten().collect()
}

fn write(
    encoder: &mut OpusEncoder,
    ogg: &mut OggOpusWriter<Vec<u8>>,
    samples: &[f32],
) -> Result<(), Unencoded> {
    let mut packet = vec![0; MAX_PACKET_BYTES];
    for frame in samples.chunks_exact(OPUS_FRAME) {
        let length = encoder.encode(frame, OPUS_FRAME, &mut packet).map_err(unencoded)?;
        ogg.write_packet(&packet[..length]).map_err(unencoded)?;
    }
    Ok(())
}

fn unencoded(error: impl std::fmt::Debug) -> Unencoded {
    Unencoded(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::pace::HEARD;
    use crate::sound::reading::{At, Reading};
    use std::f32::consts::TAU;
    use std::io::Cursor;
    use std::time::Duration;

    fn tone(rate: u32, seconds: u32) -> Vec<i16> {
        let one = |n: u32| (TAU * 330.0 * n as f32 / rate as f32).sin() * 12_000.0;
        (0..rate * seconds).map(|n| one(n) as i16).collect()
    }

    #[test]
    fn what_is_encoded_bit_by_bit_is_heard_as_it_was_said() {
        for (shape, rate) in [(Shape::Mp3, RATE), (Shape::Opus, RATE), (Shape::Wav, 16_000)] {
            let (said, mut encoder) = (tone(rate, 2), Encoder::new(shape, rate).expect("an encoder"));
            let mut file: Vec<u8> =
                said.chunks(777).flat_map(|piece| encoder.take(piece).expect("encoded")).collect();
            let before_the_end = file.len();
            file.extend(encoder.end().expect("ended"));
            assert!(before_the_end > file.len() / 2, "{shape:?}: it comes as it is made");
            let mut reading = Reading::open(Cursor::new(file), At::Rate(HEARD), Duration::from_mins(1))
                .expect("it is sound");
            let mut heard = Vec::new();
            while let Some(block) = reading.block().expect("whole") {
                heard.extend(block);
            }
            let seconds = heard.len() as f32 / 16_000.0;
            assert!((1.95..2.15).contains(&seconds), "{shape:?}: {seconds}");
            let middle = &heard[8_000..24_000];
            let power = middle.iter().map(|one| one * one).sum::<f32>() / middle.len() as f32;
            let rises = middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            assert!((power.sqrt() - 0.259).abs() < 0.03, "{shape:?}: as loud, {power}");
            assert!(rises.abs_diff(330) <= 4, "{shape:?}: as high, {rises}");
        }
        let mut plain = Encoder::new(Shape::Pcm, RATE).expect("an encoder");
        assert_eq!(plain.take(&[1, -1]).expect("encoded"), [1, 0, 255, 255]);
        assert!(plain.end().expect("ended").is_empty());
    }
}
