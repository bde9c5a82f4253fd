//! Several who speak, as one. Whoever knows a voice first says with it.

use super::reading::clause::Clause;
use super::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use async_trait::async_trait;
use std::sync::Arc;
use voice_client::speech::VoiceView;

pub struct Several(pub Vec<Arc<dyn Synthesizer>>);

#[async_trait]
impl Synthesizer for Several {
    /// Of those who can tell: one that is missing keeps nobody from the others.
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        let (mut all, mut broken) = (Vec::<VoiceView>::new(), None);
        for one in &self.0 {
            match one.voices().await {
                Ok(voices) => {
                    let is_new =
                        |voice: &VoiceView| all.iter().all(|known| !known.id.eq_ignore_ascii_case(&voice.id));
                    let voices: Vec<_> = voices.into_iter().filter(is_new).collect();
                    all.extend(voices);
                }
                Err(error) => broken = Some(error),
            }
        }
        match broken {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }

    async fn say(&self, clause: &Clause, manner: &Manner) -> Result<Sound, SpeakError> {
        let mut broken = None;
        for one in &self.0 {
            match one.say(clause, manner).await {
                Ok(sound) => return Ok(sound),
                Err(SpeakError::UnknownVoice(_)) => {}
                // It may be another's.
                Err(error) => broken = broken.or(Some(error)),
            }
        }
        Err(broken.unwrap_or_else(|| SpeakError::UnknownVoice(manner.voice.clone())))
    }
}
