//! That a service had a volume is forgotten, so that it begins with an empty one where the old one is still gone.

use super::super::ground::{Ground, RepairError};
use crate::services::name::ServiceName;

pub async fn repair(ground: &impl Ground, service: ServiceName) -> Result<String, RepairError> {
    ground.state().forget_volume(service).await?;
    ground.retry(service).await;
    Ok(format!("{service} is tried again, with an empty volume where the old one is gone"))
}
