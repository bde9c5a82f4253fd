//! Somebody in their settings. Who they are decides which sections there are.

use super::shell::{ConfirmPage, Deed, Place, Section, Shell};
use crate::edge::visitor::Visitor;
use crate::pages::error::PageError;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::{Member, Outside};
use crate::public::router::Face;
use axum::extract::FromRequestParts;
use axum::response::Response;
use engine_client::client::EngineClient;
use engine_client::wire::people::{PersonView, RoleView};
use http::header;
use http::request::Parts;

pub struct Resident {
    pub client: EngineClient,
    pub me: PersonView,
    /// How this browser reaches the box, such as `https://box:8080`.
    pub address: String,
    /// Whether cookies may be kept from plain connections.
    pub secure: bool,
    pub seal: String,
}

impl Resident {
    pub fn frame(&self, face: &Face, title: &str) -> Frame {
        Frame::new(face.words.clone(), title, &self.seal)
    }

    pub fn shell(&self, face: &Face, here: Section) -> Shell {
        let sections = Section::ALL.into_iter().filter(|section| self.is_owner() || !section.is_owners());
        let places = sections.map(|section| Place {
            href: section.href(),
            name: section.name(&face.words),
            here: section == here,
        });
        Shell { places: places.collect(), done: None, problem: None }
    }

    /// Asks once more.
    pub fn confirm(&self, face: &Face, section: Section, deed: Deed) -> Response {
        html(&ConfirmPage {
            frame: self.frame(face, &face.words.say(deed.title)),
            shell: self.shell(face, section),
            sentence: deed.sentence,
            action: deed.action,
            button: face.words.say(deed.button),
            danger: deed.danger,
            back: section.href(),
        })
    }

    fn is_owner(&self) -> bool {
        self.me.role == RoleView::Owner
    }
}

impl FromRequestParts<Face> for Resident {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Outside> {
        let Member { client, seal, .. } =
            <Member as FromRequestParts<Face>>::from_request_parts(parts, face).await?;
        let me = client.get("/api/v1/me").await.map_err(|error| Outside::Failed(error.into()))?;
        let secure = parts.extensions.get::<Visitor>().is_some_and(|visitor| visitor.secure);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let scheme = if secure { "https" } else { "http" };
        let address = format!("{scheme}://{}", host.unwrap_or("localhost"));
        Ok(Self { client, me, address, secure, seal })
    }
}

/// A resident who decides for the box.
pub struct Owner(pub Resident);

impl FromRequestParts<Face> for Owner {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Outside> {
        let resident = Resident::from_request_parts(parts, face).await?;
        if resident.is_owner() { Ok(Self(resident)) } else { Err(Outside::Failed(PageError::Forbidden)) }
    }
}
