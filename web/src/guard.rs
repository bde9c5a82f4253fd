//! Who is asking: the one guard of the public API.
//!
//! A caller brings an API key as `Authorization: Bearer …` or as `x-api-key`; the engine says whose it is.
//! It is asked for each request, so a revoked key or a suspended person ends with the next one.

use crate::edge::limits::counting::Limits;
use crate::edge::request::RequestId;
use crate::ports::WayIn;
use crate::problem::Refusal;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::people::Proof;
use http::{Extensions, HeaderMap, header};
use std::time::Duration;

const LONGEST_KEY: usize = 256;
const PATIENCE: Duration = Duration::from_secs(10);

/// A good key is counted for its person, a wrong one for the address that it came from.
pub async fn identify(
    limits: &Limits,
    engine: &WayIn,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Principal, Refusal> {
    let key = brought(headers)?;
    let id = extensions.get::<RequestId>().map_or("", |RequestId(id)| id);
    let client = engine.client(Principal::Anonymous).with_request_id(id).with_patience(PATIENCE);
    let proven = client.post("/api/v1/proofs", &Proof::ApiKey(key)).await;
    let wrong = || limits.count_stranger(extensions, true).map_or_else(Refusal, |()| unknown());
    match proven.map_err(|error| (error.code(), error)) {
        Ok(person @ Principal::Person { .. }) => {
            limits.count_caller(&person)?;
            Ok(person)
        }
        // A key is somebody's; what it must never open is the operator's door.
        Ok(Principal::Operator | Principal::Anonymous)
        | Err((Some(ErrorCode::Unauthenticated | ErrorCode::NotFound | ErrorCode::Invalid), _)) => {
            Err(wrong())
        }
        Err((_, error)) => Err(error.into()),
    }
}

/// The key that was brought. Two that differ are refused: one of them was not meant.
pub fn brought(headers: &HeaderMap) -> Result<String, Refusal> {
    let plain = headers.get_all("x-api-key").iter().map(|value| value.to_str().ok());
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(|value| bearer(value.to_str().ok()?));
    let mut keys: Vec<Option<&str>> = plain.chain(bearers).collect();
    keys.dedup();
    match keys[..] {
        [] => Err(Refusal::new(
            ErrorCode::Unauthenticated,
            "no API key was sent; make one with `whisperengine key create NAME` and send it as \
             `Authorization: Bearer KEY`",
        )),
        [Some(key)] if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(key.to_owned()),
        _ => Err(unknown()),
    }
}

/// The token of an `Authorization: Bearer …` header.
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unknown() -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated, "this API key opens nothing: it is unknown or was revoked")
}
