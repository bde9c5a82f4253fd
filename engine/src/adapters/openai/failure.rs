//! From what a server or the network did to what the turn can do about it.
//!
//! Error bodies are looked into for codes we know; nothing of their words goes further.

use crate::domain::time::Timestamp;
use crate::ports::models::ModelError;
use engine_outbound::error::{OutboundError, Stage};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use std::time::{Duration, SystemTime};

pub(super) fn of_outbound(error: OutboundError) -> ModelError {
    match error {
        OutboundError::BadUrl { reason } | OutboundError::Forbidden { reason } => {
            ModelError::Forbidden { reason }
        }
        OutboundError::Unreachable { reason } => ModelError::Unreachable { reason },
        OutboundError::TimedOut { stage: Stage::Connect, after } => {
            ModelError::Unreachable { reason: format!("no connection within {after:?}") }
        }
        OutboundError::TimedOut { after, .. } => ModelError::Silent { after },
        OutboundError::TooLarge { .. } => ModelError::TooLarge,
        OutboundError::TooManyRedirects { .. } => nonsense("it redirects without end"),
        OutboundError::Broken { .. } => ModelError::Cut,
    }
}

pub(super) fn nonsense(reason: &str) -> ModelError {
    ModelError::Nonsense { reason: reason.to_owned() }
}

/// For an answer that is not a success. `body` may be cut short or no JSON at all.
pub(super) fn of_status(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    model: &str,
    now: Timestamp,
) -> ModelError {
    let report: Value = serde_json::from_slice(body).unwrap_or_default();
    let known = Known::of(report.get("error").unwrap_or(&report));
    match status.as_u16() {
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::PaymentRequired,
        404 => ModelError::UnknownModel { model: model.to_owned() },
        413 => ModelError::TooLong,
        400 | 422 if known == Some(Known::TooLong) => ModelError::TooLong,
        400 if known == Some(Known::UnknownModel) => ModelError::UnknownModel { model: model.to_owned() },
        429 if known == Some(Known::NoCredit) => ModelError::PaymentRequired,
        429 => ModelError::RateLimited { retry_after: retry_after(headers, now) },
        status @ 500..=599 => ModelError::ServerFailed { status },
        status => ModelError::Rejected { status },
    }
}

/// For an error object where an answer should be. `status` is what HTTP said before it.
pub(super) fn of_report(report: &Value, status: u16, model: &str) -> ModelError {
    match Known::of(report) {
        Some(Known::TooLong) => ModelError::TooLong,
        Some(Known::NoCredit) => ModelError::PaymentRequired,
        Some(Known::UnknownModel) => ModelError::UnknownModel { model: model.to_owned() },
        Some(Known::RateLimited) => ModelError::RateLimited { retry_after: None },
        Some(Known::Unauthorized) => ModelError::Unauthorized,
        None => {
            let code = report.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            match code {
                Some(code @ 500..=599) => ModelError::ServerFailed { status: code },
                Some(code @ 400..=499) => ModelError::Rejected { status: code },
                _ => ModelError::ServerFailed { status },
            }
        }
    }
}

/// The few reports that every provider has, and each words differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    TooLong,
    NoCredit,
    UnknownModel,
    RateLimited,
    Unauthorized,
}

impl Known {
    fn of(report: &Value) -> Option<Self> {
        let words = match report {
            Value::String(message) => message.to_lowercase(),
            _ => ["code", "type", "message"]
                .iter()
                .filter_map(|field| report.get(field)?.as_str())
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase(),
        };
        let says = |needles: &[&str]| needles.iter().any(|needle| words.contains(needle));
        let code = report.get("code").and_then(Value::as_u64);
        if code == Some(413)
            || says(&[
                "context_length",
                "context length",
                "context size",
                "exceed_context",
                "prompt is too long",
            ])
        {
            Some(Self::TooLong)
        } else if code == Some(402)
            || says(&["insufficient_quota", "insufficient credits", "payment required"])
        {
            Some(Self::NoCredit)
        } else if code == Some(404) || says(&["model_not_found", "unknown_model"]) {
            Some(Self::UnknownModel)
        } else if code == Some(429) || says(&["rate_limit", "rate limit", "too_many_requests"]) {
            Some(Self::RateLimited)
        } else if matches!(code, Some(401 | 403)) || says(&["invalid_api_key", "authentication_error"]) {
            Some(Self::Unauthorized)
        } else {
            None
        }
    }
}

/// Seconds or an HTTP date; `None` where the header is missing or makes no sense.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let micros = date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_micros();
    Some(Timestamp(i64::try_from(micros).ok()?).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    fn map(status: u16, body: &str, retry: Option<&'static str>) -> ModelError {
        let mut headers = HeaderMap::new();
        if let Some(retry) = retry {
            headers.insert(header::RETRY_AFTER, http::HeaderValue::from_static(retry));
        }
        let status = StatusCode::from_u16(status).expect("the table holds statuses");
        of_status(status, &headers, body.as_bytes(), "m", NOW)
    }

    #[test]
    fn statuses_become_what_the_turn_can_do() {
        let unknown = ModelError::UnknownModel { model: "m".to_owned() };
        let limited =
            |seconds: Option<u64>| ModelError::RateLimited { retry_after: seconds.map(Duration::from_secs) };
        let table = [
            (401, "", ModelError::Unauthorized),
            (403, "<html>", ModelError::Unauthorized),
            (402, "{}", ModelError::PaymentRequired),
            (404, r#"{"error":"model 'm' not found"}"#, unknown),
            (413, "", ModelError::TooLong),
            (400, r#"{"error":{"code":"context_length_exceeded"}}"#, ModelError::TooLong),
            (400, r#"{"error":{"code":400,"type":"exceed_context_size_error"}}"#, ModelError::TooLong),
            (400, r#"{"object":"error","message":"maximum context length is 4096"}"#, ModelError::TooLong),
            (400, r#"{"error":{"message":"temperature"}}"#, ModelError::Rejected { status: 400 }),
            (400, "\u{0}garbage", ModelError::Rejected { status: 400 }),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, ModelError::PaymentRequired),
            (429, "", limited(None)),
            (500, "", ModelError::ServerFailed { status: 500 }),
            (503, "", ModelError::ServerFailed { status: 503 }),
            (418, "", ModelError::Rejected { status: 418 }),
            (302, "", ModelError::Rejected { status: 302 }),
        ];
        for (status, body, expected) in table {
            assert_eq!(map(status, body, None), expected, "{status} {body}");
        }
        assert_eq!(map(429, "", Some("7")), limited(Some(7)));
        assert_eq!(map(429, "", Some("Tue, 14 Nov 2023 22:13:50 GMT")), limited(Some(30)));
        assert_eq!(map(429, "", Some("Tue, 14 Nov 2000 22:13:50 GMT")), limited(Some(0)));
        assert_eq!(map(429, "", Some("soon")), limited(None));
    }

    #[test]
    fn error_objects_in_a_stream_are_told_apart() {
        let of = |text: &str| of_report(&serde_json::from_str(text).expect("the table holds JSON"), 200, "m");
        assert_eq!(of(r#"{"code":429,"message":"x"}"#), ModelError::RateLimited { retry_after: None });
        assert_eq!(of(r#"{"code":502}"#), ModelError::ServerFailed { status: 502 });
        assert_eq!(of(r#"{"code":400}"#), ModelError::Rejected { status: 400 });
        assert_eq!(of(r#""it broke""#), ModelError::ServerFailed { status: 200 });
        assert_eq!(of(r#"{"type":"authentication_error"}"#), ModelError::Unauthorized);
        assert_eq!(of("[]"), ModelError::ServerFailed { status: 200 });
    }
}
