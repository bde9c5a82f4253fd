//! What comes out of the composer: words, and pictures on their way into the Store.
//!
//! The form is read as it comes. Its seal must be the first thing in it, so that nothing of a forged one is
//! ever kept. Without a session there is nothing to seal, and nothing that could be kept.

use super::say::Said;
use crate::pages::error::PageError;
use crate::pages::session::{Cookies, comes_from_us};
use crate::pages::visit::{Member, url_encoded};
use crate::public::router::Face;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use engine_client::client::ClientError;
use engine_client::pictures;
use engine_client::wire::attachments::AttachmentView;
use futures::stream;
use uuid::Uuid;

/// More than that no message carries.
const MOST_PICTURES: usize = 16;
/// Longer words are refused by the engine, with the reason.
const MOST_TEXT: usize = 512 * 1024;

pub struct Composed {
    pub said: Said,
    pub pictures: Vec<Picture>,
    /// Why something that was chosen cannot be sent.
    pub refused: Option<Refused>,
}

pub struct Picture {
    name: String,
    media_type: &'static str,
    content: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    NotAPicture,
    TooLarge,
    TooMany,
}

impl FromRequest<Face> for Composed {
    type Rejection = PageError;

    async fn from_request(request: Request, face: &Face) -> Result<Self, PageError> {
        let ours = comes_from_us(request.headers());
        let cookies = Cookies::read(request.headers());
        // Whoever signed out in another tab has nothing to seal with any more. Their words do nothing before
        // they are back; only our own page can have sent them.
        let signed_out = cookies.session.is_none();
        let seal = cookies.seal();
        let mut form = Multipart::from_request(request, face).await.map_err(|_| PageError::Incomplete)?;
        let first = form.next_field().await.map_err(|_| PageError::Incomplete)?;
        let given = match first {
            Some(field) if field.name() == Some("seal") => text(field).await?,
            _ => String::new(),
        };
        if !ours || (!signed_out && seal.as_deref() != Some(&given)) {
            return Err(PageError::Stale);
        }
        let mut composed = Self { said: Said::default(), pictures: Vec::new(), refused: None };
        while let Some(field) = form.next_field().await.map_err(|_| PageError::Incomplete)? {
            composed.take(field).await?;
        }
        composed.said.with_pictures = composed.refused.is_some() || !composed.pictures.is_empty();
        Ok(composed)
    }
}

impl Composed {
    async fn take(&mut self, field: Field<'_>) -> Result<(), PageError> {
        match field.name().unwrap_or_default() {
            "text" => self.said.text = text(field).await?,
            "turn" => self.said.turn = text(field).await?,
            "instead_of" => self.said.instead_of = text(field).await?,
            "picture" => match picture(field).await? {
                // A field in which nothing was chosen is sent all the same.
                Ok(None) => {}
                Ok(Some(_)) if self.pictures.len() >= MOST_PICTURES => self.refused = Some(Refused::TooMany),
                Ok(Some(picture)) => self.pictures.push(picture),
                Err(refused) => self.refused = Some(refused),
            },
            _ => return Err(PageError::Incomplete),
        }
        Ok(())
    }

    /// Stores the pictures, to be named by the message.
    pub async fn keep(&self, member: &Member) -> Result<Vec<Uuid>, ClientError> {
        let mut kept = Vec::new();
        for picture in &self.pictures {
            let path = format!("/api/v1/attachments?name={}", url_encoded(&picture.name));
            let content = stream::iter([Ok(picture.content.clone())]);
            let stored: AttachmentView = member.client.upload(&path, picture.media_type, content).await?;
            kept.push(stored.id);
        }
        Ok(kept)
    }
}

/// Browsers end lines in a form with CR LF; messages have LF alone.
async fn text(mut field: Field<'_>) -> Result<String, PageError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| PageError::Incomplete)? {
        if bytes.len() + chunk.len() > MOST_TEXT {
            return Err(PageError::Incomplete);
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(bytes).map_err(|_| PageError::Incomplete)?;
    Ok(text.replace("\r\n", "\n"))
}

async fn picture(mut field: Field<'_>) -> Result<Result<Option<Picture>, Refused>, PageError> {
    let name = file_name(field.file_name().unwrap_or_default());
    let mut content = Vec::new();
    let mut too_large = false;
    while let Some(chunk) = field.chunk().await.map_err(|_| PageError::Incomplete)? {
        too_large |= content.len() + chunk.len() > pictures::LARGEST;
        if !too_large {
            content.extend_from_slice(&chunk);
        }
    }
    if too_large {
        return Ok(Err(Refused::TooLarge));
    }
    if content.is_empty() {
        return Ok(Ok(None));
    }
    let Some(media_type) = pictures::media_type(&content) else { return Ok(Err(Refused::NotAPicture)) };
    Ok(Ok(Some(Picture { name, media_type, content: Bytes::from(content) })))
}

/// For display only, and never a path.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    if plain.trim().is_empty() { "picture".to_owned() } else { plain.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_for_reading_only() {
        for (given, shown) in [
            ("cat.png", "cat.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\cats\\tom.jpg", "tom.jpg"),
            ("a\u{0}\nb.png", "ab.png"),
            ("..", ".."),
            ("/", "picture"),
            ("", "picture"),
        ] {
            assert_eq!(file_name(given), shown, "{given:?}");
        }
        assert_eq!(file_name(&"é".repeat(300)).chars().count(), 200);
    }
}
