//! Who was let in and may not come any more: out with the very next call, over every carrier.

use super::world::{Ask, Carrier, World};
use anyhow::ensure;
use engine_client::wire::people::{KeyCreated, KeyView, NewKey, PersonStateView, PersonView, SetPersonState};
use http::{StatusCode, header};

fn doors() -> [Ask; 3] {
    [Ask::new("GET", "/api/v1/me"), Ask::new("GET", "/api/v1/conversations"), Ask::new("GET", "/v1/models")]
}

async fn is_out(world: &World, session: &str) -> anyhow::Result<()> {
    let page = Ask::new("GET", "/search");
    let answer = world.ask(&page, Carrier::Session(session)).await?;
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    ensure!(to.starts_with("/sign-in"), "{} to {to:?}", answer.status());
    Ok(())
}

async fn set_state(world: &World, state: PersonStateView) -> anyhow::Result<()> {
    let path = format!("/api/v1/people/{}/state", world.ben.id);
    world.house.client().post::<PersonView>(&path, &SetPersonState { state }).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_person_is_out_at_once_over_every_carrier() -> anyhow::Result<()> {
    let world = World::new().await?;
    for ask in doors() {
        for carrier in world.ben.carriers() {
            world.expect(&ask, carrier, StatusCode::OK).await?;
        }
    }
    set_state(&world, PersonStateView::Suspended).await?;
    for ask in doors() {
        for carrier in world.ben.carriers() {
            world.expect(&ask, carrier, StatusCode::UNAUTHORIZED).await?;
        }
    }
    is_out(&world, &world.ben.session).await?;

    set_state(&world, PersonStateView::Active).await?;
    for carrier in world.ben.carriers() {
        world.expect(&doors()[0], carrier, StatusCode::OK).await?;
    }
    // A session that was ended stays ended.
    is_out(&world, &world.ben.session).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_out_at_once_and_the_others_work_on() -> anyhow::Result<()> {
    let world = World::new().await?;
    let (first, ben) = (&world.ben.key, &world.ben.client);
    let second: KeyCreated = ben.post("/api/v1/keys", &NewKey { name: "another".into() }).await?;
    let keys: Vec<KeyView> = ben.get("/api/v1/keys").await?;
    let known = keys.iter().find(|key| key.id != second.id).expect("the first key");
    let ask = Ask::new("DELETE", format!("/api/v1/keys/{}", known.id));
    world.expect(&ask, Carrier::Bearer(&second.key), StatusCode::NO_CONTENT).await?;
    for ask in doors() {
        for carrier in [Carrier::Bearer(first), Carrier::ApiKey(first)] {
            world.expect(&ask, carrier, StatusCode::UNAUTHORIZED).await?;
        }
        for carrier in [Carrier::Bearer(&second.key), Carrier::ApiKey(&second.key)] {
            world.expect(&ask, carrier, StatusCode::OK).await?;
        }
        for carrier in world.anna.carriers() {
            world.expect(&ask, carrier, StatusCode::OK).await?;
        }
    }
    Ok(())
}
