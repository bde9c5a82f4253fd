//! Who is calling, as it crosses the contract in headers.
//!
//! Only a front door that holds the transport's secret may say it; the engine ignores the headers
//! otherwise, and the public edge strips them from what comes in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Proof that the caller is one of our own front doors.
pub const SECRET: &str = "x-whisperengine-secret";
pub const PRINCIPAL: &str = "x-whisperengine-principal";
/// Milliseconds the caller will wait; a span, so that two clocks need not agree.
pub const DEADLINE_MS: &str = "x-whisperengine-deadline-ms";
pub const REQUEST_ID: &str = "x-request-id";

/// Headers that mean something inside and must never be let in from outside.
pub const INTERNAL_HEADERS: [&str; 3] = [SECRET, PRINCIPAL, DEADLINE_MS];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Whoever sits at the box's own terminal: the same operating-system user as the appliance.
    Operator,
    /// Nobody yet; may only prove who they are.
    Anonymous,
    Person {
        tenant: Uuid,
        person: Uuid,
        via: Credential,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    Session,
    Key { id: Uuid },
    Platform { name: String },
}

impl Principal {
    pub fn to_header(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("a principal has no unserialisable part"))
    }

    /// `None` for anything that is not a principal.
    pub fn from_header(value: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_survives_the_header() {
        let person = Principal::Person {
            tenant: Uuid::from_u128(1),
            person: Uuid::from_u128(2),
            via: Credential::Platform { name: "dis\ncord é".into() },
        };
        for principal in [Principal::Operator, Principal::Anonymous, person] {
            let header = principal.to_header();
            assert!(header.bytes().all(|b| b.is_ascii_graphic()));
            assert_eq!(Principal::from_header(&header), Some(principal));
        }
        assert_eq!(Principal::from_header("operator"), None);
    }
}
