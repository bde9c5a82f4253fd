//! The box does a service's work itself, until its owner chooses the container again.

use super::super::ground::{Ground, RepairError};
use super::super::kind::has_stand_in;
use crate::services::name::ServiceName;
use crate::state::choices::Home;

pub async fn repair(ground: &impl Ground, service: ServiceName) -> Result<String, RepairError> {
    if !has_stand_in(service) {
        return Err(RepairError::NoStandIn(service));
    }
    ground.choose(service, Home::Native).await?;
    Ok(format!("the box goes on without {service} in a container; what it did is done in its own process"))
}
