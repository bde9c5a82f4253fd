//! Whose words are put for signs.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    name: [u8; 2],
}

impl Language {
    /// Of a voice's language: `en-us`, `EN_gb`, `de`.
    pub fn of(tag: &str) -> Self {
        let name = tag.split(['-', '_', '+']).next().unwrap_or_default().as_bytes();
        match name {
            [a, b] => Self { name: [a.to_ascii_lowercase(), b.to_ascii_lowercase()] },
            _ => Self { name: [0; 2] },
        }
    }

    pub fn is_english(self) -> bool {
        &self.name == b"en"
    }

    /// In two small letters.
    pub fn name(&self) -> &[u8; 2] {
        &self.name
    }

    /// What is said where a block of code stands. `None`: nothing that everybody would understand.
    pub fn code(self) -> Option<&'static str> {
        Some(match &self.name {
            b"en" | b"de" | b"fr" | b"nl" => "code",
            b"es" | b"pt" => "código",
            b"it" => "codice",
            b"da" | b"nb" | b"nn" | b"no" => "kode",
            b"sv" | b"pl" => "kod",
            b"cs" => "kód",
            b"ru" | b"uk" => "код",
            _ => return None,
        })
    }
}
