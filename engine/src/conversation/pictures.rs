//! The files of the messages in view, as far as a model can take them: pictures as they are, of anything
//! else that it is there.

use crate::domain::ids::{AttachmentId, MessageId, PersonId, TenantId};
use crate::domain::message::Message;
use crate::ports::attachments::Attachments;
use crate::ports::error::{StoreError, Stored};
use crate::ports::models::Picture;
use bytes::{Bytes, BytesMut};
use engine_client::pictures::{LARGEST, media_type};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::Arc;

/// The newest of a conversation; a model was shown the earlier ones when they were new.
const MOST_PICTURES: usize = 8;
const MOST_BYTES: usize = 20 * 1024 * 1024;

#[derive(Clone)]
pub struct Pictures(pub Arc<dyn Attachments>);

/// What one message brought along.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    pub pictures: Vec<Picture>,
    /// The names of files that the model is not shown.
    pub unseen: Vec<String>,
}

pub type ByMessage = HashMap<MessageId, Brought>;

impl Pictures {
    /// Of these messages, newest first, as much as a model takes. A file that was removed since is gone.
    pub async fn of<'a>(
        &self,
        tenant: TenantId,
        person: PersonId,
        newest_first: impl Iterator<Item = &'a Message>,
    ) -> Stored<ByMessage> {
        let mut found = ByMessage::new();
        let (mut pictures, mut bytes) = (0, 0);
        for message in newest_first.filter(|message| !message.attachments.is_empty()) {
            let brought: &mut Brought = found.entry(message.id).or_default();
            for &id in &message.attachments {
                let room = if pictures < MOST_PICTURES { MOST_BYTES - bytes } else { 0 };
                match self.picture(tenant, person, id, room).await? {
                    Some(Ok(picture)) => {
                        (pictures, bytes) = (pictures + 1, bytes + picture.bytes.len());
                        brought.pictures.push(picture);
                    }
                    Some(Err(name)) => brought.unseen.push(name),
                    None => {}
                }
            }
        }
        Ok(found)
    }

    /// The picture, or the name of a file that is none or has no room.
    async fn picture(
        &self,
        tenant: TenantId,
        person: PersonId,
        id: AttachmentId,
        room: usize,
    ) -> Stored<Option<Result<Picture, String>>> {
        let Some(file) = self.0.find(tenant, person, id).await? else { return Ok(None) };
        let size = usize::try_from(file.size).unwrap_or(usize::MAX);
        if size > room.min(LARGEST) {
            return Ok(Some(Err(file.name)));
        }
        let mut chunks = self.0.read(&file).await?;
        let mut content = BytesMut::with_capacity(size);
        while let Some(chunk) = chunks.next().await {
            content.extend_from_slice(&chunk?);
            if media_type(&content).is_none() {
                return Ok(Some(Err(file.name)));
            }
        }
        let bytes: Bytes = content.freeze();
        let kind = media_type(&bytes);
        Ok(Some(kind.map(|media_type| Picture { media_type, bytes }).ok_or(file.name)))
    }
}

/// Without its pictures a message is still one that can be answered.
pub fn or_none(found: Stored<ByMessage>) -> Stored<ByMessage> {
    match found {
        Err(StoreError::Corrupt { reason }) => {
            tracing::error!(error = reason, "a picture cannot be read and is left out");
            Ok(ByMessage::new())
        }
        found => found,
    }
}
