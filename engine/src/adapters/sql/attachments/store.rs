//! From a stream to a file: hashed and written on the way, visible at the end, or nothing at all.

use super::rows::{lock_content, remove_chunks};
use crate::adapters::sql::db::{Db, Tx};
use crate::adapters::sql::query::{Query, sql};
use crate::adapters::sql::store::SqlStore;
use crate::domain::attachment::{Attachment, CHUNK_BYTES};
use crate::domain::ids::TenantId;
use crate::ports::attachments::{NewAttachment, UploadError};
use crate::ports::error::{StoreError, Stored};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Chunks written in one transaction: the writer is held for a megabyte at a time.
const CHUNKS_AT_ONCE: usize = 4;

const OVER_QUOTA: StoreError = StoreError::OverQuota { what: "the space for files" };

pub(super) async fn store(
    files: &SqlStore,
    new: NewAttachment,
    content: BoxStream<'static, std::io::Result<Bytes>>,
) -> Result<Attachment, UploadError> {
    let room = new.quota_bytes - stored_bytes(&files.db, new.tenant).await?;
    let mut upload = Upload {
        db: files.db.clone(),
        tenant: new.tenant,
        id: files.clock.new_id(),
        buffer: BytesMut::new(),
        hasher: Sha256::new(),
        received: 0,
        flushed: 0,
        keeping: true,
    };
    let begin = sql("INSERT INTO uploads (id, tenant_id, received, begun_at) VALUES ($1, $2, 0, $3)")
        .bind(upload.id)
        .bind(upload.tenant)
        .bind(new.created_at);
    files.db.run(begin).await?;
    let outcome = match upload.receive(content, room, new.quota_bytes).await {
        Ok(()) => upload.complete(new).await,
        Err(error) => Err(error),
    };
    if outcome.is_err()
        && let Err(error) = upload.discard().await
    {
        tracing::warn!(error = %error, "the rest of a failed upload stays until it is swept");
    }
    outcome
}

struct Upload {
    db: Db,
    tenant: TenantId,
    /// Of the upload, and of the blob it becomes.
    id: Uuid,
    buffer: BytesMut,
    hasher: Sha256,
    received: i64,
    /// Chunks written so far.
    flushed: i64,
    /// False once the content could only be kept if the same is here already.
    keeping: bool,
}

impl Upload {
    /// Past `room`, reading goes on up to `quota`: the same content takes no second place, and only
    /// its end tells whether it is the same.
    async fn receive(
        &mut self,
        mut content: BoxStream<'static, std::io::Result<Bytes>>,
        room: i64,
        quota: i64,
    ) -> Result<(), UploadError> {
        while let Some(part) = content.next().await {
            let part = part.map_err(|error| UploadError::Cut(error.to_string()))?;
            self.received += part.len() as i64;
            if self.received > quota {
                return Err(OVER_QUOTA.into());
            }
            self.hasher.update(&part);
            self.keeping = self.received <= room;
            if self.keeping {
                self.buffer.extend_from_slice(&part);
            } else {
                self.buffer = BytesMut::new();
            }
            while self.buffer.len() >= CHUNKS_AT_ONCE * CHUNK_BYTES {
                let batch = self.buffer.split_to(CHUNKS_AT_ONCE * CHUNK_BYTES).freeze();
                self.flush(&batch).await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self, batch: &[u8]) -> Result<(), UploadError> {
        let mut tx = self.db.begin().await?;
        let progress =
            sql("UPDATE uploads SET received = $2 WHERE id = $1").bind(self.id).bind(self.received);
        if tx.run(progress).await? == 0 {
            return Err(swept());
        }
        self.write_chunks(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn write_chunks(&mut self, tx: &mut Tx, batch: &[u8]) -> Stored<()> {
        for chunk in batch.chunks(CHUNK_BYTES) {
            let insert = sql("INSERT INTO blob_chunks (blob_id, position, tenant_id, bytes)
                 VALUES ($1, $2, $3, $4)")
            .bind(self.id)
            .bind(self.flushed)
            .bind(self.tenant)
            .bind(chunk);
            tx.run(insert).await?;
            self.flushed += 1;
        }
        Ok(())
    }

    async fn complete(&mut self, new: NewAttachment) -> Result<Attachment, UploadError> {
        let attachment = Attachment {
            id: new.id,
            tenant: new.tenant,
            person: new.person,
            name: new.name,
            media_type: new.media_type,
            size: self.received,
            hash: self.hasher.finalize_reset().into(),
            created_at: new.created_at,
        };
        let mut tx = self.db.begin().await?;
        lock_content(&mut tx, new.tenant).await?;
        if tx.run(sql("DELETE FROM uploads WHERE id = $1").bind(self.id)).await? == 0 {
            return Err(swept());
        }
        let same = sql("SELECT 1 AS one FROM blobs WHERE tenant_id = $1 AND hash = $2")
            .bind(new.tenant)
            .bind(attachment.hash);
        if tx.one(same).await?.is_some() {
            remove_chunks(&mut tx, self.id).await?;
        } else {
            self.become_blob(&mut tx, &attachment, new.quota_bytes).await?;
        }
        insert(&mut tx, &attachment).await?;
        tx.commit().await?;
        Ok(attachment)
    }

    async fn become_blob(&mut self, tx: &mut Tx, attachment: &Attachment, quota: i64) -> Stored<()> {
        let used = tx.one(stored_bytes_of(attachment.tenant)).await?.map_or(Ok(0), |row| row.get("used"))?;
        if !self.keeping || used + attachment.size > quota {
            return Err(OVER_QUOTA);
        }
        let rest = std::mem::take(&mut self.buffer);
        self.write_chunks(tx, &rest).await?;
        let blob = sql("INSERT INTO blobs (id, tenant_id, hash, size) VALUES ($1, $2, $3, $4)")
            .bind(self.id)
            .bind(attachment.tenant)
            .bind(attachment.hash)
            .bind(attachment.size);
        tx.run(blob).await?;
        Ok(())
    }

    async fn discard(&self) -> Stored<()> {
        let mut tx = self.db.begin().await?;
        tx.run(sql("DELETE FROM uploads WHERE id = $1").bind(self.id)).await?;
        remove_chunks(&mut tx, self.id).await?;
        tx.commit().await
    }
}

async fn insert(tx: &mut Tx, attachment: &Attachment) -> Stored<()> {
    let insert = sql("INSERT INTO attachments
         (id, tenant_id, person_id, name, media_type, size, hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(attachment.id)
    .bind(attachment.tenant)
    .bind(attachment.person)
    .bind(&attachment.name)
    .bind(&attachment.media_type)
    .bind(attachment.size)
    .bind(attachment.hash)
    .bind(attachment.created_at);
    tx.run(insert).await.map_err(|error| error.taken("this attachment"))?;
    Ok(())
}

async fn stored_bytes(db: &Db, tenant: TenantId) -> Stored<i64> {
    db.one(stored_bytes_of(tenant)).await?.map_or(Ok(0), |row| row.get("used"))
}

fn stored_bytes_of(tenant: TenantId) -> Query {
    sql("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS used FROM blobs WHERE tenant_id = $1").bind(tenant)
}

fn swept() -> UploadError {
    UploadError::Cut("it took too long and was cleared away".into())
}
