//! The set-up is left and taken up again, and ends once.

use super::errors::member;
use super::harness::{House, Running, in_every_way};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::connections::{ConnectionView, FoundServer, NewConnection, Scan};
use engine_client::wire::setup::{
    Recover, RecoveryCode, SetupDone, SetupRequest, SetupState, SetupStep, StepDone,
};

in_every_way!(
    whoever_is_guided_goes_on_where_they_stopped,
    whoever_is_not_guided_has_nothing_left_to_do,
    a_code_that_was_not_kept_is_made_again_until_it_was,
    a_model_that_came_another_way_ends_the_set_up,
    only_who_manages_models_looks_for_servers,
);

const PASSWORD: &str = "a long password";

async fn next(running: &Running) -> SetupStep {
    let state: SetupState =
        running.client(Principal::Anonymous).get("/api/v1/setup").await.expect("anybody may ask");
    state.next
}

async fn made(running: &Running, guided: bool) -> (EngineClient, SetupDone) {
    let request = SetupRequest { owner: "Ada".into(), password: PASSWORD.into(), connection: None, guided };
    let done: SetupDone = running.operator().post("/api/v1/setup", &request).await.expect("an empty box");
    (running.owner(done.person).await, done)
}

async fn done(client: &EngineClient, step: SetupStep) -> Option<ErrorCode> {
    client.post::<()>("/api/v1/setup/steps", &StepDone { step }).await.err().and_then(|error| error.code())
}

async fn whoever_is_guided_goes_on_where_they_stopped(house: &House) {
    use SetupStep::{Done, Machine, Model, Owner, Recovery};
    let running = house.start().await;
    assert_eq!(next(&running).await, Owner);
    let (owner, _) = made(&running, true).await;
    assert_eq!(next(&running).await, Recovery);
    for (step, after) in [(Recovery, Machine), (Machine, Model), (Recovery, Model)] {
        assert_eq!(done(&owner, step).await, None);
        assert_eq!(next(&running).await, after, "after {step:?}");
    }
    running.break_off().await;
    let running = house.start().await;
    assert_eq!(next(&running).await, Model, "a restart forgets nothing");
    assert_eq!(done(&running.operator(), Model).await, None);
    assert_eq!(next(&running).await, Done);
    assert_eq!(done(&running.operator(), Machine).await, None);
    assert_eq!(next(&running).await, Done, "what is finished is not opened again");
    assert_eq!(done(&running.operator(), Owner).await, Some(ErrorCode::Invalid));
}

async fn whoever_is_not_guided_has_nothing_left_to_do(house: &House) {
    let running = house.start().await;
    made(&running, false).await;
    assert_eq!(next(&running).await, SetupStep::Done);
    let again =
        SetupRequest { owner: "Eve".into(), password: PASSWORD.into(), connection: None, guided: true };
    let refused = running.operator().post::<SetupDone>("/api/v1/setup", &again).await;
    assert_eq!(refused.expect_err("there is an owner").code(), Some(ErrorCode::AlreadySetUp));
    assert_eq!(next(&running).await, SetupStep::Done, "a refused set-up opens nothing");
}

async fn a_code_that_was_not_kept_is_made_again_until_it_was(house: &House) {
    let running = house.start().await;
    let (owner, first) = made(&running, true).await;
    let again: RecoveryCode = owner.post("/api/v1/setup/recovery-code", &()).await.expect("not kept yet");
    let member = member(&owner, &running, "Bo").await;
    for refused in [member, running.client(Principal::Anonymous)] {
        let refused = refused.post::<RecoveryCode>("/api/v1/setup/recovery-code", &()).await;
        assert_eq!(refused.expect_err("not theirs").code(), Some(ErrorCode::Forbidden));
    }
    assert_eq!(done(&owner, SetupStep::Recovery).await, None);
    let late = owner.post::<RecoveryCode>("/api/v1/setup/recovery-code", &()).await;
    assert_eq!(late.expect_err("it was kept").code(), Some(ErrorCode::Forbidden));
    let spend = |code: &str| Recover {
        owner: "Ada".into(),
        recovery_code: code.to_owned(),
        password: "another long password".into(),
    };
    let anybody = running.client(Principal::Anonymous);
    let old = anybody.post::<()>("/api/v1/owner/recover", &spend(&first.recovery_code)).await;
    assert_eq!(old.expect_err("it ended").code(), Some(ErrorCode::Forbidden));
    anybody.post::<()>("/api/v1/owner/recover", &spend(&again.recovery_code)).await.expect("the last one");
}

async fn a_model_that_came_another_way_ends_the_set_up(house: &House) {
    let running = house.start().await;
    let (owner, _) = made(&running, true).await;
    let new = NewConnection {
        name: None,
        url: house.model.url.clone(),
        model: "parrot".into(),
        key: None,
        context_tokens: None,
        continues_text: false,
    };
    owner.post::<ConnectionView>("/api/v1/connections", &new).await.expect("an owner connects");
    assert_eq!(next(&running).await, SetupStep::Recovery, "the code is still to be kept");
    done(&owner, SetupStep::Machine).await;
    assert_eq!(next(&running).await, SetupStep::Done);
}

async fn only_who_manages_models_looks_for_servers(house: &House) {
    let running = house.start().await;
    let (owner, _) = made(&running, false).await;
    let everything = Scan { own_ports: vec![11434, 1234, 8080, 5000] };
    for allowed in [&owner, &running.operator()] {
        let found: Vec<FoundServer> =
            allowed.post("/api/v1/connections/scan", &everything).await.expect("they may look");
        assert_eq!(found, [], "the box does not ask itself");
    }
    for refused in [member(&owner, &running, "Bo").await, running.client(Principal::Anonymous)] {
        let refused = refused.post::<Vec<FoundServer>>("/api/v1/connections/scan", &everything).await;
        assert_eq!(refused.expect_err("they may not").code(), Some(ErrorCode::Forbidden));
    }
    assert_eq!(
        done(&running.client(Principal::Anonymous), SetupStep::Model).await,
        Some(ErrorCode::Forbidden)
    );
}
