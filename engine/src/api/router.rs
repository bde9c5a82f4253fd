//! A handler for each route of the contract. Which routes there are, with their methods, paths and whom they
//! serve, is `engine_client::contract`'s to say.

use super::state::Api;
use super::{
    attachments, belongings, companions, completions, connections, continuations, conversations, embeddings,
    events, guard, keys, me, messages, models, people, sessions, setup, status, turns,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use engine_client::contract::operations::Operation;

pub fn router(api: Api) -> Router {
    let routes = Operation::ALL
        .iter()
        .fold(Router::new(), |router, &operation| router.route(operation.path(), handler(operation)));
    routes
        .method_not_allowed_fallback(guard::wrong_method)
        .fallback(guard::no_such_route)
        .layer(from_fn_with_state(api.clone(), guard::guard))
        .with_state(api)
}

fn handler(operation: Operation) -> MethodRouter<Api> {
    let way = MethodFilter::try_from(operation.method()).expect("the contract uses common methods");
    match operation {
        Operation::Status => on(way, status::get),
        Operation::SetupState => on(way, setup::get),
        Operation::SetUp => on(way, setup::post),
        Operation::FinishStep => on(way, setup::step_done),
        Operation::RecoveryCodeAgain => on(way, setup::recovery_code_again),
        Operation::NewRecoveryCode => on(way, setup::new_recovery_code),
        Operation::Recover => on(way, setup::recover),
        Operation::Me => on(way, me::get),
        Operation::Rename => on(way, me::rename),
        Operation::ChangePassword => on(way, me::change_password),
        Operation::EndSessions => on(way, me::end_sessions),
        Operation::GetAppearance => on(way, me::appearance),
        Operation::ChooseAppearance => on(way, me::choose_appearance),
        Operation::ExportMine => on(way, belongings::export),
        Operation::CountMine => on(way, belongings::count),
        Operation::EraseMine => on(way, belongings::erase),
        Operation::ListPeople => on(way, people::list),
        Operation::InvitePerson => on(way, people::invite),
        Operation::NewCode => on(way, people::new_code),
        Operation::SetPassword => on(way, people::set_password),
        Operation::SetPersonState => on(way, people::set_state),
        Operation::ListKeys => on(way, keys::list),
        Operation::CreateKey => on(way, keys::create),
        Operation::RevokeKey => on(way, keys::revoke),
        Operation::Prove => on(way, keys::prove),
        Operation::BeginSession => on(way, sessions::begin),
        Operation::EndSession => on(way, sessions::end),
        Operation::ListCompanions => on(way, companions::list),
        Operation::GetCompanion => on(way, companions::get),
        Operation::ListConnections => on(way, connections::list),
        Operation::AddConnection => on(way, connections::add),
        Operation::ScanForServers => on(way, connections::scan),
        Operation::OrderConnections => on(way, connections::order),
        Operation::ChangeConnection => on(way, connections::change),
        Operation::RemoveConnection => on(way, connections::remove),
        Operation::TestConnection => on(way, connections::test),
        Operation::ListModels => on(way, models::list),
        Operation::Complete => on(way, completions::ask),
        Operation::Embed => on(way, embeddings::embed),
        Operation::Continue => on(way, continuations::find),
        Operation::ListConversations => on(way, conversations::list),
        Operation::OpenConversation => on(way, conversations::open),
        Operation::GetConversation => on(way, conversations::get),
        Operation::ChangeConversation => on(way, conversations::change),
        Operation::RemoveConversation => on(way, conversations::remove),
        Operation::RestoreConversation => on(way, conversations::restore),
        Operation::ListMessages => on(way, conversations::messages),
        Operation::GetMessage => on(way, messages::get),
        Operation::TakeTurn => on(way, turns::take),
        Operation::Search => on(way, conversations::search),
        Operation::GetTurn => on(way, turns::get),
        Operation::StopTurn => on(way, turns::stop),
        Operation::ReplyAgain => on(way, turns::again),
        Operation::FollowTurn => on(way, events::follow),
        Operation::Upload => on(way, attachments::upload),
        Operation::GetAttachment => on(way, attachments::describe),
        Operation::RemoveAttachment => on(way, attachments::remove),
        Operation::GetAttachmentContent => on(way, attachments::content),
    }
}
