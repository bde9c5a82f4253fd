//! Which services were seen to have a volume. Where it is gone, so is what they kept.

use super::open::{State, StateError};
use crate::services::name::ServiceName;
use engine::domain::time::Timestamp;

impl State {
    pub async fn had_volume(&self, service: ServiceName) -> Result<bool, StateError> {
        let statement = "SELECT EXISTS (SELECT 1 FROM volumes WHERE service = $1)";
        Ok(sqlx::query_scalar(statement).bind(service.as_str()).fetch_one(&self.pool).await?)
    }

    /// All of them, by the names of their services.
    pub async fn volumes(&self) -> Result<Vec<String>, StateError> {
        Ok(sqlx::query_scalar("SELECT service FROM volumes ORDER BY service").fetch_all(&self.pool).await?)
    }

    pub async fn remember_volume(&self, service: ServiceName, now: Timestamp) -> Result<(), StateError> {
        let statement = "INSERT INTO volumes (service, had_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sqlx::query(statement).bind(service.as_str()).bind(now.0).execute(&self.pool).await?;
        Ok(())
    }

    /// "Begin with an empty one": the next look makes what it misses.
    pub async fn forget_volume(&self, service: ServiceName) -> Result<(), StateError> {
        sqlx::query("DELETE FROM volumes WHERE service = $1")
            .bind(service.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
