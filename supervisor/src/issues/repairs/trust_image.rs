//! What was known of an image is forgotten, so that the next one found under its name is taken as the right one.

use super::super::ground::{Ground, RepairError};
use crate::services::name::ServiceName;

pub async fn repair(ground: &impl Ground, service: ServiceName) -> Result<String, RepairError> {
    if let Some(reference) = ground.image_of(service).await {
        ground.state().forget_image(&reference).await?;
    }
    ground.retry(service).await;
    Ok(format!("the image of {service} is taken as it is now, and {service} is tried again"))
}
