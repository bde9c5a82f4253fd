//! Where the owner wants a service to run. What nobody chose follows from `--runtime`.

use super::open::{State, StateError};
use crate::services::name::ServiceName;
use engine::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Home {
    /// In the box's own process.
    Native,
    Container,
}

impl Home {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Container => "container",
        }
    }
}

pub type Choices = BTreeMap<ServiceName, Home>;

impl State {
    pub async fn choices(&self) -> Result<Choices, StateError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT service, home FROM choices").fetch_all(&self.pool).await?;
        let home = |text: &str| if text == Home::Container.as_str() { Home::Container } else { Home::Native };
        // A service that only a newer version knows is no choice here, and is kept.
        let known = |(name, text): (String, String)| Some((ServiceName::parse(&name)?, home(&text)));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    pub async fn choose(&self, service: ServiceName, home: Home, now: Timestamp) -> Result<(), StateError> {
        let statement = "INSERT INTO choices (service, home, chosen_at) VALUES ($1, $2, $3) \
                         ON CONFLICT (service) DO UPDATE SET home = excluded.home, chosen_at = excluded.chosen_at";
        let query = sqlx::query(statement).bind(service.as_str()).bind(home.as_str()).bind(now.0);
        query.execute(&self.pool).await?;
        Ok(())
    }
}
