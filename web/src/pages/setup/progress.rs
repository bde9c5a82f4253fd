//! Which step is next, and whose steps these are.

use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::visit::Member;
use crate::public::router::Face;
use axum::response::{Redirect, Response};
use engine_client::client::{ClientError, EngineClient};
use engine_client::wire::people::{PersonView, RoleView};
use engine_client::wire::setup::{SetupState, SetupStep, StepDone};
use http::StatusCode;

pub async fn state(client: &EngineClient) -> Result<SetupState, ClientError> {
    client.get("/api/v1/setup").await
}

/// Where whoever comes back goes on; `None` for members, and once the owner is through.
pub async fn open_step(member: &Member) -> Result<Option<&'static str>, PageError> {
    let path = match state(&member.client).await?.next {
        SetupStep::Owner | SetupStep::Done => return Ok(None),
        SetupStep::Recovery => "/setup/recovery",
        SetupStep::Machine => "/setup/machine",
        SetupStep::Model => "/setup/model",
    };
    Ok(owns(member).await?.then_some(path))
}

/// The steps are the owner's.
pub async fn owners_only(member: &Member) -> Result<(), PageError> {
    if owns(member).await? { Ok(()) } else { Err(PageError::Forbidden) }
}

async fn owns(member: &Member) -> Result<bool, PageError> {
    let me: PersonView = member.client.get("/api/v1/me").await?;
    Ok(me.role == RoleView::Owner)
}

/// Remembers that this step was taken or skipped, and leads to the next one.
pub async fn leave(member: &Member, step: SetupStep) -> Result<Redirect, PageError> {
    member.client.post::<()>("/api/v1/setup/steps", &StepDone { step }).await?;
    Ok(Redirect::to(match step {
        SetupStep::Owner => "/setup/recovery",
        SetupStep::Recovery => "/setup/machine",
        SetupStep::Machine => "/setup/model",
        SetupStep::Model | SetupStep::Done => "/",
    }))
}

pub fn frame(face: &Face, seal: &str) -> Frame {
    Frame::new(face.words.clone(), &face.words.say("setup-title"), seal)
}

pub fn refused(mut page: Response) -> Response {
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}
