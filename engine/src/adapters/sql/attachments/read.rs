//! From a file back to a stream, hashed again on the way: a wrong byte never looks like a whole file.

use crate::adapters::sql::db::Db;
use crate::adapters::sql::query::sql;
use crate::domain::attachment::Attachment;
use crate::ports::error::{StoreError, Stored};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The last chunk is handed out only when the whole is what it should be.
pub(super) async fn read(db: &Db, attachment: &Attachment) -> Stored<BoxStream<'static, Stored<Bytes>>> {
    let find = sql("SELECT id FROM blobs WHERE tenant_id = $1 AND hash = $2")
        .bind(attachment.tenant)
        .bind(attachment.hash);
    let Some(row) = db.one(find).await? else { return Err(missing(db, attachment).await?) };
    let reading = Reading {
        db: db.clone(),
        attachment: attachment.clone(),
        blob: row.get("id")?,
        position: 0,
        left: attachment.size,
        hasher: Sha256::new(),
    };
    Ok(stream::try_unfold(reading, Reading::next).boxed())
}

struct Reading {
    db: Db,
    attachment: Attachment,
    blob: Uuid,
    position: i64,
    left: i64,
    hasher: Sha256,
}

impl Reading {
    async fn next(mut self) -> Stored<Option<(Bytes, Self)>> {
        if self.left == 0 {
            return Ok(None);
        }
        let find =
            sql("SELECT bytes FROM blob_chunks WHERE tenant_id = $1 AND blob_id = $2 AND position = $3")
                .bind(self.attachment.tenant)
                .bind(self.blob)
                .bind(self.position);
        let Some(row) = self.db.one(find).await? else {
            return Err(missing(&self.db, &self.attachment).await?);
        };
        let bytes: Vec<u8> = row.get("bytes")?;
        self.position += 1;
        self.left -= bytes.len() as i64;
        self.hasher.update(&bytes);
        let wrong = self.left < 0
            || bytes.is_empty()
            || (self.left == 0 && self.hasher.finalize_reset().as_slice() != self.attachment.hash);
        if wrong {
            return Err(damaged(&self.attachment));
        }
        Ok(Some((Bytes::from(bytes), self)))
    }
}

/// Removed by its owner meanwhile, or lost by the database: only the second is damage.
async fn missing(db: &Db, attachment: &Attachment) -> Stored<StoreError> {
    let find = sql("SELECT 1 AS one FROM attachments WHERE tenant_id = $1 AND id = $2")
        .bind(attachment.tenant)
        .bind(attachment.id);
    if db.one(find).await?.is_some() {
        return Ok(damaged(attachment));
    }
    let reason = format!("attachment {} has been removed", attachment.id);
    Ok(StoreError::Unavailable { reason, source: None })
}

fn damaged(attachment: &Attachment) -> StoreError {
    StoreError::Corrupt {
        reason: format!("the content of attachment {} is not what was stored", attachment.id),
    }
}
