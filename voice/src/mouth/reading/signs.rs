//! Which characters are read, and how scripts write them.

/// Of a script that has no spaces between words.
pub fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x312F | 0x31A0..=0x9FFF | 0xF900..=0xFAFF | 0xFF00..=0xFF60 | 0x20000..=0x3FFFF)
}

/// Pictures, and what makes pictures of other characters.
pub fn is_picture(c: char) -> bool {
    matches!(u32::from(c),
        0x1F000..=0x1FAFF
        | 0x2600..=0x27BF
        | 0x2B00..=0x2BFF
        | 0x231A..=0x231B | 0x23E9..=0x23FA | 0x25A0..=0x25FF
        | 0x20E3 | 0xFE00..=0xFE0F | 0xE0000..=0xE01EF | 0x3030 | 0x303D)
}

/// Takes no room, and says nothing where it stands alone. The joiners shape letters in some scripts.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{FFFC}')
        || matches!(u32::from(c), 0x202A..=0x202E | 0x2066..=0x2069 | 0xE000..=0xF8FF)
}

pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// A face drawn in letters.
pub fn is_face(word: &str) -> bool {
    const FACES: [&str; 31] = [
        ":)",
        ":-)",
        ";)",
        ";-)",
        ":(",
        ":-(",
        ":D",
        ":-D",
        ";D",
        ":P",
        ":-P",
        ":p",
        ":-p",
        ":o",
        ":O",
        ":/",
        ":-/",
        ":|",
        ":*",
        ":-*",
        ":'(",
        "=)",
        "=D",
        "<3",
        "</3",
        "^^",
        "^_^",
        "-_-",
        "xD",
        "XD",
        "¯\\_(ツ)_/¯",
    ];
    FACES.contains(&word)
}

/// What a name between `&` and `;` stands for.
pub fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None => number.parse().ok(),
        };
        return code.and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "copy" => '©',
        "deg" => '°',
        "times" => '×',
        "euro" => '€',
        "pound" => '£',
        _ => return None,
    })
}
