//! Errors as they cross the contract: problem+json with a stable code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media type of every error body.
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)+) => {
        /// What went wrong, 1:1 with the `code` on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl ErrorCode {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }
        }
    };
}

codes! {
    /// A field is missing, malformed or out of range; the detail names it.
    Invalid = "invalid", 400;
    /// The caller did not prove to be one of our front doors, or who they speak for.
    Unauthenticated = "unauthenticated", 401;
    Forbidden = "forbidden", 403;
    /// Not there, or not theirs: the two look the same on purpose.
    NotFound = "not_found", 404;
    MethodNotAllowed = "method_not_allowed", 405;
    /// A name that must be unique is in use.
    Taken = "taken", 409;
    /// Another turn is being answered in this conversation; its id is in the detail.
    TurnInProgress = "turn_in_progress", 409;
    /// The turn's id was used before with other words.
    TurnDiffers = "turn_differs", 409;
    AlreadySetUp = "already_set_up", 409;
    TooLarge = "too_large", 413;
    UnsupportedMedia = "unsupported_media", 415;
    /// The box was called by a name that is not its own; the detail says how to allow it.
    HostNotAllowed = "host_not_allowed", 421;
    /// More than the owner allows to be kept.
    OverQuota = "over_quota", 422;
    TooManyRequests = "too_many_requests", 429;
    Internal = "internal", 500;
    /// The model server could not be used; *Test* and a direct call answer so, a turn records it.
    ModelFailed = "model_failed", 502;
    StoreUnavailable = "store_unavailable", 503;
    /// Something that the owner has to add first, such as a model to listen with; the detail says how.
    PartMissing = "part_missing", 503;
    /// The box is stopping; try again in a moment.
    Stopping = "stopping", 503;
    DeadlineExceeded = "deadline_exceeded", 504;
    DiskFull = "disk_full", 507;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    pub status: u16,
    pub code: ErrorCode,
    /// One sentence for a person: what happened and what to do.
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Seconds after which asking again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { status: code.status(), code, detail: detail.into(), request_id: None, retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_itself() {
        for &code in ErrorCode::ALL {
            let text = serde_json::to_string(&Problem::new(code, "x")).expect("plain fields");
            let back: Problem = serde_json::from_str(&text).expect("what was just written");
            assert_eq!((back.code, back.status), (code, code.status()));
            assert!(text.contains(code.as_str()));
        }
    }
}
