//! What was known of all images is forgotten, and the service is built or fetched anew.

use super::super::ground::{Ground, RepairError};
use crate::services::name::ServiceName;

pub async fn repair(ground: &impl Ground, service: ServiceName) -> Result<String, RepairError> {
    ground.state().forget_images().await?;
    ground.retry(service).await;
    Ok(format!("what was known of images is forgotten, and {service} is tried again"))
}
