//! Where voice is asked for what. Whatever it is asked keeps nothing, so each call may be made again.

pub const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";
/// Like the former, in English whatever was spoken.
pub const TRANSLATIONS: &str = "/v1/audio/translations";
/// Sound as it is spoken goes up, [`crate::live::wire::LiveEvent`]s come down meanwhile.
pub const LIVE: &str = "/v1/audio/live";
pub const SPEECH: &str = "/v1/audio/speech";
/// Who can speak.
pub const VOICES: &str = "/v1/audio/voices";
/// Whether it works, for whoever watches over it.
pub const READY: &str = "/ready";

/// Bytes of sound that are listened to at once, and of a form with them in it.
pub const LARGEST_SOUND: usize = 25 << 20;
pub const LARGEST_FORM: usize = LARGEST_SOUND + (1 << 20);
