//! What programs need that know other APIs: names to ask for.

use super::harness::{House, in_every_way};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::models::{ModelTarget, ModelView};

in_every_way!(what_can_be_asked_for_is_listed);

async fn models(client: &EngineClient, query: &str) -> Vec<ModelView> {
    client.get(&format!("/api/v1/models{query}")).await.expect("whoever lives here may ask")
}

async fn what_can_be_asked_for_is_listed(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let listed = models(&owner, "").await;
    let names: Vec<&str> = listed.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(names, ["Wren", "parrot"]);
    assert!(matches!(listed[0].target, ModelTarget::Companion(_)) && listed[0].connection.is_none());
    assert!(matches!(listed[1].target, ModelTarget::Connection(_)) && listed[1].connection.is_some());
    assert_eq!(models(&owner, "?name=wREN").await, listed[..1]);
    assert_eq!(models(&owner, "?name=parrot").await, listed[1..]);
    assert_eq!(models(&owner, "?name=Parrot").await, []);
    let nobody = running.client(Principal::Anonymous);
    let refused = nobody.get::<Vec<ModelView>>("/api/v1/models").await.expect_err("nobody lives nowhere");
    assert_eq!(refused.code(), Some(ErrorCode::Forbidden));
}
