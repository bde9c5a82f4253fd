//! Where voice is asked for what. Whatever it is asked keeps nothing, so each call may be made again.

pub const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";
/// Like the former, in English whatever was spoken.
pub const TRANSLATIONS: &str = "/v1/audio/translations";
pub const SPEECH: &str = "/v1/audio/speech";
/// Who can speak.
pub const VOICES: &str = "/v1/audio/voices";
