//! Wav, whatever its header says of lengths: a recorder that died wrote none, and a program that writes into a pipe makes
//! one up.
//!
//! A stream comes in at its beginning, blocks go out. It is only ever read forwards, so that one that cannot seek will do.
//! What is no wav, or holds what is not decoded here, is handed back for another reader.

use super::error::SoundError;
use super::reading::{Block, MOST_CHANNELS};
use std::io::{self, Read, Seek, SeekFrom};
use symphonia::core::io::{MediaSourceStream, SeekBuffered};

type Stream = MediaSourceStream<'static>;

/// Bytes that are decoded at a time.
const PIECE: usize = 32 * 1024;
/// Nothing after it says what the samples are.
const LONGEST_FORMAT: u32 = 40;
/// What follows the tag where the tag stands at the end.
const EXTENDED: &[u8] = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";

pub enum Found {
    Wav(Wav),
    Other(Stream),
}

pub struct Wav {
    stream: Stream,
    shape: Shape,
    /// Bytes of samples, as far as the header knows.
    left: u64,
}

struct Shape {
    kind: Kind,
    /// Bytes of one sample.
    width: usize,
    channels: usize,
    rate: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    Whole,
    Float,
    ALaw,
    MuLaw,
}

impl Wav {
    pub fn find(mut stream: Stream) -> Result<Found, SoundError> {
        if let Some((shape, left)) = header(&mut stream)? {
            return Ok(Found::Wav(Self { stream, shape, left }));
        }
        if stream.seek_buffered(0) != 0 {
            stream.seek(SeekFrom::Start(0))?;
        }
        Ok(Found::Other(stream))
    }

    /// `None` at the end, wherever the file ends.
    pub(super) fn block(&mut self) -> Result<Option<Block>, SoundError> {
        let Shape { kind, width, channels, rate } = self.shape;
        let frame = width * channels;
        let wanted = self.left.min((PIECE / frame * frame) as u64);
        let mut bytes = Vec::new();
        let read = self.stream.by_ref().take(wanted).read_to_end(&mut bytes)?;
        self.left -= read as u64;
        // Half a frame at the end is none.
        bytes.truncate(read / frame * frame);
        let together: Vec<f32> = bytes.chunks_exact(width).map(|sample| kind.decode(sample)).collect();
        Ok((!together.is_empty()).then_some(Block { rate, channels, together }))
    }
}

/// Up to the first sample. `None`: it is for another reader.
fn header(stream: &mut Stream) -> Result<Option<(Shape, u64)>, SoundError> {
    let begin = some(stream, 12)?;
    let is_wav = matches!(begin.get(..4), Some(b"RIFF" | b"RF64")) && begin.get(8..) == Some(b"WAVE");
    if !is_wav {
        return Ok(None);
    }
    let (mut shape, mut long) = (None, None);
    loop {
        let head = some(stream, 8)?;
        let (name, length) = (head.get(..4), number(&head, 4, 4));
        let Some((name, length)) = name.zip(length) else { return Err(SoundError::Empty) };
        let about = match name {
            b"data" => {
                let before = || SoundError::Damaged("its samples come before what they are".to_owned());
                let left = match length {
                    0 => u64::MAX,
                    0xffff_ffff => long.unwrap_or(u64::MAX),
                    length => length,
                };
                return Ok(Some((shape.ok_or_else(before)?, left)));
            }
            b"fmt " => some(stream, length.min(LONGEST_FORMAT.into()))?,
            b"ds64" => some(stream, length.min(16))?,
            _ => Vec::new(),
        };
        match name {
            b"fmt " => match Shape::read(&about)? {
                Some(found) => shape = Some(found),
                None => return Ok(None),
            },
            b"ds64" => long = number(&about, 8, 8).filter(|length| *length > 0),
            _ => {}
        }
        // Each begins at an even place.
        let rest = (length - about.len() as u64) + length % 2;
        io::copy(&mut stream.by_ref().take(rest), &mut io::sink())?;
    }
}

impl Shape {
    fn read(about: &[u8]) -> Result<Option<Self>, SoundError> {
        let two = |at| number(about, at, 2).and_then(|two| u16::try_from(two).ok());
        let rate = number(about, 4, 4).and_then(|rate| u32::try_from(rate).ok());
        let (Some(tag), Some(channels), Some(rate), Some(bits)) = (two(0), two(2), rate, two(14)) else {
            return Err(SoundError::Damaged("its header is cut off".to_owned()));
        };
        let tag = if tag == 0xfffe && about.get(26..) == Some(EXTENDED) { two(24) } else { Some(tag) };
        let (kind, width) = match (tag, bits) {
            (Some(1), 8..=32) => (Kind::Whole, usize::from(bits.div_ceil(8))),
            (Some(3), 32 | 64) => (Kind::Float, usize::from(bits / 8)),
            (Some(6), _) => (Kind::ALaw, 1),
            (Some(7), _) => (Kind::MuLaw, 1),
            (Some(1 | 3), _) => {
                return Err(SoundError::Damaged(format!("it says that a sample has {bits} bits")));
            }
            _ => return Ok(None),
        };
        let channels = usize::from(channels);
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(SoundError::Damaged(format!("it says that it has {channels} channels")));
        }
        Ok(Some(Self { kind, width, channels, rate }))
    }
}

impl Kind {
    fn decode(self, sample: &[u8]) -> f32 {
        match (self, sample) {
            (Self::Whole, [one]) => (f32::from(*one) - 128.0) / 128.0,
            (Self::Whole, some) => {
                let mut all = [0; 4];
                all[4 - some.len()..].copy_from_slice(some);
                i32::from_le_bytes(all) as f32 / 2_147_483_648.0
            }
            (Self::Float, [a, b, c, d]) => f32::from_le_bytes([*a, *b, *c, *d]),
            (Self::Float, some) => {
                f64::from_le_bytes(some.try_into().expect("floats have four bytes or eight")) as f32
            }
            (Self::ALaw, some) => f32::from(a_law(some[0])) / 32_768.0,
            (Self::MuLaw, some) => f32::from(mu_law(some[0])) / 32_768.0,
        }
    }
}

/// As ITU-T G.711 has it: a sign, three bits for how loud, four for where in between.
fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (loud, between) = ((byte >> 4) & 7, i16::from(byte & 15) << 4);
    let size = if loud == 0 { between + 8 } else { (between + 0x108) << (loud - 1) };
    if byte & 0x80 == 0 { -size } else { size }
}

fn mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let size = (((i16::from(byte & 15) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    if byte & 0x80 == 0 { size } else { -size }
}

/// So many bytes, or as many as there are.
fn some(stream: &mut Stream, bytes: u64) -> Result<Vec<u8>, SoundError> {
    let mut all = Vec::new();
    stream.by_ref().take(bytes).read_to_end(&mut all)?;
    Ok(all)
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let mut eight = [0; 8];
    eight[..width].copy_from_slice(bytes.get(at..at + width)?);
    Some(u64::from_le_bytes(eight))
}
