//! A handler for each address of the contract, behind the one guard.

use super::{guard, live, ready, speech, transcriptions};
use crate::ears::desk::Desk;
use crate::mouth::speaking::Mouth;
use crate::queue::Queue;
use crate::sound::brought::Keeping;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_request};
use axum::routing::{get, post};
use std::sync::Arc;
use voice_client::contract::{LARGEST_FORM, LIVE, READY, SPEECH, TRANSCRIPTIONS, TRANSLATIONS, VOICES};

#[derive(Clone)]
pub struct Voice {
    pub ears: Arc<Desk>,
    pub mouth: Arc<Mouth>,
    /// How many are spoken to at the same time.
    pub speakers: Arc<Queue>,
    /// The voice of whoever names none.
    pub usual: Arc<str>,
    /// What our own front doors show.
    pub secret: Arc<str>,
    pub keeping: Keeping,
}

pub fn router(voice: Voice) -> Router {
    Router::new()
        .route(TRANSCRIPTIONS, post(transcriptions::transcribe))
        .route(TRANSLATIONS, post(transcriptions::translate))
        .route_layer(map_request(transcriptions::a_piece_at_a_time))
        .route(LIVE, post(live::hear))
        .route(SPEECH, post(speech::speak).layer(DefaultBodyLimit::max(speech::LARGEST)))
        .route(VOICES, get(speech::voices))
        .route(READY, ready::route())
        .fallback(guard::no_such_route)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(voice.clone(), guard::guard))
        .with_state(voice)
}
