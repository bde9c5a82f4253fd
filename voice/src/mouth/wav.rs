//! Sound as a wav file: written whole or as it is made, and read from a program of ours.
//!
//! Files of strangers are read by `sound::reading`.

use super::synthesizer::Sound;

/// What is in a header whose end is not known yet. Players read on until the stream ends.
const ENDLESS: u32 = u32::MAX;
/// Of the header behind the first length.
const REST_OF_HEADER: u32 = 36;
/// What is before the samples.
pub const HEADER: usize = 44;

/// What begins a file of one channel that is written while its sound is made. The samples of [`pcm`] follow.
pub fn streamed_header(rate: u32) -> Vec<u8> {
    header(rate, ENDLESS, ENDLESS)
}

/// A file.
pub fn whole(sound: &Sound) -> Vec<u8> {
    let samples = pcm(&sound.samples);
    let length = u32::try_from(samples.len()).unwrap_or(ENDLESS);
    let mut file = header(sound.rate, length.saturating_add(REST_OF_HEADER), length);
    file.extend(samples);
    file
}

/// Samples alone, as `s16le`.
pub fn pcm(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn header(rate: u32, length: u32, samples: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER);
    header.extend(b"RIFF");
    header.extend(length.to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    // Plain numbers in one channel.
    header.extend([1, 0, 1, 0]);
    header.extend(rate.to_le_bytes());
    header.extend((rate.saturating_mul(2)).to_le_bytes());
    header.extend([2, 0, 16, 0]);
    header.extend(b"data");
    header.extend(samples.to_le_bytes());
    header
}

/// One channel of 16 bits, as programs write it to a pipe: what it says about its length may be wrong. The reason why it
/// is none.
pub fn read(file: &[u8]) -> Result<Sound, &'static str> {
    let four = |at: usize| file.get(at..at + 4);
    if four(0) != Some(b"RIFF") || four(8) != Some(b"WAVE") {
        return Err("it is no wav file");
    }
    let number = |at: usize| {
        four(at)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_le_bytes)
            .ok_or("it ends in its header")
    };
    let (mut at, mut rate) = (12, None);
    loop {
        let name = four(at).ok_or("it ends in its header")?;
        let length = usize::try_from(number(at + 4)?).unwrap_or(usize::MAX);
        let begins = at + 8;
        match name {
            b"fmt " => {
                if length < 16
                    || number(begins)? != 0x0001_0001
                    || file.get(begins + 14..begins + 16) != Some(&[16, 0])
                {
                    return Err("it is not one channel of 16 bits");
                }
                rate = Some(number(begins + 4)?).filter(|rate| (4_000..=192_000).contains(rate));
            }
            b"data" => {
                let rate = rate.ok_or("it has no rate that can be")?;
                let end = begins.saturating_add(length).min(file.len());
                let samples =
                    file[begins..end].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
                return Ok(Sound { rate, samples: samples.collect() });
            }
            _ => {}
        }
        // Chunks lie at even places.
        at = begins
            .checked_add(length)
            .and_then(|end| end.checked_add(length % 2))
            .ok_or("it ends in its header")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::pace::HEARD;
    use crate::sound::reading::{At, Reading};
    use std::io::Cursor;
    use std::time::Duration;

    fn sound() -> Sound {
        Sound {
            rate: 16_000,
            samples: (0..16_000_i32).map(|n| (n * 7919 % 20_000 - 10_000) as i16).collect(),
        }
    }

    /// By the reader of strangers' files.
    fn heard(file: Vec<u8>) -> Vec<i16> {
        let mut reading =
            Reading::open(Cursor::new(file), At::Rate(HEARD), Duration::from_mins(1)).expect("a wav file");
        let mut samples = Vec::new();
        while let Some(block) = reading.block().expect("it is read") {
            samples.extend(block.iter().map(|sample| (sample * 32_768.0).round() as i16));
        }
        samples
    }

    #[test]
    fn a_whole_file_and_a_streamed_one_are_read_again() {
        let sound = sound();
        let file = whole(&sound);
        assert_eq!(file.len(), HEADER + 32_000);
        assert_eq!(read(&file), Ok(sound.clone()));
        assert_eq!(heard(file), sound.samples);
        let streamed = [streamed_header(16_000), pcm(&sound.samples)].concat();
        assert_eq!(read(&streamed), Ok(sound.clone()));
        assert_eq!(heard(streamed), sound.samples);
    }

    #[test]
    fn what_is_no_such_file_says_why_wherever_it_ends() {
        let file = whole(&sound());
        for end in 0..HEADER {
            assert!(read(&file[..end]).is_err(), "{end}");
        }
        assert_eq!(read(&file[..HEADER]), Ok(Sound { rate: 16_000, samples: Vec::new() }));
        assert_eq!(read(&file[..HEADER + 3]).map(|sound| sound.samples.len()), Ok(1));
        for (at, byte) in [(0, b'X'), (9, 0), (20, 3), (22, 2), (34, 8), (26, 99), (16, 255)] {
            let mut other = file.clone();
            other[at] = byte;
            assert!(read(&other).is_err(), "{at}");
        }
        let mut more = file[..12].to_vec();
        more.extend(*b"LIST\x03\x00\x00\x00abc\x00");
        more.extend(&file[12..]);
        assert_eq!(read(&more), Ok(sound()));
        more[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(read(&more).is_err());
    }
}
