//! The places of container engines are looked at now.

use super::super::ground::Ground;

pub async fn repair(ground: &impl Ground) -> String {
    let found = ground.look_again().await;
    format!("the box has looked again: {}", found.detail)
}
