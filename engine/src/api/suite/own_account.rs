//! What people change about themselves, and how the owner lets others in, out and back in.

use super::errors::{code, member};
use super::harness::{House, Running, in_every_way};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::appearance::{AppearanceView, TextSizeView, ThemeView};
use engine_client::wire::people::{
    ChangePassword, Invite, Invited, PersonStateView, PersonView, ProfileChange, Proof, SetPersonState,
};
use engine_client::wire::sessions::{NewSession, SessionBegun};
use engine_client::wire::setup::Recover;
use serde_json::{Value, json};

in_every_way!(
    a_name_is_changed_unless_it_is_taken,
    a_new_password_ends_every_session_but_the_new_one,
    guesses_at_the_current_password_cost_a_wait,
    everybody_likes_their_own_pages,
    a_lost_password_is_replaced_with_a_code,
    guesses_at_a_code_cost_a_wait_and_tell_nothing,
    whoever_had_no_password_is_still_invited_when_let_in_again,
);

const PASSWORD: &str = "a long password";

async fn sign_in(running: &Running, name: &str, password: &str) -> Result<SessionBegun, Option<ErrorCode>> {
    let asked = NewSession { name: name.into(), password: password.into() };
    let door = running.client(Principal::Anonymous);
    door.post("/api/v1/sessions", &asked).await.map_err(|error| error.code())
}

async fn opens(running: &Running, token: &str) -> bool {
    let proof = Proof::Session(token.into());
    running.client(Principal::Anonymous).post::<Principal>("/api/v1/proofs", &proof).await.is_ok()
}

async fn people(owner: &EngineClient) -> Vec<PersonView> {
    owner.get("/api/v1/people").await.expect("the owner may see everybody")
}

async fn a_name_is_changed_unless_it_is_taken(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    let change = |name: &str| ProfileChange { name: name.into() };
    let me: PersonView = other.patch("/api/v1/me", &change(" Bodil ")).await.expect("a free name");
    assert_eq!(me.name, "Bodil");
    other.patch::<PersonView>("/api/v1/me", &change("BODIL")).await.expect("one's own in other letters");
    assert_eq!(code(&other, "PATCH", "/api/v1/me", json!({"name": "aDa"})).await, ErrorCode::Taken);
    for name in ["", " ", "a\nb", &"x".repeat(65)] {
        assert_eq!(code(&other, "PATCH", "/api/v1/me", json!({"name": name})).await, ErrorCode::Invalid);
    }
    assert!(sign_in(&running, "bodil", "another long one").await.is_ok());
    assert_eq!(running.deeds().await[1], "person.renamed");
}

async fn a_new_password_ends_every_session_but_the_new_one(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let here = sign_in(&running, "Ada", PASSWORD).await.expect("her password");
    let elsewhere = sign_in(&running, "Ada", PASSWORD).await.expect("her password");
    let change = |current: &str, password: &str| json!({"current": current, "password": password});
    for (current, password) in [("not hers", "a better password"), (PASSWORD, "short")] {
        let refused = code(&owner, "POST", "/api/v1/me/password", change(current, password)).await;
        assert_eq!(refused, ErrorCode::Invalid);
    }
    assert!(opens(&running, &here.token).await, "what was refused changes nothing");

    let asked = ChangePassword { current: PASSWORD.into(), password: "a better password".into() };
    let fresh: SessionBegun = owner.post("/api/v1/me/password", &asked).await.expect("she knows it");
    assert!(opens(&running, &fresh.token).await);
    assert!(!opens(&running, &here.token).await && !opens(&running, &elsewhere.token).await);
    assert_eq!(sign_in(&running, "Ada", PASSWORD).await.err(), Some(Some(ErrorCode::Unauthenticated)));
    let deeds = running.deeds().await;
    let at = |deed: &str| deeds.iter().position(|other| other == deed);
    assert!(at("session.begun") < at("person.password_set"), "{deeds:?}");

    owner.post::<Value>("/api/v1/me/sessions/end", &()).await.expect("her own sessions");
    assert!(!opens(&running, &fresh.token).await);
    assert_eq!(running.deeds().await[0], "session.all_ended");
}

async fn guesses_at_the_current_password_cost_a_wait(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let guess = json!({"current": "not hers at all", "password": "a better password"});
    for _ in 0..5 {
        assert_eq!(code(&owner, "POST", "/api/v1/me/password", guess.clone()).await, ErrorCode::Invalid);
    }
    let refused = code(&owner, "POST", "/api/v1/me/password", guess).await;
    assert_eq!(refused, ErrorCode::TooManyRequests);
    // The same guesses count at the front door.
    assert_eq!(sign_in(&running, "ADA", PASSWORD).await.err(), Some(Some(ErrorCode::TooManyRequests)));
}

async fn everybody_likes_their_own_pages(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    let path = "/api/v1/me/appearance";
    let usual: AppearanceView = owner.get(path).await.expect("hers");
    assert_eq!(usual, AppearanceView { theme: ThemeView::Device, text_size: TextSizeView::Usual, hue: 35 });
    let dark = AppearanceView { theme: ThemeView::Dark, text_size: TextSizeView::Largest, hue: 359 };
    owner.patch::<AppearanceView>(path, &dark).await.expect("a good choice");
    assert_eq!(owner.get::<AppearanceView>(path).await.expect("hers"), dark);
    assert_eq!(other.get::<AppearanceView>(path).await.expect("his"), usual);
    for wrong in [
        json!({"theme": "dark", "text_size": "usual", "hue": 360}),
        json!({"theme": "dark", "text_size": "usual", "hue": -1}),
        json!({"theme": "pink", "text_size": "usual", "hue": 1}),
    ] {
        assert_eq!(code(&owner, "PATCH", path, wrong).await, ErrorCode::Invalid);
    }
}

async fn a_lost_password_is_replaced_with_a_code(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let other = member(&owner, &running, "Bo").await;
    let bo = people(&owner).await[1].clone();
    let path = format!("/api/v1/people/{}/code", bo.id);
    assert_eq!(code(&other, "POST", &path, Value::Null).await, ErrorCode::Forbidden);
    let nobody = format!("/api/v1/people/{}/code", uuid::Uuid::now_v7());
    assert_eq!(code(&owner, "POST", &nobody, Value::Null).await, ErrorCode::NotFound);

    let first: Invited = owner.post(&path, &()).await.expect("the owner helps");
    let second: Invited = owner.post(&path, &()).await.expect("the owner helps once more");
    assert_eq!(running.deeds().await[0], "person.code_made");
    assert!(sign_in(&running, "Bo", "another long one").await.is_ok(), "the old one is good until then");
    let door = running.client(Principal::Anonymous);
    let spend = |code: &str| Recover {
        owner: "bo".into(),
        recovery_code: code.into(),
        password: "remembered this time".into(),
    };
    let stale = door.post::<Value>("/api/v1/owner/recover", &spend(&first.code)).await;
    assert_eq!(stale.err().and_then(|error| error.code()), Some(ErrorCode::Forbidden));
    door.post::<Value>("/api/v1/owner/recover", &spend(&second.code)).await.expect("the newest code");
    assert!(sign_in(&running, "Bo", "another long one").await.is_err());
    assert!(sign_in(&running, "Bo", "remembered this time").await.is_ok());
}

async fn guesses_at_a_code_cost_a_wait_and_tell_nothing(house: &House) {
    let running = house.start().await;
    running.set_up(house, false).await;
    let door = running.client(Principal::Anonymous);
    let guess = |name: &str| json!({"owner": name, "recovery_code": "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "password": "long enough"});
    for name in ["Ada", "nobody here"] {
        for _ in 0..5 {
            let refused = code(&door, "POST", "/api/v1/owner/recover", guess(name)).await;
            assert_eq!(refused, ErrorCode::Forbidden, "{name}");
        }
        let refused = code(&door, "POST", "/api/v1/owner/recover", guess(name)).await;
        assert_eq!(refused, ErrorCode::TooManyRequests, "{name}");
    }
}

async fn whoever_had_no_password_is_still_invited_when_let_in_again(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let invited: Invited =
        owner.post("/api/v1/people", &Invite { name: "Cleo".into() }).await.expect("a free name");
    let path = format!("/api/v1/people/{}/state", invited.person.id);
    for (asked, expected) in [
        (PersonStateView::Suspended, PersonStateView::Suspended),
        (PersonStateView::Active, PersonStateView::Invited),
    ] {
        let person: PersonView =
            owner.post(&path, &SetPersonState { state: asked }).await.expect("the owner may");
        assert_eq!(person.state, expected);
    }
    let ada = format!("/api/v1/people/{}/state", people(&owner).await[0].id);
    assert_eq!(code(&owner, "POST", &ada, json!({"state": "suspended"})).await, ErrorCode::Invalid);
}
