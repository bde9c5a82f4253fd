//! Where sound is brought and words are taken away.
//!
//! A model is loaded when the first sound for it comes, is shared by all who listen with it, and let go when nobody has
//! listened for a while. Only so many listen at a time; the others wait in turn.

use super::hearing::{HearError, Listener, Wish};
use super::live::seats::Seats;
use super::model::{Model, ModelError, language};
use super::windows::{Window, Windows};
use crate::queue::{Full, Place, Queue};
use crate::shelf::models::{ModelFile, Shelf};
use crate::shelf::proof::{ProofError, Proofs};
use crate::sound::brought::Sound;
use crate::sound::error::SoundError;
use crate::sound::pace::HEARD;
use crate::sound::reading::{At, Reading};
use std::io;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voice_client::wire::{Segment, Transcript};

#[derive(Clone, Debug)]
pub struct Settings {
    /// The model for whoever names none; the first there is where this is not set.
    pub model: Option<String>,
    /// How many listen at the same time, and on how many threads each.
    pub places: usize,
    pub threads: usize,
    pub most_waiting: usize,
    /// Sound that is longer is refused.
    pub longest: Duration,
    /// A model that nobody listened with for so long is let go.
    pub idle: Duration,
    /// How many are heard while they speak, all together and of one person.
    pub live: usize,
    pub live_each: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: None,
            places: 1,
            threads: 1,
            most_waiting: 64,
            longest: Duration::from_hours(4),
            idle: Duration::from_mins(10),
            live: 16,
            live_each: 4,
        }
    }
}

pub struct Desk {
    shelf: Shelf,
    proofs: Proofs,
    pub(super) settings: Settings,
    pub(super) queue: Arc<Queue>,
    pub(super) seats: Arc<Seats>,
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    file: ModelFile,
    model: Arc<Model>,
    used: LastUse,
}

/// One piece of sound to be listened to.
#[derive(Debug)]
pub struct Asked {
    /// Whose turn it is.
    pub who: String,
    pub model: Option<String>,
    pub sound: Sound,
    /// By name, as whoever asks has it.
    pub language: Option<String>,
    pub wish: Wish,
}

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(transparent)]
    Full(#[from] Full),
    #[error(transparent)]
    Sound(#[from] SoundError),
    #[error("{0} are heard live already, which is the most")]
    Crowded(usize),
    #[error("there is no model to listen with; `whisperengine model add FILE --name NAME` adds one")]
    NoModel,
    #[error("there is no model {0} to listen with")]
    UnknownModel(String),
    #[error("{0} is no language that is known here")]
    UnknownLanguage(String),
    #[error("the model {0} hears English and nothing else")]
    OnlyEnglish(String),
    #[error("the model {name} cannot be used: {why}")]
    Unfit { name: String, why: String },
    #[error("the models cannot be read: {0}")]
    Shelf(#[from] io::Error),
    #[error("it was stopped")]
    Stopped,
    #[error("{0}")]
    Failed(String),
}

impl Desk {
    pub fn new(shelf: Shelf, proofs: Proofs, settings: Settings) -> Arc<Self> {
        let queue = Queue::new(settings.places, settings.most_waiting);
        let seats = Seats::new(settings.live, settings.live_each);
        Arc::new(Self { shelf, proofs, settings, queue, seats, loaded: Mutex::default() })
    }

    /// Listens to the end, and tells each segment as it is understood. Whoever drops this stops it.
    pub async fn listen(
        &self,
        asked: Asked,
        each: impl FnMut(&Segment) + Send + 'static,
    ) -> Result<Transcript, ListenError> {
        self.enter(asked).await?.listen(each).await
    }

    /// Waits for a place and the model. What cannot be listened to at all is told here.
    pub async fn enter(&self, asked: Asked) -> Result<Entered, ListenError> {
        let file = self.choose(asked.model.as_deref())?;
        let mut wish = asked.wish;
        wish.language = known(asked.language)?.or(wish.language);
        let place = self.queue.enter(&asked.who).await?;
        let (model, used) = self.model(&file).await?;
        ensure_spoken(&model, &wish, &file)?;
        let (threads, longest) = (self.settings.threads, self.settings.longest);
        Ok(Entered { model, used, place, sound: asked.sound, wish, threads, longest })
    }

    /// Lets go of a model that nobody listens with, until told to stop.
    pub async fn rest(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.settings.idle / 2) => {}
            }
            let mut loaded = self.loaded.lock().await;
            let is_idle = |loaded: &mut Loaded| {
                loaded.used.was_before(self.settings.idle) && Arc::strong_count(&loaded.model) == 1
            };
            if let Some(idle) = loaded.take_if(is_idle) {
                tracing::info!("a model is let go: nobody has listened with {} for a while", idle.file.name);
            }
        }
    }

    /// Whether there is anything to listen with.
    pub fn has_model(&self) -> Result<bool, ListenError> {
        Ok(!self.shelf.ears()?.is_empty())
    }

    /// Whether a model is in memory.
    #[cfg(test)]
    pub async fn is_loaded(&self) -> bool {
        self.loaded.lock().await.is_some()
    }

    pub(super) fn choose(&self, named: Option<&str>) -> Result<ModelFile, ListenError> {
        let all = self.shelf.ears()?;
        let wanted = named.or(self.settings.model.as_deref());
        let found = match wanted {
            Some(name) => all.into_iter().find(|model| model.name == name),
            None => all.into_iter().next(),
        };
        found.ok_or_else(|| {
            wanted.map_or(ListenError::NoModel, |name| ListenError::UnknownModel(name.to_owned()))
        })
    }

    /// Somebody who waits for another model keeps nobody from the one that is there.
    pub(super) async fn model(&self, file: &ModelFile) -> Result<(Arc<Model>, LastUse), ListenError> {
        if let Some(there) = self.loaded.lock().await.as_ref().and_then(|loaded| loaded.of(file)) {
            return Ok(there);
        }
        let unfit = |why: String| ListenError::Unfit { name: file.name.clone(), why };
        self.proofs.of(&file.path).await.map_err(|error| match error {
            ProofError::Unfit(why) => unfit(why),
            ProofError::Untried(error) => {
                ListenError::Failed(format!("the model {} could not be tried out: {error}", file.name))
            }
        })?;
        let mut loaded = self.loaded.lock().await;
        if let Some(there) = loaded.as_ref().and_then(|loaded| loaded.of(file)) {
            return Ok(there);
        }
        // What was there goes first, or both would be in memory.
        *loaded = None;
        let path = file.path.clone();
        let model = tokio::task::spawn_blocking(move || Model::load(&path)).await;
        let model = model.map_err(|error| ListenError::Failed(error.to_string()))?;
        let model = Arc::new(model.map_err(|error: ModelError| unfit(error.to_string()))?);
        let used = LastUse::default();
        used.is_now();
        *loaded = Some(Loaded { file: file.clone(), model: Arc::clone(&model), used: used.clone() });
        Ok((model, used))
    }
}

/// What is spoken, as whoever asks calls it.
pub(super) fn known(name: Option<String>) -> Result<Option<&'static str>, ListenError> {
    name.map(|name| language(&name).ok_or(ListenError::UnknownLanguage(name))).transpose()
}

pub(super) fn ensure_spoken(model: &Model, wish: &Wish, file: &ModelFile) -> Result<(), ListenError> {
    let other = wish.language.is_some_and(|language| language != "en");
    if other && model.knows_only_english() {
        return Err(ListenError::OnlyEnglish(file.name.clone()));
    }
    Ok(())
}

/// Somebody whose turn it is.
pub struct Entered {
    model: Arc<Model>,
    used: LastUse,
    place: Place,
    sound: Sound,
    wish: Wish,
    threads: usize,
    longest: Duration,
}

impl Entered {
    /// To the end. Whoever drops this stops it.
    pub async fn listen(
        self,
        each: impl FnMut(&Segment) + Send + 'static,
    ) -> Result<Transcript, ListenError> {
        let Self { model, used, place, sound, wish, threads, longest } = self;
        let stop = CancellationToken::new();
        let _stops = stop.clone().drop_guard();
        let work = move || {
            // Kept until the last sample is heard, also where whoever asked has gone.
            let _place = place;
            let heard = listen(&model, sound, &wish, threads, longest, &stop, each);
            used.is_now();
            heard
        };
        // A decoder that panics over a file says that there is something wrong with the file.
        let damaged = |_| Err(SoundError::Damaged("a decoder gave up on it".to_owned()).into());
        tokio::task::spawn_blocking(work).await.unwrap_or_else(damaged)
    }
}

impl Loaded {
    fn of(&self, file: &ModelFile) -> Option<(Arc<Model>, LastUse)> {
        (self.file == *file).then(|| {
            self.used.is_now();
            (Arc::clone(&self.model), self.used.clone())
        })
    }
}

/// When somebody listened last. Clones share it.
#[derive(Clone, Default)]
pub(super) struct LastUse(Arc<StdMutex<Option<Instant>>>);

impl LastUse {
    pub(super) fn is_now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn was_before(&self, span: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|at| at.elapsed() >= span)
    }
}

/// Blocks until all of it is heard. For a command that has its own model, too.
pub fn listen(
    model: &Model,
    sound: Sound,
    wish: &Wish,
    threads: usize,
    longest: Duration,
    stop: &CancellationToken,
    mut each: impl FnMut(&Segment),
) -> Result<Transcript, ListenError> {
    let mut reading = Reading::open(sound, At::Rate(HEARD), longest)?;
    let mut listener = Listener::new(model, threads).map_err(failed)?;
    let (mut windows, mut transcript, mut samples) = (Windows::default(), Transcript::default(), 0_usize);
    let mut hear = |found: Vec<Window>| {
        for window in found {
            let heard = listener.hear(&window, wish, stop).map_err(failed)?;
            for segment in heard.segments {
                each(&segment);
                heard.language.clone_into(&mut transcript.language);
                transcript.segments.push(segment);
            }
        }
        if stop.is_cancelled() { Err(ListenError::Stopped) } else { Ok(()) }
    };
    while let Some(block) = reading.block()? {
        samples += block.len();
        hear(windows.take(&block))?;
    }
    hear(windows.end())?;
    let texts: Vec<&str> = transcript.segments.iter().map(|segment| segment.text.as_str()).collect();
    transcript.text = texts.join(" ");
    transcript.duration = samples as f64 / f64::from(HEARD);
    Ok(transcript)
}

pub(super) fn failed(error: HearError) -> ListenError {
    match error {
        HearError::Stopped => ListenError::Stopped,
        HearError::Model(error) => ListenError::Failed(error.to_string()),
        HearError::Failed(why) => ListenError::Failed(why),
    }
}
