//! Who speaks with the voices that are there.

use super::ENGINE;
use super::description::{Description, Nobody, Reads};
use super::ids::{LONGEST, pieces};
use super::net::{Net, sound};
use super::phonemes;
use crate::mouth::espeak::{EspeakNg, spoken};
use crate::mouth::reading::clause::Clause;
use crate::mouth::synthesizer::{Manner, Sound, SpeakError, Synthesizer};
use crate::shelf::models::{Kind, ModelFile, Shelf};
use crate::shelf::proof::{ProofError, Proofs};
use async_trait::async_trait;
use rten::ThreadPool;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use voice_client::speech::VoiceView;

/// Whoever wants another one has the one let go that was silent for longest.
const MOST_LOADED: usize = 2;
/// For a turn, and for what is said in it: longer than any voice needs that passed its trial.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between a voice's id and who of those that speak with it.
const SPEAKER: char = '#';

pub enum Source {
    Shelf(Shelf),
    /// One voice in a file of somebody's, by this name.
    File(String, PathBuf),
}

#[derive(Clone, Debug)]
pub struct Settings {
    /// How many clauses are said at the same time, and on how many threads all of them.
    pub places: usize,
    pub threads: usize,
    /// A voice that nobody spoke with for so long is let go.
    pub idle: Duration,
}

pub struct Piper {
    source: Source,
    proofs: Proofs,
    espeak: Arc<EspeakNg>,
    idle: Duration,
    threads: Arc<ThreadPool>,
    turns: Arc<Semaphore>,
    loaded: Mutex<Vec<Loaded>>,
}

struct Loaded {
    file: ModelFile,
    voice: Arc<Voice>,
    used: Instant,
}

struct Voice {
    net: Net,
    description: Description,
}

impl Piper {
    pub fn new(source: Source, proofs: Proofs, espeak: Arc<EspeakNg>, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            source,
            proofs,
            espeak,
            idle: settings.idle,
            threads: Arc::new(ThreadPool::with_num_threads(settings.threads.max(1))),
            turns: Arc::new(Semaphore::new(settings.places.max(1))),
            loaded: Mutex::default(),
        })
    }

    /// Lets go of voices that nobody speaks with, until told to stop.
    pub async fn rest(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.idle / 2) => {}
            }
            let is_idle =
                |one: &mut Loaded| one.used.elapsed() >= self.idle && Arc::strong_count(&one.voice) == 1;
            for one in self.loaded.lock().await.extract_if(.., is_idle) {
                tracing::info!("a voice is let go: nobody has spoken with {} for a while", one.file.name);
            }
        }
    }

    /// How many are in memory.
    #[cfg(test)]
    pub async fn loaded(&self) -> usize {
        self.loaded.lock().await.len()
    }

    fn files(&self) -> io::Result<Vec<ModelFile>> {
        match &self.source {
            Source::Shelf(kept) => kept.all(Kind::Voices),
            Source::File(name, file) => Ok(vec![ModelFile::at(Kind::Voices, name, file.clone())?]),
        }
    }

    /// Loaded once, for all.
    async fn voice(&self, file: &ModelFile) -> Result<Arc<Voice>, SpeakError> {
        if let Some(there) = there(&mut self.loaded.lock().await, file) {
            return Ok(there);
        }
        let unfit = |why: String| SpeakError::Unfit(format!("the voice {} cannot be used: {why}", file.name));
        self.proofs.of(&file.path).await.map_err(|error| match error {
            ProofError::Unfit(why) => unfit(why),
            ProofError::Untried(error) => {
                SpeakError::Failed(format!("the voice {} could not be tried out: {error}", file.name))
            }
        })?;
        let mut loaded = self.loaded.lock().await;
        if let Some(there) = there(&mut loaded, file) {
            return Ok(there);
        }
        // What lay there under this name goes, and room is made first, or one more would be in memory.
        loaded.retain(|one| one.file.path != file.path);
        loaded.sort_by_key(|one| std::cmp::Reverse(one.used));
        loaded.truncate(MOST_LOADED - 1);
        let path = file.path.clone();
        let work = move || {
            let description = Description::beside(&path)?;
            Ok(Voice { net: Net::load(&path)?, description })
        };
        let done = tokio::task::spawn_blocking(work).await;
        let voice = Arc::new(done.map_err(|error| SpeakError::Failed(error.to_string()))?.map_err(unfit)?);
        loaded.push(Loaded { file: file.clone(), voice: Arc::clone(&voice), used: Instant::now() });
        Ok(voice)
    }

    async fn pronounced(&self, clause: &Clause, reads: &Reads) -> Result<String, SpeakError> {
        Ok(match reads {
            Reads::Phonemes(voice) => {
                phonemes::marked(&self.espeak.phonemes(&clause.text, voice).await?, &clause.text)
            }
            Reads::Letters => phonemes::letters(&clause.text),
        })
    }
}

#[async_trait]
impl Synthesizer for Piper {
    async fn voices(&self) -> Result<Vec<VoiceView>, SpeakError> {
        let files = self.files().map_err(|error| unread(&error))?;
        let view = |file: ModelFile| {
            let description = Description::beside(&file.path).ok()?;
            Some(VoiceView {
                name: file.name.replace(['_', '-'], " "),
                id: file.name,
                language: description.language,
                engine: ENGINE.to_owned(),
                needs_download: false,
                speakers: description.speakers.into_iter().map(|(name, _)| name).collect(),
            })
        };
        let read = tokio::task::spawn_blocking(move || files.into_iter().filter_map(view).collect());
        let mut voices: Vec<VoiceView> = read.await.map_err(|error| SpeakError::Failed(error.to_string()))?;
        voices.sort_by(|a, b| (&a.language, &a.name).cmp(&(&b.language, &b.name)));
        Ok(voices)
    }

    async fn say(&self, clause: &Clause, manner: &Manner) -> Result<Sound, SpeakError> {
        let unknown = || SpeakError::UnknownVoice(manner.voice.clone());
        let (name, speaker) = match manner.voice.split_once(SPEAKER) {
            Some((name, speaker)) => (name, Some(speaker)),
            None => (manner.voice.as_str(), None),
        };
        let mut files = self.files().map_err(|error| unread(&error))?.into_iter();
        let file = files.find(|file| file.name.eq_ignore_ascii_case(name)).ok_or_else(unknown)?;
        let voice = self.voice(&file).await?;
        let speaker = voice.description.speaker(speaker).map_err(|Nobody| unknown())?;
        let Description { rate, noise, slowness, unevenness, .. } = voice.description;
        let scales = [noise, slowness / manner.speed(), unevenness];
        let mut samples = Vec::new();
        // The slower, the longer what comes of each, and memory grows with it.
        let most = (LONGEST as f32 * (manner.speed() / slowness).clamp(0.0, 1.0)).max(8.0) as usize;
        for piece in pieces(&self.pronounced(clause, &voice.description.reads).await?, most) {
            let ids = voice.description.ids.number(&piece);
            if ids.is_empty() {
                continue;
            }
            let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
            let late = |_| SpeakError::Failed(format!("the voice {name}: it did not come to its turn"));
            let turn = turn.map_err(late)?.expect("it is never closed");
            let (voice, threads, volume) = (Arc::clone(&voice), Arc::clone(&self.threads), manner.volume());
            let work = move || {
                // Kept until it is done, also where nobody waits for it any longer.
                let _turn = turn;
                let made = voice.net.samples(&ids, scales, speaker, &threads)?;
                sound(&made, volume, &voice.description)
            };
            let made = match timeout(PATIENCE, tokio::task::spawn_blocking(work)).await {
                Ok(Ok(made)) => made,
                Ok(Err(_)) => Err("what runs it gave up on it".to_owned()),
                Err(_) => Err("it takes longer than anybody waits".to_owned()),
            };
            let failed = |why: String| SpeakError::Failed(format!("the voice {name}: {why}"));
            samples.extend(made.map_err(failed)?.samples);
        }
        Ok(spoken(Sound { rate, samples }))
    }
}

fn there(loaded: &mut [Loaded], file: &ModelFile) -> Option<Arc<Voice>> {
    let one = loaded.iter_mut().find(|one| one.file == *file)?;
    one.used = Instant::now();
    Some(Arc::clone(&one.voice))
}

fn unread(error: &io::Error) -> SpeakError {
    SpeakError::Failed(format!("the voices cannot be read: {error}"))
}
