//! The recovery code: shown until the owner says that they have kept it.
//!
//! The box keeps only a hash of it. So that a reload still shows it, the browser that made the owner carries it
//! for a short while, in a cookie that goes to this page alone. Whoever comes back without that gets a new one.

use super::progress::{self, frame};
use crate::edge::visitor::Visitor;
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::Member;
use crate::public::router::Face;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::problem::ErrorCode;
use engine_client::wire::setup::{RecoveryCode, SetupStep};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

const COOKIE: &str = "we_recovery";
const CARRIED_SECONDS: u32 = 15 * 60;
const LONGEST_CODE: usize = 100;

#[derive(Template)]
#[template(path = "setup_recovery.html")]
struct RecoveryPage {
    frame: Frame,
    /// `None` where this browser does not carry it (any more).
    code: Option<String>,
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn get(
    State(face): State<Face>,
    member: Member,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    match progress::open_step(&member).await? {
        Some("/setup/recovery") => {
            let page = RecoveryPage { frame: frame(&face, &member.seal), code: brought(&headers) };
            Ok(html(&page))
        }
        elsewhere => Ok(Redirect::to(elsewhere.unwrap_or("/")).into_response()),
    }
}

/// Makes a new code; the last one ends.
pub async fn again(
    member: Member,
    Extension(visitor): Extension<Visitor>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let to_the_page = Redirect::to("/setup/recovery");
    match member.client.post::<RecoveryCode>("/api/v1/setup/recovery-code", &()).await {
        Ok(made) => {
            let cookie = carried(&made.recovery_code, visitor.secure);
            Ok(([(header::SET_COOKIE, cookie)], to_the_page).into_response())
        }
        // Another tab was faster; the page leads on.
        Err(error) if error.code() == Some(ErrorCode::Forbidden) => Ok(to_the_page.into_response()),
        Err(error) => Err(error.into()),
    }
}

pub async fn kept(
    member: Member,
    Extension(visitor): Extension<Visitor>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let on = progress::leave(&member, SetupStep::Recovery).await?;
    Ok(([(header::SET_COOKIE, cookie("", 0, visitor.secure))], on).into_response())
}

/// The code, for the browser to bring back to this page.
pub fn carried(code: &str, secure: bool) -> HeaderValue {
    cookie(code, CARRIED_SECONDS, secure)
}

fn cookie(code: &str, seconds: u32, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE}={code}; Path=/setup/recovery; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut value = HeaderValue::from_str(&text).expect("our codes are plain ASCII");
    value.set_sensitive(true);
    value
}

fn brought(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, code) = pairs.find(|(name, _)| *name == COOKIE)?;
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!code.is_empty() && code.len() <= LONGEST_CODE && code.chars().all(sound)).then(|| code.to_owned())
}
