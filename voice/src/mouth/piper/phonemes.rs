//! How a clause is pronounced, as the nets were taught it: eSpeak NG's signs, with the marks that it takes away.

/// Of those that the nets know.
const MARKS: [char; 6] = [',', '.', '!', '?', ';', ':'];

/// eSpeak NG writes a line for each part of a text; the part's mark follows it.
pub fn marked(lines: &str, text: &str) -> String {
    let lines: Vec<String> = lines.lines().map(plain).filter(|line| !line.is_empty()).collect();
    let marks = marks(text);
    let last = marks.last().copied().flatten();
    if lines.len() != marks.len() {
        // Cut elsewhere than it was written: the words are right, and so is the end.
        return lines.join(" ") + &last.map(String::from).unwrap_or_default();
    }
    let parts = lines.into_iter().zip(marks).map(|(mut line, mark)| {
        line.extend(mark);
        line
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Of those that read letters.
pub fn letters(text: &str) -> String {
    plain(&text.to_lowercase())
}

/// One line, without which language a word is of, and without what joins signs.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut is_aside = false;
    for c in line.chars() {
        match c {
            '(' => is_aside = true,
            ')' => is_aside = false,
            '_' | '^' | '$' | '\u{200d}' | '\u{361}' => {}
            c if is_aside || c.is_control() => {}
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// What each part with something to say ends with.
fn marks(text: &str) -> Vec<Option<char>> {
    let (mut marks, mut is_said) = (Vec::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        is_said |= c.is_alphanumeric();
        let c = if c == '…' { '.' } else { c };
        let ends = rest.peek().is_none_or(|next| next.is_whitespace());
        if MARKS.contains(&c) && ends && is_said {
            marks.push(Some(c));
            is_said = false;
        }
    }
    if is_said {
        marks.push(None);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_keeps_its_mark_and_what_is_no_sound_is_left_out() {
        for (lines, text, wanted) in [
            ("jˈɛs\n ʌv kˈoːɹs\n", "Yes, of course.", "jˈɛs, ʌv kˈoːɹs."),
            ("ɡˈʊd", "Good", "ɡˈʊd"),
            ("wʌn\ntuː\nθɹiː", "1.5 is one: two!", "wʌn tuː θɹiː!"),
            ("das ɪst (en)wˈiːkɛnd(de)\n", "Das ist Weekend?", "das ɪst wˈiːkɛnd?"),
            ("t\u{200d}ʃ_^$\u{1}a  b", "x …", "tʃa b."),
            ("", "...", ""),
        ] {
            assert_eq!(marked(lines, text), wanted, "{text}");
        }
        assert_eq!(letters("Ja,\n  GUT (so)!"), "ja, gut !");
    }
}
