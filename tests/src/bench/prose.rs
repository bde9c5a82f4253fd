//! Messages to fill a store with: the same ones in every run, and no two alike.
//!
//! Their words come from a vocabulary as wide as a household's, so that a search finds some of what
//! was said and by far not all of it.

use std::fmt::Write as _;

const SYLLABLES: [&str; 13] =
    ["ka", "lo", "mi", "ren", "su", "ta", "vel", "no", "dar", "pi", "gho", "bex", "wun"];

pub struct Prose(u64);

impl Prose {
    /// Different seeds tell different stories.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub fn sentence(&mut self, words: usize) -> String {
        let mut sentence = String::new();
        for _ in 0..words {
            let place = self.next();
            let gap = if sentence.is_empty() { "" } else { " " };
            let [first, second, third] =
                [place, place / 13, place / 169].map(|digit| SYLLABLES[(digit % 13) as usize]);
            let _ = write!(sentence, "{gap}{first}{second}{third}");
        }
        sentence
    }

    /// Knuth's multiplicative congruence; its high bits are the good ones.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let told = |seed| Prose::new(seed).sentence(12);
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
        assert_eq!(told(1).split(' ').count(), 12);
    }
}
