//! Leases in SQL: the right to do something alone, with a fence that only grows.

use super::query::sql;
use super::store::SqlStore;
use crate::domain::job::Lease;
use crate::domain::time::Timestamp;
use crate::ports::error::{StoreError, Stored};
use crate::ports::housekeeping::Leases;
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl Leases for SqlStore {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        span: Duration,
    ) -> Stored<Option<Lease>> {
        let acquire = sql("INSERT INTO leases (name, holder, fence, until) VALUES ($1, $2, 1, $4)
             ON CONFLICT (name) DO UPDATE
             SET fence = leases.fence + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END,
                 holder = excluded.holder, until = excluded.until
             WHERE leases.holder = excluded.holder OR leases.until <= $3
             RETURNING name, holder, fence, until")
        .bind(name)
        .bind(holder)
        .bind(now)
        .bind(now.plus(span));
        let Some(row) = self.db.run_returning(acquire).await? else { return Ok(None) };
        Ok(Some(Lease {
            name: row.get("name")?,
            holder: row.get("holder")?,
            fence: row.get("fence")?,
            until: row.get("until")?,
        }))
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Stored<()> {
        let update = sql("UPDATE leases SET until = $4 WHERE name = $1 AND holder = $2 AND fence = $3")
            .bind(&lease.name)
            .bind(&lease.holder)
            .bind(lease.fence)
            .bind(until);
        match self.db.run(update).await? {
            1 => Ok(()),
            _ => Err(StoreError::Fenced { what: "this lease" }),
        }
    }

    /// Giving back what somebody else holds by now changes nothing.
    async fn release(&self, lease: &Lease) -> Stored<()> {
        let update = sql("UPDATE leases SET holder = '', until = 0
             WHERE name = $1 AND holder = $2 AND fence = $3")
        .bind(&lease.name)
        .bind(&lease.holder)
        .bind(lease.fence);
        self.db.run(update).await?;
        Ok(())
    }
}
