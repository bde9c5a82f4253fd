//! Short forms that eSpeak NG spells where people say the words. English has its own, beside its numbers.

use super::language::Language;
use super::words::{Saying, Word};

/// With their full stops, but for the last.
const GERMAN: [(&str, &str); 20] = [
    ("ca", "circa"),
    ("nr", "Nummer"),
    ("bzw", "beziehungsweise"),
    ("z.b", "zum Beispiel"),
    ("d.h", "das heißt"),
    ("u.a", "unter anderem"),
    ("usw", "und so weiter"),
    ("vgl", "vergleiche"),
    ("evtl", "eventuell"),
    ("ggf", "gegebenenfalls"),
    ("inkl", "inklusive"),
    ("sog", "sogenannt"),
    ("mind", "mindestens"),
    ("max", "maximal"),
    ("std", "Stunden"),
    ("dr", "Doktor"),
    ("prof", "Professor"),
    ("hr", "Herr"),
    ("fr", "Frau"),
    ("str", "Straße"),
];
const FRENCH: [(&str, &str); 4] =
    [("p.ex", "par exemple"), ("env", "environ"), ("c.-à-d", "c’est-à-dire"), ("mlle", "mademoiselle")];
const SPANISH: [(&str, &str); 5] = [
    ("p.ej", "por ejemplo"),
    ("núm", "número"),
    ("ud", "usted"),
    ("uds", "ustedes"),
    ("aprox", "aproximadamente"),
];
const ITALIAN: [(&str, &str); 5] = [
    ("p.es", "per esempio"),
    ("ecc", "eccetera"),
    ("dott", "dottor"),
    ("sig", "signor"),
    ("sig.ra", "signora"),
];
const DUTCH: [(&str, &str); 4] =
    [("bijv", "bijvoorbeeld"), ("d.w.z", "dat wil zeggen"), ("enz", "enzovoort"), ("ca", "circa")];

pub fn say(word: Word, next: Word, language: Language) -> Option<Saying> {
    if !word.trail.starts_with('.') {
        return None;
    }
    let known = |short: &str| {
        let short = short.to_lowercase();
        all(language).iter().find(|(name, _)| *name == short).map(|(_, said)| (*said).to_owned())
    };
    // `z. B.` as well as `z.B.`
    let together = if next.lead.is_empty() && next.trail.starts_with('.') {
        known(&format!("{}.{}", word.core, next.core))
    } else {
        None
    };
    let takes_next = together.is_some();
    together.or_else(|| known(word.core)).map(|text| Saying { text, takes_next })
}

pub fn is_known(short: &str, language: Language) -> bool {
    all(language).iter().any(|(name, _)| *name == short)
}

fn all(language: Language) -> &'static [(&'static str, &'static str)] {
    match language.name() {
        b"de" => &GERMAN,
        b"fr" => &FRENCH,
        b"es" => &SPANISH,
        b"it" => &ITALIAN,
        b"nl" => &DUTCH,
        _ => &[],
    }
}
