//! The public listener's router: pages for people, the API for callers with a key, the door for programs that
//! speak OpenAI's, probes, and the box's own authority.
//!
//! Order matters: a request is counted first, then who comes, its name for us and its size are looked at,
//! and only then does anybody act on it. Which addresses there are is `addresses`' to say.

use super::addresses::{Address, Door};
use super::{authority, contract, manifest};
use crate::assets;
use crate::edge::body::{self, Bounds};
use crate::edge::host::{self, AllowedHosts};
use crate::edge::limits::counting::{self, Limits};
use crate::edge::request;
use crate::edge::unbuffered;
use crate::edge::visitor::{self, TrustedProxies};
use crate::guard;
use crate::live::door as live_session;
use crate::markdown::render::Markdown;
use crate::openai;
use crate::pages::chat::{aloud, conversation, detail, file, live, page, palette, say};
use crate::pages::error::PageError;
use crate::pages::settings::{
    appearance, belongings, box_itself, keys, models, order, people, profile, removed,
};
use crate::pages::{certificate, join, search, setup, shortcuts, sign_in, system};
use crate::passage;
use crate::ports::Appliance;
use crate::probes;
use crate::problem::Refusal;
use crate::words::Words;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, on};
use axum::{Router, middleware};
use bytes::Bytes;
use engine_client::problem::ErrorCode;
use http::{HeaderMap, HeaderValue, header};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// An hour of sound is listened to in minutes.
const LONG_SOUND: Duration = Duration::from_mins(15);

/// What the listener is made of.
#[derive(Clone)]
pub struct Face {
    pub appliance: Arc<dyn Appliance>,
    pub figures: PrometheusHandle,
    pub hosts: AllowedHosts,
    pub proxies: TrustedProxies,
    /// The box's own authority, as DER, where its certificate comes from one.
    pub authority: Option<Bytes>,
    pub metrics_token: Option<Arc<str>>,
    /// How long a call that does not stream may take.
    pub patience: Duration,
    pub bounds: Bounds,
    pub limits: Limits,
    pub words: Arc<Words>,
    pub markdown: Arc<Markdown>,
    /// For what must still be done when a caller has left.
    pub tasks: TaskTracker,
}

pub fn router(face: Face) -> Router {
    let (hosts, proxies, bounds) = (face.hosts.clone(), face.proxies.clone(), face.bounds);
    let routes = Address::ALL.iter().fold(Router::new(), |router, &address| {
        let handler = match address.door() {
            Door::Guest => {
                let counted = middleware::from_fn_with_state(face.limits.clone(), counting::hold_guests);
                handler(address).route_layer(counted)
            }
            // Those who must say who they are are counted when they have.
            Door::Open | Door::Member | Door::Key => handler(address),
        };
        router.route(address.path(), handler)
    });
    routes
        .fallback(nothing)
        .method_not_allowed_fallback(not_this_way)
        .with_state(face)
        .layer(middleware::from_fn(unbuffered::keep))
        .layer(middleware::from_fn_with_state(bounds, body::bound))
        .layer(middleware::from_fn_with_state(hosts, host::check))
        .layer(middleware::from_fn_with_state(proxies, visitor::know))
        .layer(middleware::from_fn(openai::errors::speak))
        .layer(middleware::from_fn(request::account))
}

fn handler(address: Address) -> MethodRouter<Face> {
    let way = match address.method() {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        _ => return any(api),
    };
    match address {
        Address::Health => on(way, probes::health),
        Address::Ready => on(way, probes::ready),
        Address::Metrics => on(way, probes::metrics),
        Address::Authority => on(way, authority::certificate),
        Address::Certificate => on(way, certificate::get),
        Address::Manifest => on(way, manifest::get),
        Address::Asset => on(way, assets::get),
        Address::Look => on(way, appearance::stylesheet),
        Address::Contract => on(way, contract::get),
        Address::Api => on(way, api),
        Address::ChatCompletions => on(way, openai::chat::answer::post),
        Address::Embeddings => on(way, openai::embeddings::post),
        Address::Transcribe | Address::Translate | Address::Speak | Address::Voices => on(way, voice),
        Address::Live => on(way, live_session::for_program),
        Address::Listen => on(way, live_session::for_page),
        Address::ListModels => on(way, openai::models::list),
        Address::GetModel => on(way, openai::models::get),
        Address::Home => on(way, setup::entry::home),
        Address::SetUp => on(way, setup::entry::get),
        Address::SetUpToken => on(way, setup::entry::token),
        Address::SetUpOwner => on(way, setup::entry::owner),
        Address::SetUpRecovery => on(way, setup::recovery::get),
        Address::KeepRecovery => on(way, setup::recovery::kept),
        Address::RecoveryAgain => on(way, setup::recovery::again),
        Address::SetUpMachine => on(way, setup::machine::get),
        Address::SeenMachine => on(way, setup::machine::seen),
        Address::LookAgain => on(way, setup::machine::look_again),
        Address::SetUpContainers => on(way, setup::containers::get),
        Address::SetUpContainersNow => on(way, setup::containers::now),
        Address::LookAgainInSetUp => on(way, setup::containers::look_again),
        Address::GoWithoutContainers => on(way, setup::containers::without),
        Address::SetUpModel => on(way, setup::model::get),
        Address::ConnectModel => on(way, setup::model::connect),
        Address::SearchModels => on(way, setup::model::search),
        Address::ModelLater => on(way, setup::model::later),
        Address::SignIn => on(way, sign_in::get),
        Address::BeginSession => on(way, sign_in::post),
        Address::EndSession => on(way, sign_in::leave),
        Address::Join => on(way, join::get),
        Address::SpendCode => on(way, join::post),
        Address::NewestChat => on(way, page::newest),
        Address::NewChat => on(way, page::new),
        Address::Chat => on(way, page::get),
        Address::RenameChat => on(way, conversation::rename),
        Address::PinChat => on(way, conversation::pin),
        Address::RemoveChat => on(way, conversation::remove),
        Address::RestoreChat => on(way, conversation::restore),
        Address::Say => on(way, say::post),
        Address::LookAtMessage => on(way, conversation::look),
        Address::RawMessage => on(way, detail::raw),
        Address::ReadAloud => on(way, aloud::get),
        Address::ReplyDetail => on(way, detail::get),
        Address::ReplyAgain => on(way, say::again),
        Address::GoOnWithReply => on(way, say::go_on),
        Address::StopReply => on(way, say::stop),
        Address::FollowReply => on(way, live::get),
        Address::File => on(way, file::get),
        Address::Search => on(way, search::get),
        Address::Palette => on(way, palette::get),
        Address::Shortcuts => on(way, shortcuts::get),
        Address::Profile => on(way, profile::get),
        Address::Rename => on(way, profile::rename),
        Address::ChangePassword => on(way, profile::change_password),
        Address::EndSessions => on(way, profile::end_sessions),
        Address::Appearance => on(way, appearance::get),
        Address::ChooseAppearance => on(way, appearance::choose),
        Address::Data => on(way, belongings::get),
        Address::ExportMine => on(way, belongings::export),
        Address::RestoreRemoved => on(way, removed::restore),
        Address::AskToDeleteRemoved => on(way, removed::ask_delete),
        Address::DeleteRemoved => on(way, removed::delete),
        Address::AskToErase => on(way, belongings::ask_erase),
        Address::Erase => on(way, belongings::erase),
        Address::AskToLeave => on(way, belongings::ask_leave),
        Address::LeaveForGood => on(way, belongings::leave),
        Address::TheBox => on(way, box_itself::get),
        Address::AskToRestart => on(way, box_itself::ask_restart),
        Address::Restart => on(way, box_itself::restart),
        Address::AskToStop => on(way, box_itself::ask_stop),
        Address::Stop => on(way, box_itself::stop),
        Address::BackAgain => on(way, box_itself::back),
        Address::Keys => on(way, keys::get),
        Address::CreateKey => on(way, keys::create),
        Address::AskToRevokeKey => on(way, keys::ask),
        Address::RevokeKey => on(way, keys::revoke),
        Address::People => on(way, people::get),
        Address::InvitePerson => on(way, people::invite),
        Address::NewCode => on(way, people::new_code),
        Address::AskToSuspend => on(way, people::ask_suspend),
        Address::Suspend => on(way, people::suspend),
        Address::AskToResume => on(way, people::ask_resume),
        Address::Resume => on(way, people::resume),
        Address::Connections => on(way, models::get),
        Address::NewConnection => on(way, models::new),
        Address::AddConnection => on(way, models::add),
        Address::Connection => on(way, models::edit),
        Address::ChangeConnection => on(way, models::change),
        Address::TestConnection => on(way, models::test),
        Address::EarlierConnection => on(way, order::earlier),
        Address::LaterConnection => on(way, order::later),
        Address::AskToRemoveConnection => on(way, models::ask_remove),
        Address::RemoveConnection => on(way, models::remove),
        Address::System => on(way, system::page::get),
        Address::SystemNow => on(way, system::page::now),
        Address::SystemLogs => on(way, system::logs::get),
        Address::DownloadLog => on(way, system::logs::download),
        Address::FollowLog => on(way, system::follow::get),
        Address::LookAtEngine => on(way, system::deeds::look_again),
        Address::RetryService => on(way, system::deeds::retry),
        Address::AskForHome => on(way, system::deeds::ask_home),
        Address::ChooseHome => on(way, system::deeds::choose_home),
        Address::RepairIssue => on(way, system::deeds::repair),
        Address::Diagnostics => on(way, system::deeds::diagnostics),
        Address::CancelJob => on(way, system::deeds::cancel_job),
    }
}

async fn api(State(face): State<Face>, request: Request) -> Response {
    let engine = match face.appliance.engine() {
        Ok(engine) => engine,
        Err(problem) => return Refusal(problem).into_response(),
    };
    match guard::identify(&face.limits, &engine, request.headers(), request.extensions()).await {
        Ok(principal) => passage::pass(&engine, request, &principal, face.patience).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// What the box listens with is nobody's own: whoever may ask the engine for something may ask for this.
async fn voice(State(face): State<Face>, request: Request) -> Response {
    let ways = face.appliance.engine().and_then(|engine| Ok((engine, face.appliance.voice()?)));
    let (engine, voice) = match ways {
        Ok(ways) => ways,
        Err(problem) => return Refusal(problem).into_response(),
    };
    match guard::identify(&face.limits, &engine, request.headers(), request.extensions()).await {
        Ok(principal) => passage::pass(&voice, request, &principal, LONG_SOUND).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A person gets a page, a program gets a problem.
async fn nothing(headers: HeaderMap) -> Response {
    let reads_pages = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    if headers.get(header::ACCEPT).is_some_and(reads_pages) {
        return PageError::NotFound.into_response();
    }
    Refusal::new(ErrorCode::NotFound, "there is nothing here").into_response()
}

async fn not_this_way() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed, "this is not how to ask here")
}
