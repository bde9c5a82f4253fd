//! From a sentence to the words worth searching for.

/// Words that are in every sentence and find everything.
const EVERYWHERE: &[&str] = &[
    "a", "about", "am", "an", "and", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do",
    "does", "for", "from", "had", "has", "have", "he", "her", "hi", "him", "his", "how", "i", "if", "in",
    "is", "it", "its", "just", "me", "my", "no", "not", "of", "oh", "ok", "on", "or", "our", "please", "she",
    "should", "so", "tell", "that", "the", "their", "them", "then", "there", "they", "this", "to", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "yes",
    "you", "your",
];
const MOST_WORDS: usize = 12;

/// At most twelve distinct words, in the order they came, lower case, without the ones that say nothing.
/// Where only such words are left, they are better than nothing at all.
pub fn worth_searching(text: &str) -> Vec<String> {
    let all = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.len() <= 64)
        .map(str::to_lowercase);
    let mut telling = Vec::new();
    let mut common = Vec::new();
    for word in all {
        let list = if EVERYWHERE.contains(&word.as_str()) { &mut common } else { &mut telling };
        if list.len() < MOST_WORDS && !list.contains(&word) {
            list.push(word);
        }
    }
    if telling.is_empty() { common } else { telling }
}

/// The beginning of a text on one line, at most `longest` characters of it.
pub fn excerpt(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    let cut: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{}\u{2026}", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_tells_something() {
        assert_eq!(
            worth_searching("What did I tell you about the Lighthouse, the lighthouse?"),
            ["lighthouse"]
        );
        assert_eq!(worth_searching("where were you"), ["where", "were", "you"]);
        assert_eq!(worth_searching("naïve 北京 \"*\" 42"), ["naïve", "北京", "42"]);
        assert!(worth_searching("?! …").is_empty());
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        let long = excerpt(&"é".repeat(1000), 200);
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('\u{2026}'));
        assert_eq!(excerpt(" one\n\ttwo ", 7), "one two");
        assert_eq!(excerpt("one two three", 5), "one\u{2026}");
    }

    #[test]
    fn a_flood_of_words_is_bounded() {
        let flood: String = (0..1000).map(|n| format!("w{n} ")).collect();
        assert_eq!(worth_searching(&flood).len(), MOST_WORDS);
    }
}
