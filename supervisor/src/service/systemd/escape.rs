//! Text into a unit file so that systemd reads back exactly that text.
//!
//! A line is read in steps: words and their quotes, then `%` specifiers, then, in the arguments of a command
//! only, `$` variables. Control characters never come here; see [`super::super::launch::Launch`].

/// One argument of a command line.
pub fn argument(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

/// A path in a setting that takes several, and the program of a command line: no variables there.
pub fn path(text: &str) -> String {
    quoted(text)
}

/// Whether systemd takes it as the program of a command line; it refuses these however they are written.
pub fn may_be_program(text: &str) -> bool {
    !text.contains(['"', '\'', '\\'])
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@,+[]".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut written = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            '%' => written.push_str("%%"),
            _ => written.push(letter),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_with_a_meaning_loses_it() {
        let table = [
            ("/srv/box", "/srv/box", "/srv/box"),
            ("/srv/my box", r#""/srv/my box""#, r#""/srv/my box""#),
            ("/srv/100%", r#""/srv/100%%""#, r#""/srv/100%%""#),
            ("/srv/%h", r#""/srv/%%h""#, r#""/srv/%%h""#),
            ("/srv/$HOME", r#""/srv/$$HOME""#, r#""/srv/$HOME""#),
            (r#"/srv/"x""#, r#""/srv/\"x\"""#, r#""/srv/\"x\"""#),
            (r"/srv/a\nb", r#""/srv/a\\nb""#, r#""/srv/a\\nb""#),
            ("/srv/Ada's", r#""/srv/Ada's""#, r#""/srv/Ada's""#),
            ("/srv/Bücher 本", r#""/srv/Bücher 本""#, r#""/srv/Bücher 本""#),
            (";", r#"";""#, r#"";""#),
            ("#x", r##""#x""##, r##""#x""##),
            ("", r#""""#, r#""""#),
        ];
        for (text, as_argument, as_path) in table {
            assert_eq!(argument(text), as_argument, "{text}");
            assert_eq!(path(text), as_path, "{text}");
        }
    }
}
