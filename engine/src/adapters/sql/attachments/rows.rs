//! What a file is called and whose it is; taking it away; clearing what never became one.

use crate::adapters::sql::db::Tx;
use crate::adapters::sql::query::{Row, sql};
use crate::adapters::sql::store::SqlStore;
use crate::domain::attachment::Attachment;
use crate::domain::ids::{AttachmentId, PersonId, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::attachments::{Attachments, NewAttachment, UploadError};
use crate::ports::error::Stored;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use uuid::Uuid;

#[async_trait]
impl Attachments for SqlStore {
    async fn store(
        &self,
        new: NewAttachment,
        content: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<Attachment, UploadError> {
        super::store::store(self, new, content).await
    }

    async fn find(&self, tenant: TenantId, person: PersonId, id: AttachmentId) -> Stored<Option<Attachment>> {
        let find = sql("SELECT * FROM attachments WHERE tenant_id = $1 AND person_id = $2 AND id = $3")
            .bind(tenant)
            .bind(person)
            .bind(id);
        self.db.one(find).await?.map(|row| attachment(&row)).transpose()
    }

    async fn read(&self, attachment: &Attachment) -> Stored<BoxStream<'static, Stored<Bytes>>> {
        super::read::read(&self.db, attachment).await
    }

    async fn remove(&self, tenant: TenantId, person: PersonId, id: AttachmentId) -> Stored<bool> {
        let mut tx = self.db.begin().await?;
        lock_content(&mut tx, tenant).await?;
        let delete = sql("DELETE FROM attachments WHERE tenant_id = $1 AND person_id = $2 AND id = $3
             RETURNING hash")
        .bind(tenant)
        .bind(person)
        .bind(id);
        let Some(row) = tx.one(delete).await? else { return Ok(false) };
        let hash: [u8; 32] = row.get("hash")?;
        let unnamed = sql("DELETE FROM blobs WHERE tenant_id = $1 AND hash = $2
             AND NOT EXISTS (SELECT 1 FROM attachments WHERE tenant_id = $1 AND hash = $2)
             RETURNING id")
        .bind(tenant)
        .bind(hash);
        if let Some(blob) = tx.one(unnamed).await? {
            remove_chunks(&mut tx, blob.get("id")?).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn sweep(&self, before: Timestamp) -> Stored<u64> {
        let mut swept = 0;
        for row in self.db.all(sql("SELECT id FROM uploads WHERE begun_at < $1").bind(before)).await? {
            // One transaction each: clearing many must not hold up the person who is writing.
            let mut tx = self.db.begin().await?;
            let id: Uuid = row.get("id")?;
            if tx.run(sql("DELETE FROM uploads WHERE id = $1").bind(id)).await? == 1 {
                remove_chunks(&mut tx, id).await?;
                swept += 1;
            }
            tx.commit().await?;
        }
        Ok(swept)
    }
}

/// One at a time per tenant decides what content is shared and whether the quota holds. SQLite has one
/// writer anyway.
pub(super) async fn lock_content(tx: &mut Tx, tenant: TenantId) -> Stored<()> {
    if let Tx::Postgres(_) = tx {
        let key = i64::from_le_bytes(*tenant.0.as_bytes().last_chunk::<8>().expect("a UUID has 16 bytes"));
        tx.run(sql("SELECT pg_advisory_xact_lock($1)").bind(key)).await?;
    }
    Ok(())
}

pub(super) async fn remove_chunks(tx: &mut Tx, blob: Uuid) -> Stored<()> {
    tx.run(sql("DELETE FROM blob_chunks WHERE blob_id = $1").bind(blob)).await?;
    Ok(())
}

pub(in crate::adapters::sql) fn attachment(row: &Row) -> Stored<Attachment> {
    Ok(Attachment {
        id: row.get("id")?,
        tenant: row.get("tenant_id")?,
        person: row.get("person_id")?,
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        size: row.get("size")?,
        hash: row.get("hash")?,
        created_at: row.get("created_at")?,
    })
}
