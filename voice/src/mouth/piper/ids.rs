//! The numbers that a net knows phonemes by.

use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// Of a clause that is said in one go: memory grows with it.
pub const LONGEST: usize = 100;
const MOST_SIGNS: usize = 1024;
const MOST_EACH: usize = 4;
const LARGEST: i32 = 1 << 16;
/// What is between the phonemes, before and after them.
const PAD: char = '_';
const BEGIN: char = '^';
const END: char = '$';

#[derive(Debug)]
pub struct Ids {
    of: BTreeMap<char, Vec<i32>>,
    pad: Vec<i32>,
    begin: Vec<i32>,
    end: Vec<i32>,
}

impl Ids {
    pub fn of(written: BTreeMap<String, Vec<i32>>) -> Result<Self, String> {
        if written.len() > MOST_SIGNS {
            return Err(format!("it has more than {MOST_SIGNS} phonemes"));
        }
        let mut of = BTreeMap::new();
        for (sign, ids) in written {
            let mut signs = sign.chars();
            let (Some(sign), None) = (signs.next(), signs.next()) else {
                return Err("one of its phonemes is no single sign".to_owned());
            };
            if !(1..=MOST_EACH).contains(&ids.len()) || !ids.iter().all(|id| (0..LARGEST).contains(id)) {
                return Err("one of its phonemes has no number that can be".to_owned());
            }
            of.insert(sign, ids);
        }
        let mut mark = |sign| of.remove(&sign).ok_or_else(|| format!("it has no number for {sign}"));
        let (pad, begin, end) = (mark(PAD)?, mark(BEGIN)?, mark(END)?);
        if of.is_empty() {
            return Err("it knows no phonemes".to_owned());
        }
        Ok(Self { of, pad, begin, end })
    }

    /// Every sign that stands for a sound or a pause.
    pub fn signs(&self) -> impl Iterator<Item = char> {
        self.of.keys().copied()
    }

    /// As the net was taught: accents apart from their letters, something between all. What it does not know is left out;
    /// empty where it knows nothing of it.
    pub fn number(&self, phonemes: &str) -> Vec<i32> {
        let known: Vec<&Vec<i32>> = phonemes.nfd().filter_map(|sign| self.of.get(&sign)).collect();
        if known.is_empty() {
            return Vec::new();
        }
        let mut ids = [&self.begin[..], &self.pad].concat();
        for one in known {
            ids.extend(one);
            ids.extend(&self.pad);
        }
        ids.extend(&self.end);
        ids
    }
}

/// Pieces of at most so many, each cut after a mark if it can be, else between words.
pub fn pieces(phonemes: &str, most: usize) -> Vec<String> {
    // Accents count: the net knows them apart.
    let signs: Vec<char> = phonemes.nfd().collect();
    let (mut pieces, mut rest) = (Vec::new(), &signs[..]);
    while rest.len() > most {
        let words = || (most / 3..most).rev().filter(|at| rest[*at] == ' ');
        let after_mark = words().find(|at| ".,;:!?".contains(rest[at - 1]));
        let cut = after_mark.or_else(|| words().next()).unwrap_or(most);
        let (piece, later) = rest.split_at(cut);
        pieces.push(piece.iter().collect::<String>().trim().to_owned());
        rest = later;
    }
    pieces.push(rest.iter().collect::<String>().trim().to_owned());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
