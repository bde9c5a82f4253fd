//! The voices that eSpeak NG lists.

use std::collections::BTreeSet;
use voice_client::speech::VoiceView;

/// A line of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    language: String,
    name: String,
    file: String,
    /// Other names of the language.
    others: Vec<String>,
}

#[derive(Debug)]
pub struct Known {
    pub voices: Vec<Voice>,
    others: BTreeSet<String>,
    variants: BTreeSet<String>,
}

#[derive(Debug)]
pub struct Voice {
    id: String,
    language: String,
    name: String,
}

impl Known {
    pub fn of(voices: Vec<Listed>, variants: &[Listed]) -> Self {
        let others = voices.iter().flat_map(|voice| voice.others.clone()).collect();
        let variants =
            variants.iter().filter_map(|one| one.file.strip_prefix("!v/").map(str::to_owned)).collect();
        let mut known = Self { voices: Vec::new(), others, variants };
        for voice in voices {
            // Of several in one language, the first is that language's voice.
            let is_first = known.voices.iter().all(|one| one.id != voice.language);
            let file = voice.file.rsplit('/').next().unwrap_or_default();
            let id = if is_first { voice.language.clone() } else { file.to_owned() };
            if is_id(&id) && known.voices.iter().all(|one| !one.id.eq_ignore_ascii_case(&id)) {
                let name = voice.name.replace('_', " ").trim().to_owned();
                known.voices.push(Voice { id, language: voice.language, name });
            }
        }
        known
    }

    /// As it is to be asked for: `en-us`, `en-us+f3`.
    pub fn find(&self, asked: &str) -> Option<String> {
        let (voice, variant) = match asked.split_once('+') {
            Some((voice, variant)) => (voice, Some(variant)),
            None => (asked, None),
        };
        let mut ids = self.voices.iter().map(|voice| &voice.id).chain(&self.others);
        let id = ids.find(|id| id.eq_ignore_ascii_case(voice))?;
        match variant {
            None => Some(id.clone()),
            Some(variant) => self.variants.get(variant).map(|variant| format!("{id}+{variant}")),
        }
    }

    pub fn views(&self, engine: &str) -> Vec<VoiceView> {
        let view = |voice: &Voice| VoiceView {
            id: voice.id.clone(),
            name: voice.name.clone(),
            language: voice.language.clone(),
            engine: engine.to_owned(),
            needs_download: false,
            speakers: Vec::new(),
        };
        self.voices.iter().map(view).collect()
    }
}

/// What it prints for `--voices`: a heading, and a line for each.
pub fn listed(text: &[u8]) -> Vec<Listed> {
    let text = String::from_utf8_lossy(text);
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (_, language, _, name, file) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        let others =
            words.filter_map(|word| word.strip_prefix('(')).filter(|name| is_id(name)).map(str::to_owned);
        Some(Listed {
            language: language.to_owned(),
            name: name.to_owned(),
            file: file.to_owned(),
            others: others.collect(),
        })
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// Whatever it is called, it is no option, no path and no voice with a variant.
fn is_id(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "Pty Language       Age/Gender VoiceName          File                 Other Languages
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  yue             --/M      Chinese_(Cantonese) sit/yue              (zh-yue 5)(zh 8)
 5  yue             --/M      Chinese_(Latin) sit/yue-Latn-jyutping (zh-yue 5)
 5  chr-US-Qaaa-x-west --/M   Cherokee_          iro/chr
 5  -x              --/M      Nobody             gmw/x
 5  half";

    #[test]
    fn each_line_is_a_voice_with_an_id_of_its_own() {
        let variants = "Pty\n 5  variant  --/F  Adam  !v/f3\n 5  variant  --/F  Other  gmw/other";
        let known = Known::of(listed(LIST.as_bytes()), &listed(variants.as_bytes()));
        let views = known.views("e");
        let views: Vec<_> = views.iter().map(|view| (view.id.as_str(), view.name.as_str())).collect();
        assert_eq!(
            views,
            [
                ("en-us", "English (America)"),
                ("yue", "Chinese (Cantonese)"),
                ("yue-Latn-jyutping", "Chinese (Latin)"),
                ("chr-US-Qaaa-x-west", "Cherokee"),
            ]
        );
        let find = |id: &str| known.find(id);
        for id in ["en-us", "yue", "en", "zh-yue", "en-us+f3", "en+f3"] {
            assert_eq!(find(id).as_deref(), Some(id));
        }
        assert_eq!(find("EN-us").as_deref(), Some("en-us"));
        for id in ["", "-x", "half", "f3", "+f3", "en+other", "en+", "en+f3 "] {
            assert_eq!(find(id), None, "{id}");
        }
        assert_eq!(listed(b""), []);
    }
}
