//! Wav headers that lie.

use super::read;
use crate::sound::error::SoundError;
use std::io::Cursor;
use symphonia::core::io::ReadOnlySource;

const SOUND: [i16; 6] = [0, 8192, 16_384, -8192, -16_384, 4096];
/// What follows the tag of an extended format.
const EXTENDED: &[u8] = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";

/// Whether it can seek makes no difference.
fn heard(file: &[u8]) -> Result<Vec<f32>, SoundError> {
    let found = read(Cursor::new(file.to_vec()));
    assert_eq!(read(ReadOnlySource::new(Cursor::new(file.to_vec()))), found);
    found.map(|(_, samples)| samples)
}

fn chunk(name: &[u8], length: usize, content: &[u8]) -> Vec<u8> {
    [name, &(length as u32).to_le_bytes(), content].concat()
}

fn format(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels.wrapping_mul(bits.div_ceil(8));
    let all = [&tag.to_le_bytes()[..], &channels.to_le_bytes(), &rate.to_le_bytes()];
    [&all.concat()[..], &[0; 4], &frame.to_le_bytes(), &bits.to_le_bytes()].concat()
}

fn plain() -> Vec<u8> {
    chunk(b"fmt ", 16, &format(1, 1, 16_000, 16))
}

fn samples() -> Vec<u8> {
    SOUND.iter().flat_map(|one| one.to_le_bytes()).collect()
}

fn file(begin: &[u8], length: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [begin, &length.to_le_bytes(), b"WAVE", &chunks.concat()].concat()
}

#[test]
fn whatever_it_says_of_lengths_all_samples_are_heard_and_nothing_else() {
    let riff = |chunks: &[Vec<u8>]| file(b"RIFF", 48, chunks);
    let data = |length: usize| chunk(b"data", length, &samples());
    let list = || chunk(b"LIST", 5, b"abcde\0");
    let long = |length: u64| chunk(b"ds64", 28, &[&[0; 8][..], &length.to_le_bytes(), &[0; 12]].concat());
    let extended = [&format(0xfffe, 1, 16_000, 16)[..], &[22, 0, 16, 0, 4, 0, 0, 0, 1, 0], EXTENDED];
    for (name, file) in [
        ("as it should be", riff(&[plain(), data(12)])),
        ("no length", file(b"RIFF", 0, &[plain(), data(0)])),
        ("as FFmpeg writes into a pipe", file(b"RIFF", u32::MAX, &[plain(), data(0xffff_ffff)])),
        ("as eSpeak NG does", file(b"RIFF", 0x7fff_f024, &[plain(), data(0x7fff_f000)])),
        ("a true whole and no end of samples", riff(&[plain(), data(0xffff_ffff)])),
        ("a little too long", riff(&[plain(), data(13)])),
        ("a whole that is too short", file(b"RIFF", 4, &[plain(), data(12)])),
        ("chunks around it", riff(&[list(), plain(), list(), data(12), list()])),
        ("half a sample more", riff(&[plain(), data(0), vec![7]])),
        ("a longer format", riff(&[chunk(b"fmt ", 18, &[&plain()[8..], &[0; 2]].concat()), data(12)])),
        ("an extended format", riff(&[chunk(b"fmt ", 40, &extended.concat()), data(12)])),
        (
            "a format that tells more",
            riff(&[chunk(b"fmt ", 50, &[&plain()[8..], &[9; 34]].concat()), data(12)]),
        ),
        ("a long one", file(b"RF64", u32::MAX, &[long(12), plain(), data(0xffff_ffff), list()])),
        ("a long one that does not know", file(b"RF64", u32::MAX, &[long(0), plain(), data(0xffff_ffff)])),
        ("a long one that lies", file(b"RF64", 0, &[long(u64::MAX), plain(), data(0xffff_ffff)])),
        ("a long one without its length", file(b"RF64", u32::MAX, &[plain(), data(0xffff_ffff)])),
    ] {
        let wanted: Vec<f32> = SOUND.iter().map(|one| f32::from(*one) / 32_768.0).collect();
        assert_eq!(heard(&file), Ok(wanted), "{name}");
    }
}

#[test]
fn what_cannot_be_true_is_refused() {
    let with = |format: Vec<u8>| {
        file(b"RIFF", 48, &[chunk(b"fmt ", format.len(), &format), chunk(b"data", 12, &samples())])
    };
    let pcm = |channels, rate, bits| with(format(1, channels, rate, bits));
    let riff = |chunks: &[Vec<u8>]| file(b"RIFF", 48, chunks);
    for (file, says) in [
        (pcm(0, 16_000, 16), "0 channels"),
        (pcm(65, 16_000, 16), "65 channels"),
        (pcm(u16::MAX, 16_000, 16), "65535 channels"),
        (pcm(1, 0, 16), "0 samples a second"),
        (pcm(1, 3_999, 16), "3999 samples a second"),
        (pcm(1, u32::MAX, 16), "4294967295 samples a second"),
        (pcm(1, 16_000, 0), "0 bits"),
        (pcm(1, 16_000, 1), "1 bits"),
        (pcm(1, 16_000, 33), "33 bits"),
        (with(format(3, 1, 16_000, 16)), "16 bits"),
        (with(format(1, 1, 16_000, 16)[..14].to_vec()), "cut off"),
        (with(Vec::new()), "cut off"),
        (riff(&[chunk(b"fmt ", 0xffff_ffff, &[1])]), "cut off"),
        (riff(&[chunk(b"data", 12, &samples()), plain()]), "come before"),
    ] {
        let Err(SoundError::Damaged(why)) = heard(&file) else { panic!("{says}: {:?}", heard(&file)) };
        assert!(why.contains(says), "{why}");
    }
    for (name, file) in [
        ("nothing follows", riff(&[])),
        ("only what the samples are", riff(&[plain()])),
        ("no samples", riff(&[plain(), chunk(b"data", 0, &[])])),
        ("half a sample", riff(&[plain(), chunk(b"data", 1, &[1])])),
        ("a chunk without end", riff(&[plain(), chunk(b"LIST", 0xffff_ffff, &samples())])),
    ] {
        assert_eq!(heard(&file), Err(SoundError::Empty), "{name}");
    }
    // Of another kind, it is for another reader, which does not know it either.
    let mut other = pcm(1, 16_000, 16);
    other[..4].copy_from_slice(b"RIFX");
    for other in [other, with(format(0x55, 1, 16_000, 0)), with(format(0x1234, 1, 16_000, 16))] {
        assert_eq!(heard(&other), Err(SoundError::UnknownFormat));
    }
}

#[test]
fn a_sample_is_the_same_in_every_width() {
    let of = |tag, bits: u16, samples: &[u8]| {
        let format = format(tag, 2, 48_000, bits);
        let chunks = [chunk(b"fmt ", 16, &format), chunk(b"data", samples.len(), samples)];
        heard(&file(b"RIFF", 0, &chunks)).expect("heard")
    };
    let halves = |one: &[u8]| one.repeat(2);
    for (tag, bits, sample) in [
        (1, 8, vec![0xc0]),
        (1, 12, vec![0, 0x40]),
        (1, 16, vec![0, 0x40]),
        (1, 24, vec![0, 0, 0x40]),
        (1, 32, vec![0, 0, 0, 0x40]),
        (3, 32, 0.5_f32.to_le_bytes().to_vec()),
        (3, 64, 0.5_f64.to_le_bytes().to_vec()),
    ] {
        assert_eq!(of(tag, bits, &halves(&sample)), [0.5], "{tag} {bits}");
    }
    // The ends of the tables in G.711, and what lies around silence.
    for (tag, byte, wanted) in [
        (6, 0xaa, 32_256.0),
        (6, 0x2a, -32_256.0),
        (6, 0xd5, 8.0),
        (6, 0x55, -8.0),
        (7, 0x80, 32_124.0),
        (7, 0x00, -32_124.0),
        (7, 0xff, 0.0),
        (7, 0x7f, 0.0),
    ] {
        assert_eq!(of(tag, 8, &[byte, byte]), [wanted / 32_768.0], "{tag} {byte:x}");
    }
}
