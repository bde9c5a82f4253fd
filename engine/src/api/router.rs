//! All routes of the contract, in one list.

use super::state::Api;
use super::{
    attachments, companions, completions, connections, continuations, conversations, events, guard, keys, me,
    messages, models, people, sessions, setup, status, turns,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};

pub fn router(api: Api) -> Router {
    Router::new()
        .route("/api/v1/status", get(status::get))
        .route("/api/v1/setup", get(setup::get).post(setup::post))
        .route("/api/v1/setup/steps", post(setup::step_done))
        .route("/api/v1/setup/recovery-code", post(setup::recovery_code_again))
        .route("/api/v1/owner/recovery-code", post(setup::new_recovery_code))
        .route("/api/v1/owner/recover", post(setup::recover))
        .route("/api/v1/me", get(me::get).patch(me::rename))
        .route("/api/v1/me/password", post(me::change_password))
        .route("/api/v1/me/sessions/end", post(me::end_sessions))
        .route("/api/v1/me/appearance", get(me::appearance).patch(me::choose_appearance))
        .route("/api/v1/people", get(people::list).post(people::invite))
        .route("/api/v1/people/{id}/code", post(people::new_code))
        .route("/api/v1/people/{id}/password", post(people::set_password))
        .route("/api/v1/people/{id}/state", post(people::set_state))
        .route("/api/v1/keys", get(keys::list).post(keys::create))
        .route("/api/v1/keys/{id}", delete(keys::revoke))
        .route("/api/v1/proofs", post(keys::prove))
        .route("/api/v1/sessions", post(sessions::begin))
        .route("/api/v1/sessions/end", post(sessions::end))
        .route("/api/v1/companions", get(companions::list))
        .route("/api/v1/companions/{id}", get(companions::get))
        .route("/api/v1/connections", get(connections::list).post(connections::add))
        .route("/api/v1/connections/scan", post(connections::scan))
        .route("/api/v1/connections/order", post(connections::order))
        .route("/api/v1/connections/{id}", delete(connections::remove).patch(connections::change))
        .route("/api/v1/connections/{id}/test", post(connections::test))
        .route("/api/v1/models", get(models::list))
        .route("/api/v1/completions", post(completions::ask))
        .route("/api/v1/continuations", post(continuations::find))
        .route("/api/v1/conversations", get(conversations::list).post(conversations::open))
        .route(
            "/api/v1/conversations/{id}",
            get(conversations::get).merge(patch(conversations::change)).merge(delete(conversations::remove)),
        )
        .route("/api/v1/conversations/{id}/restore", post(conversations::restore))
        .route("/api/v1/conversations/{id}/messages", get(conversations::messages))
        .route("/api/v1/conversations/{id}/messages/{message}", get(messages::get))
        .route("/api/v1/conversations/{id}/turns", post(turns::take))
        .route("/api/v1/search", get(conversations::search))
        .route("/api/v1/turns/{id}", get(turns::get).delete(turns::stop))
        .route("/api/v1/turns/{id}/again", post(turns::again))
        .route("/api/v1/turns/{id}/events", get(events::follow))
        .route("/api/v1/attachments", post(attachments::upload))
        .route("/api/v1/attachments/{id}", get(attachments::describe).delete(attachments::remove))
        .route("/api/v1/attachments/{id}/content", get(attachments::content))
        .method_not_allowed_fallback(guard::wrong_method)
        .fallback(guard::no_such_route)
        .layer(from_fn_with_state(api.clone(), guard::guard))
        .with_state(api)
}
