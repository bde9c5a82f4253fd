//! `/ready`: whether it works, as those who use it would find out. A word is said, which takes a moment and a process; where
//! models lie is looked at. No model is loaded for it: that takes long, and a box that nobody speaks to needs none.

use super::guard::Who;
use super::problem::VoiceError;
use super::router::Voice;
use crate::mouth::speaking::Wish;
use crate::mouth::synthesizer::{Manner, SpeakError};
use axum::Json;
use axum::extract::State;
use axum::routing::{MethodRouter, get};
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voice_client::ready::{Ability, ReadyView};

const WORD: &str = "ready";
/// Of eSpeak NG, which has no model to load: whoever asks waits for a moment only, and nothing is kept in memory by it.
const ALWAYS: &str = "en-us";
/// Whoever spoke a moment ago can still speak.
const HOLDS: Duration = Duration::from_secs(30);

/// When the mouth was heard last.
type Heard = Arc<Mutex<Option<Instant>>>;

pub fn route() -> MethodRouter<Voice> {
    let heard = Heard::default();
    get(move |State(voice): State<Voice>, _: Who| {
        let heard = Arc::clone(&heard);
        async move { ready(&voice, &heard).await.map(Json) }
    })
}

async fn ready(voice: &Voice, heard: &Heard) -> Result<ReadyView, VoiceError> {
    let ears = if voice.ears.has_model()? { Ability::Ready } else { Ability::Missing };
    let mut heard = heard.lock().await;
    if heard.is_none_or(|at| at.elapsed() >= HOLDS) {
        match say(voice).await {
            Ok(()) => *heard = Some(Instant::now()),
            Err(SpeakError::Missing(_) | SpeakError::UnknownVoice(_)) => {
                return Ok(ReadyView { ears, mouth: Ability::Missing });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ReadyView { ears, mouth: Ability::Ready })
}

async fn say(voice: &Voice) -> Result<(), SpeakError> {
    let wish = Wish { manner: Manner::of(ALWAYS), language: "en".to_owned(), rate: None, stand_in: None };
    let text = stream::iter([WORD.to_owned()]);
    let sound = voice.mouth.speak(text, wish, CancellationToken::new(), ()).next().await;
    match sound {
        Some(sound) => sound.map(drop),
        None => Err(SpeakError::Failed("nothing was said".to_owned())),
    }
}
