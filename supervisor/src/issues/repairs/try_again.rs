//! A service that rests is tried now.

use super::super::ground::Ground;
use crate::services::name::ServiceName;

pub async fn repair(ground: &impl Ground, service: ServiceName) -> String {
    ground.retry(service).await;
    format!("{service} is tried again now")
}
