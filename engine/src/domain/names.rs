//! Names as people compare them: without regard to case, in any script.
//!
//! Databases fold case differently or only for ASCII, so the key is made here and stored beside the
//! name. It does not normalise: two spellings that merely look alike stay two names.

/// What is unique in a tenant. Up and then down: `ß` meets `SS`, and `ς` meets `σ`.
pub fn name_key(name: &str) -> String {
    name.trim().to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_without_regard_to_case_in_any_script() {
        for (one, other) in [("Élena", "éLENA"), ("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), (" Аня ", "аня")]
        {
            assert_eq!(name_key(one), name_key(other), "{one} and {other}");
        }
        assert_ne!(name_key("Elena"), name_key("Élena"));
    }
}
