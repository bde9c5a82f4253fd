//! Errors on their way out. The caller gets a code and a sentence; the cause goes to the log once.

use crate::ears::desk::ListenError;
use crate::mouth::encoding::Unencoded;
use crate::mouth::synthesizer::SpeakError;
use crate::queue::Full;
use crate::sound::brought::KeepError;
use crate::sound::error::SoundError;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine_client::problem::{ErrorCode, PROBLEM_JSON, Problem};
use std::io::ErrorKind;

/// When somebody who was sent away may come back, in seconds.
const COME_BACK: u64 = 5;

#[derive(Debug)]
pub struct VoiceError(pub Problem);

impl VoiceError {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// Somebody who may come back in a moment.
    fn crowded(detail: String) -> Self {
        let mut problem = Problem::new(ErrorCode::TooManyRequests, detail);
        problem.retry_after = Some(COME_BACK);
        Self(problem)
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }
}

impl IntoResponse for VoiceError {
    fn into_response(self) -> Response {
        let mut response =
            Response::new(Body::from(serde_json::to_vec(&self.0).expect("a problem is plain data")));
        *response.status_mut() = StatusCode::from_u16(self.0.status).expect("codes name valid statuses");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<ListenError> for VoiceError {
    fn from(error: ListenError) -> Self {
        let code = match &error {
            ListenError::Full(full) => return Self::from(Full(full.0)),
            ListenError::Crowded(_) => return Self::crowded(error.to_string()),
            ListenError::Sound(SoundError::UnknownFormat | SoundError::UnknownCodec(_)) => {
                ErrorCode::UnsupportedMedia
            }
            ListenError::Sound(SoundError::TooLong(_)) => ErrorCode::TooLarge,
            ListenError::Sound(SoundError::Empty | SoundError::Damaged(_))
            | ListenError::UnknownLanguage(_)
            | ListenError::OnlyEnglish(_) => ErrorCode::Invalid,
            ListenError::NoModel => ErrorCode::PartMissing,
            ListenError::UnknownModel(_) => ErrorCode::NotFound,
            ListenError::Unfit { .. } => ErrorCode::ModelFailed,
            ListenError::Stopped => ErrorCode::Stopping,
            ListenError::Shelf(_) | ListenError::Failed(_) => {
                tracing::error!(error = %error, "sound could not be listened to");
                return Self::new(ErrorCode::Internal, "something went wrong inside; the log says what");
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<SpeakError> for VoiceError {
    fn from(error: SpeakError) -> Self {
        match error {
            SpeakError::UnknownVoice(id) => {
                Self::invalid(format!("voice: there is no voice {id}; GET /v1/audio/voices lists all"))
            }
            SpeakError::Missing(what) => Self::new(ErrorCode::PartMissing, what),
            SpeakError::Unfit(why) => Self::new(ErrorCode::ModelFailed, why),
            SpeakError::Failed(why) => {
                tracing::error!(error = why, "what was written could not be said");
                Self::new(ErrorCode::ModelFailed, "it could not be said; the log says why")
            }
            SpeakError::Stopped => Self::new(ErrorCode::Stopping, "it was stopped"),
        }
    }
}

impl From<Unencoded> for VoiceError {
    fn from(Unencoded(why): Unencoded) -> Self {
        tracing::error!(error = why, "speech could not be encoded");
        Self::new(ErrorCode::Internal, "something went wrong inside; the log says what")
    }
}

impl From<Full> for VoiceError {
    fn from(full: Full) -> Self {
        Self::crowded(full.to_string())
    }
}

impl From<KeepError> for VoiceError {
    fn from(error: KeepError) -> Self {
        let code = match &error {
            KeepError::TooLarge => ErrorCode::TooLarge,
            KeepError::Full => ErrorCode::TooManyRequests,
            KeepError::Failed(cause) => {
                tracing::error!(error = %cause, "sound could not be kept while it came");
                if matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
                    return Self::new(ErrorCode::DiskFull, "there is no room left on the disk");
                }
                return Self::new(ErrorCode::Internal, "something went wrong inside; the log says what");
            }
        };
        let mut problem = Problem::new(code, error.to_string());
        problem.retry_after = (code == ErrorCode::TooManyRequests).then_some(COME_BACK);
        Self(problem)
    }
}

impl From<MultipartError> for VoiceError {
    fn from(error: MultipartError) -> Self {
        let code = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
            _ => ErrorCode::Invalid,
        };
        Self::new(code, error.body_text())
    }
}
