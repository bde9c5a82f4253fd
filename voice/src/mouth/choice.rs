//! Who speaks, and who goes on where that voice fails.

use super::{espeak, piper};
use voice_client::speech::VoiceView;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub voice: String,
    pub language: String,
    pub stand_in: Option<StandIn>,
}

/// Says the rest where the voice cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    pub voice: String,
    /// Whoever named a voice rather hears why it cannot speak than another voice, as long as nothing was said. In the middle
    /// of a text everybody rather hears the rest of it.
    pub only_goes_on: bool,
}

/// What somebody asks for. What they name is what they get.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub voice: Option<&'a str>,
    pub engine: Option<&'a str>,
}

/// `None`: there is no such voice. Where none is named it is the usual one; where that is eSpeak NG's, one of Piper's in the
/// same language goes before it.
pub fn choose(all: &[VoiceView], asked: Asked<'_>, usual: &str) -> Option<Choice> {
    let can = |voice: &&VoiceView| asked.engine.is_none_or(|engine| voice.engine == engine);
    if let Some(named) = asked.voice {
        let known = all.iter().filter(can).find(|voice| is_of(voice, named))?;
        let stand_in = goes_on(all, known).map(|voice| StandIn { voice, only_goes_on: true });
        return Some(Choice { voice: named.to_owned(), language: known.language.clone(), stand_in });
    }
    let by = |engine: &'static str| all.iter().filter(can).filter(move |voice| voice.engine == engine);
    let known = all.iter().find(|voice| is_of(voice, usual));
    // Where nobody has that voice, its name may be a language's all the same.
    let language = known.map_or_else(|| usual.to_ascii_lowercase(), |voice| voice.language.clone());
    // With a variant of eSpeak NG's, nobody else is meant.
    let is_piper = known.is_some_and(|voice| voice.engine == piper::ENGINE);
    if !is_piper
        && !usual.contains('+')
        && let Some(better) = in_language(by(piper::ENGINE), &language)
    {
        let stand_in = goes_on(all, better).map(|voice| StandIn { voice, only_goes_on: false });
        let (voice, language) = (better.id.clone(), better.language.clone());
        return Some(Choice { voice, language, stand_in });
    }
    if let Some(known) = known.filter(can) {
        let stand_in = goes_on(all, known).map(|voice| StandIn { voice, only_goes_on: false });
        return Some(Choice { voice: usual.to_owned(), language: known.language.clone(), stand_in });
    }
    let other = in_language(all.iter().filter(can), &language)?;
    asked.engine.map(|_| Choice { voice: other.id.clone(), language: other.language.clone(), stand_in: None })
}

/// Who of eSpeak NG's voices says the rest for one of Piper's.
fn goes_on(all: &[VoiceView], voice: &VoiceView) -> Option<String> {
    let espeak = || all.iter().filter(|other| other.engine == espeak::ENGINE);
    let is_needed = voice.engine != espeak::ENGINE;
    is_needed.then(|| in_language(espeak(), &voice.language)).flatten().map(|other| other.id.clone())
}

/// The very language's first, then any of its family: `en-gb` for `en-us`.
fn in_language<'a>(
    mut voices: impl Iterator<Item = &'a VoiceView> + Clone,
    language: &str,
) -> Option<&'a VoiceView> {
    let family = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let exact = voices.clone().find(|voice| voice.language.eq_ignore_ascii_case(language));
    let plain = voices.clone().find(|voice| voice.id.eq_ignore_ascii_case(&family(language)));
    let related = voices.find(|voice| family(&voice.language) == family(language));
    exact.or(plain).or(related)
}

/// Behind a `+` is a variant of eSpeak NG's, behind a `#` one of those who speak with a voice of Piper's.
fn is_of(voice: &VoiceView, asked: &str) -> bool {
    let mark = if voice.engine == piper::ENGINE { '#' } else { '+' };
    let id = asked.split(mark).next().unwrap_or_default();
    voice.id.eq_ignore_ascii_case(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(id: &str, language: &str, engine: &str) -> VoiceView {
        let (id, language, engine) = (id.to_owned(), language.to_owned(), engine.to_owned());
        VoiceView { name: id.clone(), id, language, engine, needs_download: false, speakers: Vec::new() }
    }

    fn chosen(all: &[VoiceView], voice: &str, engine: &str, usual: &str) -> String {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let asked = Asked { voice: some(voice), engine: some(engine) };
        let Some(choice) = choose(all, asked, usual) else { return "nobody".to_owned() };
        let stand_in = choice.stand_in.map(|one| format!(", {} {}", one.voice, one.only_goes_on));
        format!("{} {}{}", choice.voice, choice.language, stand_in.unwrap_or_default())
    }

    #[test]
    fn whoever_is_named_speaks_and_else_the_best_voice_of_the_usual_language() {
        let mut all = vec![view("de", "de", "espeak-ng"), view("en-us", "en-us", "espeak-ng")];
        for (voice, engine, usual, wanted) in [
            ("", "", "en-us", "en-us en-us"),
            ("de", "", "en-us", "de de"),
            ("EN-us+f3", "", "de", "EN-us+f3 en-us"),
            ("", "", "nobody", "nobody"),
            ("nobody", "", "de", "nobody"),
            ("", "piper", "de", "nobody"),
        ] {
            assert_eq!(chosen(&all, voice, engine, usual), wanted, "{voice} {engine} {usual}");
        }
        all.insert(0, view("Thorsten", "de-de", "piper"));
        all.insert(0, view("Amy", "en-us", "piper"));
        all.insert(0, view("Alan", "en-gb", "piper"));
        for (voice, engine, usual, wanted) in [
            ("", "", "en-us", "Amy en-us, en-us false"),
            ("", "", "de", "Thorsten de-de, de false"),
            ("", "", "alan#3", "alan#3 en-gb, en-us false"),
            ("", "", "en-us+f3", "en-us+f3 en-us"),
            ("", "espeak-ng", "en-us", "en-us en-us"),
            ("", "espeak-ng", "Thorsten", "de de"),
            ("en-us", "", "de", "en-us en-us"),
            ("amy#low", "", "de", "amy#low en-us, en-us true"),
            ("Amy", "espeak-ng", "de", "nobody"),
            ("Amy+f3", "", "de", "nobody"),
            ("", "", "fr", "nobody"),
        ] {
            assert_eq!(chosen(&all, voice, engine, usual), wanted, "{voice} {engine} {usual}");
        }
        // Without eSpeak NG the usual voice is nobody's, and its language is known all the same.
        all.retain(|voice| voice.engine == piper::ENGINE);
        assert_eq!(chosen(&all, "", "", "en-us"), "Amy en-us");
    }
}
