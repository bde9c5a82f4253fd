//! A model in memory, shared by all who listen with it.
//!
//! The file may come from anywhere, and the library ends the whole process over some that are damaged: whoever loads one
//! here has had it proven by [`super::super::shelf::proof`] before.

use super::complaints;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};
use whisper_rs::{get_lang_id, get_lang_str, get_lang_str_full};

/// The library counts languages with this one first.
const ENGLISH: &str = "en";

/// Bytes of what may be said before. The library takes the cube of the longest word's length.
const LONGEST_BEFORE: usize = 1024;

pub struct Model {
    context: WhisperContext,
    /// What somebody listened with, for the next one: making one costs more than a short sentence.
    states: Mutex<Vec<WhisperState>>,
    /// What is asked of the library in each language. It keeps the names of those it was told, for ever.
    asked: Mutex<BTreeMap<&'static str, FullParams<'static, 'static>>>,
}

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("it is not there")]
    Missing,
    #[error("it is no model of whisper.cpp's, or damaged: {0}")]
    Unfit(String),
    #[error("there is not enough memory for it")]
    NoRoom,
}

impl Model {
    /// Blocks for as long as the disk takes.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        complaints::listen_to();
        // What was wrong before on this thread is no news.
        drop(complaints::last());
        if !path.is_file() {
            return Err(ModelError::Missing);
        }
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false);
        let context = WhisperContext::new_with_params(path, parameters)
            .map_err(|_| ModelError::Unfit(complaints::last()))?;
        // A file with a header and nothing behind it is taken for a model of no size.
        if context.model_n_audio_ctx() <= 0 || context.model_n_text_ctx() <= 0 {
            return Err(ModelError::Unfit("there is nothing in it".to_owned()));
        }
        Ok(Self { context, states: Mutex::default(), asked: Mutex::default() })
    }

    pub fn knows_only_english(&self) -> bool {
        !self.context.is_multilingual()
    }

    /// Frames of sound that it looks at at once, fifty a second.
    pub fn frames(&self) -> i32 {
        self.context.model_n_audio_ctx()
    }

    /// Something to listen with, until it is given back.
    pub(super) fn state(&self) -> Result<WhisperState, ModelError> {
        let kept = self.states.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| self.context.create_state().map_err(|_| ModelError::NoRoom), Ok)
    }

    /// What every run asks in this language.
    pub(super) fn asked(&self, language: &'static str) -> FullParams<'static, 'static> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let made = asked.entry(language).or_insert_with(|| {
            let mut made = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
            made.set_language(Some(language));
            made.set_no_context(true);
            made.set_print_progress(false);
            made.set_print_realtime(false);
            made.set_print_special(false);
            made.set_print_timestamps(false);
            made
        });
        made.clone()
    }

    pub(super) fn give_back(&self, state: WhisperState) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).push(state);
    }

    /// What somebody may say, as the model counts it, from its end: the newest of it matters most.
    pub(super) fn tokens(&self, text: &str, most: usize) -> Vec<i32> {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let text = &text[text.ceil_char_boundary(text.len().saturating_sub(LONGEST_BEFORE))..];
        // No token is shorter than a byte. With less room than it needs, the library counts wrong.
        let tokens = self.context.tokenize(text, text.len() + 1).unwrap_or_default();
        tokens[tokens.len().saturating_sub(most)..].to_vec()
    }

    /// From this one on they are no words.
    pub(super) fn first_sign(&self) -> i32 {
        self.context.token_eot()
    }
}

/// By its short name, as the library knows it: `en`, also for `English` and `en-GB`.
pub fn language(name: &str) -> Option<&'static str> {
    let short = name.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    get_lang_str(get_lang_id(&short)?)
}

/// By its short name, as people write it: `english`. What nobody spoke has none.
pub fn name_of(short: &str) -> &'static str {
    get_lang_id(short).and_then(get_lang_str_full).unwrap_or_default()
}

pub fn english() -> &'static str {
    ENGLISH
}
