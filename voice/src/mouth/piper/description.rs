//! What lies beside a voice's file and says how it speaks. Strangers wrote it: nothing in it is believed that can be checked.

use super::ids::Ids;
use crate::mouth::speaking::RATES;
use crate::shelf::arrival::LARGEST_DESCRIPTION;
use crate::shelf::models::description;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::RangeInclusive;
use std::path::Path;

const MOST_SPEAKERS: i32 = 10_000;
const LONGEST_NAME: usize = 64;
const SCALES: RangeInclusive<f32> = 0.0..=4.0;
const SLOWNESSES: RangeInclusive<f32> = 0.1..=10.0;

#[derive(Debug)]
pub struct Description {
    /// Samples a second.
    pub rate: u32,
    /// `en-us`.
    pub language: String,
    pub reads: Reads,
    pub noise: f32,
    pub slowness: f32,
    /// Of how long each phoneme is.
    pub unevenness: f32,
    pub ids: Ids,
    /// By number. Empty where there is nobody to choose from.
    pub speakers: Vec<(String, i32)>,
}

/// What the net was taught to read.
#[derive(Debug, PartialEq, Eq)]
pub enum Reads {
    /// As this voice of eSpeak NG's pronounces them.
    Phonemes(String),
    Letters,
}

#[derive(Deserialize)]
struct Written {
    audio: Audio,
    espeak: Option<Espeak>,
    language: Option<Language>,
    #[serde(default)]
    inference: Inference,
    phoneme_type: Option<String>,
    phoneme_id_map: BTreeMap<String, Vec<i32>>,
    num_speakers: Option<i32>,
    speaker_id_map: Option<BTreeMap<String, i32>>,
}

#[derive(Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Deserialize)]
struct Espeak {
    voice: String,
}

#[derive(Deserialize)]
struct Language {
    code: String,
}

#[derive(Default, Deserialize)]
struct Inference {
    noise_scale: Option<f32>,
    length_scale: Option<f32>,
    noise_w: Option<f32>,
}

/// Nobody of that name speaks with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Nobody;

impl Description {
    /// Of the voice in this file. The reason why there is none.
    pub fn beside(voice: &Path) -> Result<Self, String> {
        let path = description(voice);
        let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("{} does not lie beside it, which says how it speaks", name()),
            _ => error.to_string(),
        })?;
        let mut text = Vec::new();
        file.take(LARGEST_DESCRIPTION + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
        if text.len() as u64 > LARGEST_DESCRIPTION {
            return Err(format!("{} is too large", name()));
        }
        Self::read(&text).map_err(|why| format!("{}: {why}", name()))
    }

    pub fn read(text: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let rate = written.audio.sample_rate;
        if !RATES.contains(&rate) {
            return Err(format!("nobody listens to {rate} samples a second"));
        }
        let espeak = written.espeak.map(|espeak| espeak.voice);
        let kind = written.phoneme_type.as_deref().unwrap_or("espeak").to_ascii_lowercase();
        let reads = match (kind.rsplit('.').next().unwrap_or_default(), &espeak) {
            ("espeak", Some(voice)) if is_tag(voice) => Reads::Phonemes(voice.clone()),
            ("espeak", _) => return Err("it does not say whose pronunciation it was taught".to_owned()),
            ("text", _) => Reads::Letters,
            _ => return Err("it reads signs that are not known here".to_owned()),
        };
        let language = written.language.map(|language| language.code).or(espeak).unwrap_or_default();
        let language = language.replace('_', "-").to_ascii_lowercase();
        if !is_tag(&language) {
            return Err("it does not say which language it speaks".to_owned());
        }
        let within = |value: Option<f32>, usual: f32, range: RangeInclusive<f32>| {
            let value = value.unwrap_or(usual);
            if range.contains(&value) { Ok(value) } else { Err(format!("nobody speaks with {value}")) }
        };
        let Inference { noise_scale, length_scale, noise_w } = written.inference;
        Ok(Self {
            rate,
            language,
            reads,
            noise: within(noise_scale, 0.667, SCALES)?,
            slowness: within(length_scale, 1.0, SLOWNESSES)?,
            unevenness: within(noise_w, 0.8, SCALES)?,
            ids: Ids::of(written.phoneme_id_map)?,
            speakers: speakers(written.num_speakers, written.speaker_id_map.unwrap_or_default())?,
        })
    }

    /// By name, or by number as Piper has it. The first one where none is named.
    pub fn speaker(&self, asked: Option<&str>) -> Result<Option<i32>, Nobody> {
        let Some(asked) = asked else { return Ok(self.speakers.first().map(|(_, number)| *number)) };
        let is_asked = |(name, number): &&(String, i32)| name == asked || number.to_string() == asked;
        self.speakers.iter().find(is_asked).map(|(_, number)| Some(*number)).ok_or(Nobody)
    }
}

/// Each once, by number.
fn speakers(count: Option<i32>, named: BTreeMap<String, i32>) -> Result<Vec<(String, i32)>, String> {
    let count = count.unwrap_or(1);
    if !(0..=MOST_SPEAKERS).contains(&count) {
        return Err(format!("it cannot be that {count} people speak with it"));
    }
    if count <= 1 {
        return Ok(Vec::new());
    }
    let is_name = |name: &str| {
        (1..=LONGEST_NAME).contains(&name.chars().count())
            && !name.chars().any(|c| c.is_control() || c == '#')
    };
    if let Some((name, _)) = named.iter().find(|(name, at)| !is_name(name) || !(0..count).contains(*at)) {
        return Err(format!("there can be no speaker {}", name.escape_debug()));
    }
    let mut speakers: Vec<_> = named.into_iter().collect();
    if speakers.is_empty() {
        speakers = (0..count).map(|number| (number.to_string(), number)).collect();
    }
    speakers.sort_by_key(|(_, number)| *number);
    Ok(speakers)
}

fn is_tag(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    (1..=LONGEST_NAME).contains(&text.len())
        && text.chars().all(fits)
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}
