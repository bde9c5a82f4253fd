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
