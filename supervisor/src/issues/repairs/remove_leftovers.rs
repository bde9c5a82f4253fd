//! Containers of this box that no plan has are removed, and what was cut off is settled by looking.

use super::super::ground::{Ground, RepairError};

pub async fn repair(ground: &impl Ground) -> Result<String, RepairError> {
    ground.tidy().await.ok_or(RepairError::NoEngine)??;
    Ok("the box has looked at its containers and removed what was left over".to_owned())
}
