//! What was learnt about an image when the box first had it. Whatever runs under that reference later must be
//! the same, unless its owner says otherwise.

use super::open::{State, StateError};
use engine::domain::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownImage {
    pub reference: String,
    /// As the container engine names it.
    pub image_id: String,
    /// As the registry names it. An image that was loaded or built here has none.
    pub digest: Option<String>,
    /// `present`, `bundle`, `pull` or `build`.
    pub had_by: String,
}

impl State {
    pub async fn known_image(&self, reference: &str) -> Result<Option<KnownImage>, StateError> {
        let statement = "SELECT image_id, digest, had_by FROM images WHERE reference = $1";
        let found = sqlx::query_as(statement).bind(reference).fetch_optional(&self.pool).await?;
        Ok(found.map(|(image_id, digest, had_by)| KnownImage {
            reference: reference.to_owned(),
            image_id,
            digest,
            had_by,
        }))
    }

    /// Whether the box ever had an image: then containers of it may be there.
    pub async fn knows_images(&self) -> Result<bool, StateError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM images)").fetch_one(&self.pool).await?)
    }

    pub async fn remember_image(&self, image: &KnownImage, now: Timestamp) -> Result<(), StateError> {
        let statement = "INSERT INTO images (reference, image_id, digest, had_by, had_at) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (reference) DO UPDATE SET image_id = excluded.image_id, \
                         digest = excluded.digest, had_by = excluded.had_by, had_at = excluded.had_at";
        sqlx::query(statement)
            .bind(&image.reference)
            .bind(&image.image_id)
            .bind(&image.digest)
            .bind(&image.had_by)
            .bind(now.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// "Trust the new image": the next look takes what it finds under this reference as new.
    pub async fn forget_image(&self, reference: &str) -> Result<(), StateError> {
        sqlx::query("DELETE FROM images WHERE reference = $1").bind(reference).execute(&self.pool).await?;
        Ok(())
    }

    /// "Reset build state": the next look takes what it finds as new.
    pub async fn forget_images(&self) -> Result<(), StateError> {
        sqlx::query("DELETE FROM images").execute(&self.pool).await?;
        Ok(())
    }
}
