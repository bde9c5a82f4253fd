//! Every kind of file against `ffmpeg`, at the file's own pace.

use super::{LONGEST, read};
use crate::sound::error::SoundError;
use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Kind {
    name: &'static str,
    /// How `ffmpeg` writes it.
    written: &'static str,
    rate: u32,
    channels: usize,
    /// Samples that are heard before `ffmpeg`'s first one, and after its last one: Symphonia does not read what m4a says of
    /// the encoder's beginning, nor what webm says of its end.
    before: usize,
    after: usize,
}

const fn kind(name: &'static str, written: &'static str, rate: u32, channels: usize) -> Kind {
    Kind { name, written, rate, channels, before: 0, after: 0 }
}

const KINDS: &[Kind] = &[
    kind("s16.wav", "-c:a pcm_s16le", 16_000, 1),
    kind("s24.wav", "-c:a pcm_s24le", 44_100, 2),
    kind("s32.wav", "-c:a pcm_s32le", 96_000, 1),
    kind("f32.wav", "-c:a pcm_f32le", 48_000, 6),
    kind("f64.wav", "-c:a pcm_f64le", 22_050, 2),
    kind("u8.wav", "-c:a pcm_u8", 11_025, 1),
    kind("mu-law.wav", "-c:a pcm_mulaw", 8_000, 1),
    kind("a-law.wav", "-c:a pcm_alaw", 8_000, 2),
    kind("long.wav", "-c:a pcm_s16le -rf64 always", 48_000, 1),
    kind("telephone.flac", "-c:a flac", 8_000, 1),
    kind("studio.flac", "-c:a flac -sample_fmt s32", 96_000, 6),
    kind("constant.mp3", "-c:a libmp3lame -b:a 64k", 22_050, 1),
    kind("variable.mp3", "-c:a libmp3lame -q:a 4", 44_100, 2),
    kind("slow.mp3", "-c:a libmp3lame -b:a 24k", 8_000, 1),
    kind("vorbis.ogg", "-c:a libvorbis", 44_100, 2),
    kind("opus.ogg", "-c:a libopus -application voip -b:a 24k", 48_000, 1),
    kind("music.opus", "-c:a libopus", 48_000, 2),
    Kind { after: 648, ..kind("opus.webm", "-c:a libopus", 48_000, 1) },
    // As a browser records it: nobody knows how long it will be.
    Kind { after: 648, ..kind("live.webm", "-c:a libopus -f webm -live 1", 48_000, 2) },
    kind("vorbis.webm", "-c:a libvorbis", 48_000, 1),
    Kind { before: 1024, ..kind("aac.m4a", "-c:a aac", 44_100, 2) },
    kind("aac.aac", "-c:a aac", 48_000, 1),
    kind("pieces.mp4", "-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof", 48_000, 1),
    kind("opus.mp4", "-c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof", 48_000, 1),
];

fn run(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).output();
    let output = output.expect("FFmpeg is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Lossy kinds differ by how their decoders round.
const MOST_APART: f64 = 0.01;

/// Every channel with a tone of its own that rises, and a little noise.
fn made(folder: &Path, kind: &Kind, seconds: &str) -> PathBuf {
    let voice = |channel| format!("0.3*sin(2*PI*({}+150*t)*t)+0.05*random({channel})", 200 + 170 * channel);
    let voices: Vec<_> = (0..kind.channels).map(voice).collect();
    let source = format!("aevalsrc={}:s={}:d={seconds}", voices.join("|"), kind.rate);
    let path = folder.join(kind.name);
    let written = kind.written.split(' ');
    let file = path.to_str().expect("a name of letters");
    run(&["-f", "lavfi", "-i", &source].into_iter().chain(written).chain([file]).collect::<Vec<_>>());
    path
}

/// The middle of all channels, as `ffmpeg` hears it. Opus by the library that everybody has: its own differs audibly.
fn reference(file: &Path, kind: &Kind) -> Vec<f32> {
    let opus: &[_] = if kind.written.contains("opus") { &["-c:a", "libopus"] } else { &[] };
    let file = file.to_str().expect("a name of letters");
    let raw = run(&[opus, &["-i", file, "-map", "0:a:0", "-f", "f32le", "-"]].concat());
    let samples = raw.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four")));
    let samples: Vec<f32> = samples.collect();
    let frames = samples.chunks_exact(kind.channels);
    frames.map(|frame| frame.iter().sum::<f32>() / kind.channels as f32).collect()
}

#[test]
fn every_kind_is_heard_as_ffmpeg_hears_it() {
    let folder = tempfile::tempdir().expect("a directory");
    for kind in KINDS {
        let path = made(folder.path(), kind, "1.3");
        let heard = read(File::open(&path).expect("written"));
        let (rate, heard) = heard.unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        let wanted = reference(&path, kind);
        assert!(wanted.len() > kind.rate as usize, "{}", kind.name);
        assert_eq!(
            (rate, heard.len()),
            (kind.rate, kind.before + wanted.len() + kind.after),
            "{}",
            kind.name
        );
        let power =
            |samples: &mut dyn Iterator<Item = f32>| samples.map(|one| f64::from(one).powi(2)).sum::<f64>();
        let differences = &mut wanted.iter().zip(&heard[kind.before..]).map(|(wanted, heard)| heard - wanted);
        let apart = (power(differences) / power(&mut wanted.iter().copied())).sqrt();
        assert!(apart <= MOST_APART, "{}: {apart}", kind.name);
    }
}

#[test]
fn what_is_not_decoded_here_says_so() {
    let folder = tempfile::tempdir().expect("a directory");
    for kind in [
        kind("adpcm.wav", "-c:a adpcm_ms", 22_050, 1),
        kind("around.opus", "-c:a libopus", 48_000, 6),
        kind("around.m4a", "-c:a aac", 48_000, 6),
        kind("around.ogg", "-c:a libvorbis", 48_000, 3),
        kind("around.webm", "-c:a libvorbis", 48_000, 6),
        kind("film.mkv", "-c:a ac3", 48_000, 2),
    ] {
        let path = made(folder.path(), &kind, "0.3");
        let heard = read(File::open(&path).expect("written"));
        assert!(matches!(heard, Err(SoundError::UnknownCodec(_))), "{}: {heard:?}", kind.name);
    }
}

#[test]
fn an_mp3_is_heard_to_its_end_whatever_its_beginning_counts() {
    let folder = tempfile::tempdir().expect("a directory");
    let kind = kind("counted.mp3", "-c:a libmp3lame -b:a 64k", 22_050, 1);
    let whole = std::fs::read(made(folder.path(), &kind, "1.3")).expect("written");
    let length = |file: Vec<u8>| read(Cursor::new(file)).expect("heard").1.len();
    let told = length(whole.clone());
    // As one that is written into a pipe: the count, four bytes after the name and the flags, is not known yet.
    let tag = whole.windows(4).position(|four| four == b"Info").expect("it is counted");
    let mut uncounted = whole.clone();
    uncounted[tag + 8..tag + 12].fill(0);
    assert!((told..told + 4096).contains(&length(uncounted)));
    // Two in a row, of which the first counts only itself.
    let both = length([whole.clone(), whole].concat());
    assert!((2 * told - 5760..2 * told + 4096).contains(&both), "{both} of {told} and {told}");
}

/// Numbers that are the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// One to twelve wounds: most of them where headers are.
fn wounded(whole: &[u8], drawn: &mut Drawn) -> Vec<u8> {
    let mut file = whole.to_vec();
    for _ in 0..=drawn.below(12) {
        let length = file.len();
        if length < 9 {
            break;
        }
        match drawn.below(6) {
            0 => file[drawn.below(length)] = drawn.below(256) as u8,
            1 => file[drawn.below(length.min(400))] = [0, 0xff, 0x7f, 0x80][drawn.below(4)],
            2 => file.truncate(length - drawn.below(length / 2)),
            3 => {
                let lie = [u32::MAX, 0, 0x7fff_ffff, 1][drawn.below(4)].to_be_bytes();
                let at = drawn.below(length.min(2000) - 8);
                file[at..at + 4].copy_from_slice(&lie);
            }
            4 => {
                let (from, to) = (drawn.below(length - 8), drawn.below(length));
                let piece = file[from..length.min(from + 1 + drawn.below(64))].to_vec();
                file.splice(to..to, piece);
            }
            _ => file[drawn.below(length)] ^= 1 << drawn.below(8),
        }
    }
    file
}

#[test]
fn two_thousand_damaged_files_are_heard_or_refused_and_none_goes_on_without_end() {
    let (folder, mut drawn) = (tempfile::tempdir().expect("a directory"), Drawn(88_172_645_463_325_252));
    let make = |kind| (kind, std::fs::read(made(folder.path(), kind, "0.2")).expect("written"));
    let files: Vec<_> = KINDS.iter().map(make).collect();
    let (mut well, mut refused) = (0, 0);
    for (kind, whole) in files.iter().cycle().take(2000) {
        let file = wounded(whole, &mut drawn);
        match read(Cursor::new(file)) {
            Ok((rate, heard)) => {
                assert!(heard.len() as u64 <= u64::from(rate) * LONGEST.as_secs(), "{}", kind.name);
                assert!(heard.iter().all(|one| (-1.0..=1.0).contains(one)), "{}", kind.name);
                well += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(well > 500 && refused > 500, "{well} were heard, {refused} refused");
}
