//! Whatever comes, and much of it.

use super::clause::Clause;
use super::reader::Reader;

fn clauses(text: &str) -> Vec<Clause> {
    let mut reader = Reader::new("en");
    let mut all = reader.take(text);
    all.extend(reader.end());
    all
}

/// Chance that repeats itself.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

#[test]
fn whatever_comes_is_read_without_harm_and_no_word_of_it_is_lost() {
    const MARKS: [&str; 49] = [
        " ", " ", " ", " ", "\n", "\n\n", "*", "**", "_", " ~~", " `", "#", "# ", "- ", "1. ", "> ", "|",
        "| ", "[", "]", "](", ")", "(", "[^", "<", ">", "<b", "</b>", "<!--", "&amp;", "&", ";", "!", "![",
        ".", ", ", "?", "…", "—", "\"", "\\", "😀", "\u{200d}", "$", "%", "°C", "字", "/", "5.0",
    ];
    for seed in 1..400_u64 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let (mut text, mut words) = (String::new(), Vec::new());
        for n in 0..dice.below(120) {
            if dice.below(3) == 0 {
                let word = format!("zq{}x", char::from(b'a' + (n % 26) as u8).to_string().repeat(1 + n / 26));
                text.push_str(&word);
                words.push(word);
            } else {
                text.push_str(MARKS[dice.below(MARKS.len())]);
            }
        }
        let mut reader = Reader::new(["en", "de", "ja"][dice.below(3)]);
        let (mut rest, mut all) = (text.as_str(), Vec::new());
        while !rest.is_empty() {
            let size = rest.chars().take(1 + dice.below(9)).map(char::len_utf8).sum();
            let (piece, after) = rest.split_at(size);
            all.extend(reader.take(piece));
            rest = after;
        }
        all.extend(reader.end());
        let read: Vec<_> = all.iter().map(|clause| clause.text.as_str()).collect();
        let read = read.join(" ");
        // An address, a comment or a tag's attribute is not read, but only between its marks.
        let is_hidden = |word: &str| {
            let before = &text[..text.find(word).expect("it is there")];
            let is_tag = before.find('<').is_some_and(|at| text[at..].contains('>'));
            is_tag || ["](", "][", "[^"].iter().any(|mark| before.contains(mark))
        };
        for word in &words {
            assert!(is_hidden(word) || read.contains(word.as_str()), "{word} of {text:?}: {read:?}");
        }
        assert!(all.iter().all(|clause| clause.text.chars().count() < 1500 && !clause.text.contains('\n')));
    }
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    for seed in 1..200_u64 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let bytes: Vec<u8> = (0..2000).map(|_| dice.below(256) as u8).collect();
        for clause in clauses(&String::from_utf8_lossy(&bytes)) {
            assert!(!clause.text.is_empty() && !clause.text.contains(char::is_control), "{clause:?}");
        }
    }
}

#[test]
fn much_of_anything_is_read_in_bounded_clauses_and_bounded_time() {
    for unit in [
        "a", "a ", "[](", "<b ", "<", "`a ", "*", "](", "(", "https://", "字", "\n", "| ", "> ", "&", "a.",
        "1 ", "[a](\"",
    ] {
        let size = if unit == "a" { 1 << 20 } else { 1 << 17 };
        let text = unit.repeat(size / unit.len());
        let began = std::time::Instant::now();
        let all = clauses(&text);
        assert!(all.iter().all(|clause| clause.text.len() < 3000), "{unit:?}");
        assert!(began.elapsed().as_secs() < 120, "{unit:?} took {:?}", began.elapsed());
        let letters = all.iter().map(|clause| clause.text.matches('a').count()).sum::<usize>();
        if ["a", "a ", "a."].contains(&unit) {
            assert_eq!(letters, text.matches('a').count());
        }
    }
}
