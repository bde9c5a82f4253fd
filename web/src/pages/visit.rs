//! Who opens a page: a guest, or somebody who is signed in and is asked about anew each time.

use super::error::PageError;
use super::moment::Zone;
use super::session::{self, Cookies, first_visit};
use crate::edge::request::RequestId;
use crate::edge::visitor::Visitor;
use crate::ports::WayIn;
use crate::public::router::Face;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::people::Proof;
use http::request::Parts;
use http::{HeaderValue, Method, header};

/// Anybody.
pub struct Guest {
    pub engine: WayIn,
    pub request_id: String,
    /// What its forms carry.
    pub seal: String,
    /// Whether cookies may be kept from plain connections.
    pub secure: bool,
    /// To be set with the answer, for a browser that had no cookie.
    pub new_cookie: Option<HeaderValue>,
}

impl Guest {
    pub fn client(&self, principal: Principal) -> EngineClient {
        self.engine.client(principal).with_request_id(&self.request_id)
    }

    pub fn answer(&self, answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        if let Some(cookie) = &self.new_cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        response
    }
}

impl FromRequestParts<Face> for Guest {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, PageError> {
        let engine = face.appliance.engine().map_err(PageError::from)?;
        let secure = parts.extensions.get::<Visitor>().is_some_and(|visitor| visitor.secure);
        let (new_cookie, seal) = match Cookies::read(&parts.headers).seal() {
            Some(seal) => (None, seal),
            None => {
                let (cookie, seal) = first_visit(secure);
                (Some(cookie), seal)
            }
        };
        Ok(Self { engine, request_id: request_id(parts), seal, secure, new_cookie })
    }
}

/// Somebody who is signed in and may live here.
pub struct Member {
    pub client: EngineClient,
    pub seal: String,
    /// How their own clock differs from ours.
    pub zone: Zone,
}

impl Member {
    /// Somebody whose session has begun with this very request.
    pub async fn with_session(guest: &Guest, token: &str) -> Result<Self, PageError> {
        let asking = guest.client(Principal::Anonymous);
        let person = asking.post("/api/v1/proofs", &Proof::Session(token.to_owned())).await?;
        let seal = session::seal_of(token);
        Ok(Self { client: asking.acting_as(person), seal, zone: Zone::default() })
    }
}

/// Why a page does not open: there is no session, or something failed.
pub enum Outside {
    SignIn { back_to: Option<String> },
    Failed(PageError),
}

impl IntoResponse for Outside {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { back_to: None } => Redirect::to("/sign-in").into_response(),
            Self::SignIn { back_to: Some(path) } => {
                let query: String = url_encoded(&path);
                Redirect::to(&format!("/sign-in?next={query}")).into_response()
            }
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl FromRequestParts<Face> for Member {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Outside> {
        let back_to = (parts.method == Method::GET).then(|| parts.uri.path().to_owned());
        let cookies = Cookies::read(&parts.headers);
        // Whoever brings no session, or one that proves nothing, is counted before anything of theirs is read.
        let attempt = parts.method == Method::POST;
        let stranger = || match face.limits.count_stranger(&parts.extensions, attempt) {
            Ok(()) => Outside::SignIn { back_to: back_to.clone() },
            Err(problem) => Outside::Failed(problem.into()),
        };
        let (Some(token), Some(seal)) = (cookies.session.clone(), cookies.seal()) else {
            return Err(stranger());
        };
        let engine = face.appliance.engine().map_err(|problem| Outside::Failed(problem.into()))?;
        let asking = engine.client(Principal::Anonymous).with_request_id(request_id(parts));
        let zone = cookies.zone;
        match asking.post("/api/v1/proofs", &Proof::Session(token)).await {
            Ok(person @ Principal::Person { .. }) => {
                face.limits.count_caller(&person).map_err(|problem| Outside::Failed(problem.into()))?;
                Ok(Self { client: asking.acting_as(person), seal, zone })
            }
            Ok(Principal::Operator | Principal::Anonymous) => Err(Outside::SignIn { back_to }),
            Err(error) if error.code() == Some(ErrorCode::Unauthenticated) => Err(stranger()),
            Err(error) => Err(Outside::Failed(error.into())),
        }
    }
}

/// For pages that have a word for strangers, too: `None` where there is no session, an error where it failed.
impl OptionalFromRequestParts<Face> for Member {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Option<Self>, Outside> {
        match <Self as FromRequestParts<Face>>::from_request_parts(parts, face).await {
            Ok(member) => Ok(Some(member)),
            Err(Outside::SignIn { .. }) => Ok(None),
            Err(failed) => Err(failed),
        }
    }
}

fn request_id(parts: &Parts) -> String {
    parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// As a value in an address's query.
pub fn url_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
