//! The certificate of the box's own authority, so that a phone can be told to trust it.
//!
//! Only ever the certificate, which is public: it is shown in every handshake. The key that signs with it
//! never comes here.

use super::router::Face;
use crate::problem::Refusal;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine_client::problem::ErrorCode;
use http::header;
use sha2::{Digest, Sha256};

pub async fn certificate(State(face): State<Face>) -> Response {
    match face.authority {
        // The type that phones open with their own dialogue.
        Some(certificate) => {
            ([(header::CONTENT_TYPE, "application/x-x509-ca-cert")], certificate).into_response()
        }
        None => {
            let detail =
                "this box has no authority of its own; it has one when it is started with --tls self";
            Refusal::new(ErrorCode::NotFound, detail).into_response()
        }
    }
}

/// SHA-256, as devices show it: pairs of digits between colons.
pub fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_openssl_says() {
        // printf 'a certificate' | openssl dgst -sha256 -c
        let said =
            "81:AC:D7:62:14:0F:A6:92:A1:42:82:2D:2F:BE:4D:C6:F5:4B:CA:A5:01:F6:8A:B3:7E:5A:EE:D0:BA:FE:4D:99";
        assert_eq!(fingerprint(b"a certificate"), said);
    }
}
