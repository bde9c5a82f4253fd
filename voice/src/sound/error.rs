//! Why there is nothing to hear in what was sent.

use std::io;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    #[error("there is no sound in it")]
    Empty,
    #[error("it is no format that is known here: send wav, flac, mp3, m4a, ogg or webm")]
    UnknownFormat,
    #[error("this kind of sound cannot be decoded here: {0}")]
    UnknownCodec(String),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it is longer than {} minutes, which is the most that is heard at once", .0.as_secs().div_ceil(60))]
    TooLong(Duration),
}

impl From<io::Error> for SoundError {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
