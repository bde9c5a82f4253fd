//! Who may be heard: a program with a key, or a page of ours with its cookie.

use super::socket::{Heard, LARGEST_READ, hear};
use crate::edge::request::RequestId;
use crate::guard;
use crate::pages::session::{self, Cookies};
use crate::pages::visit::Member;
use crate::passage;
use crate::ports::WayIn;
use crate::problem::Refusal;
use crate::public::router::Face;
use crate::serve::Connected;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use engine_client::principal::Principal;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::people::Proof;
use http::{Extensions, HeaderMap};
use std::time::Duration;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// For a session to begin.
const PATIENCE: Duration = Duration::from_mins(1);

pub async fn for_program(State(face): State<Face>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let engine = match face.appliance.engine() {
        Ok(engine) => engine,
        Err(problem) => return Refusal(problem).into_response(),
    };
    let proven = guard::identify(&face.limits, &engine, &parts.headers, &parts.extensions).await;
    let key = guard::brought(&parts.headers);
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let (principal, proof) = match (proven, key) {
        (Ok(principal), Ok(key)) => (principal, Proof::ApiKey(key)),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal.into_response(),
    };
    enter(face, &parts.extensions, principal, proof, upgrade).unwrap_or_else(IntoResponse::into_response)
}

/// A browser sends our cookie with whatever socket any page opens: where that page comes from counts.
pub async fn for_page(
    State(face): State<Face>,
    member: Member,
    headers: HeaderMap,
    extensions: Extensions,
    upgrade: Upgrade,
) -> Response {
    if !session::comes_from_us(&headers) {
        return Refusal::new(ErrorCode::Forbidden, "this is for the box's own pages").into_response();
    }
    let Some(token) = Cookies::read(&headers).session else {
        return Refusal::new(ErrorCode::Unauthenticated, "nobody is signed in").into_response();
    };
    let principal = member.client.principal().clone();
    enter(face, &extensions, principal, Proof::Session(token), upgrade)
        .unwrap_or_else(IntoResponse::into_response)
}

fn enter(
    face: Face,
    extensions: &Extensions,
    principal: Principal,
    proof: Proof,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let upgrade = upgrade
        .map_err(|_| Refusal::new(ErrorCode::Invalid, "this address is for a WebSocket, and this is none"))?;
    let voice = face.appliance.voice()?;
    let connected = extensions.get::<Connected>().cloned();
    let connected = connected.ok_or_else(|| Refusal::new(ErrorCode::Internal, "there is no connection"))?;
    let mut headers = HeaderMap::new();
    passage::stamp(&mut headers, &voice, &principal, PATIENCE, extensions.get::<RequestId>().cloned())?;
    let heard = Heard {
        transport: voice.transport,
        headers,
        still_may: Box::pin(until_gone(face, principal, proof)),
    };
    let upgrade = upgrade.max_message_size(LARGEST_READ).max_frame_size(LARGEST_READ);
    Ok(upgrade.on_upgrade(move |socket| hear(socket, heard, connected)))
}

/// Between two looks at whether somebody may still be heard.
const LOOK: Duration = Duration::from_millis(400);

/// Returns once their proof opens nothing any more. Where nobody can tell, they are heard on.
async fn until_gone(face: Face, principal: Principal, proof: Proof) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Ok(engine) = face.appliance.engine() else { continue };
        if is_gone(&engine, &principal, &proof).await {
            return;
        }
    }
}

async fn is_gone(engine: &WayIn, principal: &Principal, proof: &Proof) -> bool {
    let asking = engine.client(Principal::Anonymous).with_patience(PATIENCE);
    let proven: Result<Principal, _> = asking.post("/api/v1/proofs", proof).await;
    match proven.map_err(|error| error.code()) {
        Ok(now) => now != *principal,
        Err(Some(
            ErrorCode::Unauthenticated | ErrorCode::Forbidden | ErrorCode::NotFound | ErrorCode::Invalid,
        )) => true,
        Err(_) => false,
    }
}

/// For whoever is not heard any more.
pub fn farewell() -> Problem {
    Problem::new(ErrorCode::Unauthenticated, "this session or key opens nothing any more")
}
