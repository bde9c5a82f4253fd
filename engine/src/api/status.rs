//! How the engine is: everything it leans on, asked just now.

use super::guard::Caller;
use super::problem::ApiError;
use super::state::Api;
use crate::domain::authorize::Action;
use axum::Json;
use axum::extract::State;
use engine_client::wire::status::{EngineStatus, PartStatus};
use std::fmt::Display;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Open to our front doors for `/ready`. An error of the store may name hosts and files: only those who look
/// after the box read it.
pub async fn get(State(api): State<Api>, caller: Caller) -> Result<Json<EngineStatus>, ApiError> {
    let (store, cache) = futures::future::join(
        tokio::time::timeout(PATIENCE, api.store.health.ping()),
        tokio::time::timeout(PATIENCE, api.cache.ping()),
    )
    .await;
    let mut parts = vec![part("store", true, store), part("cache", false, cache)];
    if caller.may(Action::Inspect).is_err() {
        for part in parts.iter_mut().filter(|part| !part.ok) {
            "cannot be used; the owner of the box is told why".clone_into(&mut part.detail);
        }
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Json(EngineStatus { version, store: api.store.health.kind().to_owned(), parts }))
}

fn part<E: Display>(
    name: &str,
    needed: bool,
    asked: Result<Result<(), E>, tokio::time::error::Elapsed>,
) -> PartStatus {
    let (ok, detail) = match asked {
        Ok(Ok(())) => (true, "answers".to_owned()),
        Ok(Err(error)) => (false, error.to_string()),
        Err(_) => (false, format!("no answer within {PATIENCE:?}")),
    };
    PartStatus { name: name.to_owned(), ok, needed, detail }
}
