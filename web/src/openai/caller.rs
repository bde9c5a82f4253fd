//! Who asks, with a way to the engine that speaks for them.

use super::errors::Complaint;
use crate::edge::request::RequestId;
use crate::guard;
use crate::public::router::Face;
use axum::extract::FromRequestParts;
use engine_client::client::EngineClient;
use http::request::Parts;

/// Somebody with a key that opens something.
pub struct Caller(pub EngineClient);

impl FromRequestParts<Face> for Caller {
    type Rejection = Complaint;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Complaint> {
        let id = parts.extensions.get::<RequestId>().map(|RequestId(id)| id.clone()).unwrap_or_default();
        let engine = face.appliance.engine().map_err(|problem| Complaint::from(&problem))?;
        let principal = guard::identify(&face.limits, &engine, &parts.headers, &parts.extensions).await?;
        Ok(Self(engine.client(principal).with_request_id(id).with_patience(face.patience)))
    }
}
