//! The settings of the voice.

use super::fields::Field;

pub const VOICE: Field = Field::new(
    "voice.enabled",
    "WHISPERENGINE_VOICE",
    "true or false",
    "Whether the box listens and speaks. What it listens with is added by `whisperengine model add`.",
)
.example("true")
.follows("the tier: false in tier 4, else true");

pub const VOICE_MODEL: Field = Field::new(
    "voice.model",
    "WHISPERENGINE_VOICE_MODEL",
    "the name of a model in `whisperengine model list`",
    "What the box listens with where whoever asks names no model. Without it, the first one in the list.",
)
.example("\"base\"");

pub const VOICE_SPEAKER: Field = Field::new(
    "voice.speaker",
    "WHISPERENGINE_VOICE_SPEAKER",
    "the id of a voice that `/v1/audio/voices` lists",
    "As whom the box speaks where whoever asks names no voice. Piper's of its language go first.",
)
.example("\"en-gb\"")
.is("en-us");

pub const VOICE_ESPEAK: Field = Field::new(
    "voice.espeak",
    "WHISPERENGINE_VOICE_ESPEAK",
    "the path of a program",
    "eSpeak NG, which the box speaks with. Without it, the one that the shell would find.",
)
.example("\"/usr/bin/espeak-ng\"");

pub const VOICE_IDLE: Field = Field::new(
    "voice.idle",
    "WHISPERENGINE_VOICE_IDLE",
    "a duration such as 500ms, 30s, 5m or 2h",
    "A model or voice that nobody has used for so long is let go from memory.",
)
.example("\"10m\"")
.is("10m");
