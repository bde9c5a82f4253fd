//! Every route of the contract.

use super::world::{Ask, Carrier, World};
use engine_client::contract::operation::Who;
use engine_client::contract::operations::Operation;
use http::StatusCode;
use serde_json::json;
use tests::house::House;
use tests::stores::Store;
use uuid::Uuid;

/// What a route could give away.
enum Case {
    /// It names something that is somebody's: this is how another person asks for Anna's.
    Hers(Vec<Ask>),
    /// It tells what is the caller's own, so nothing of Anna's to anybody else.
    Own(Ask),
    /// It names nothing of anybody's, or what is everybody's.
    Nobodys(Ask),
}

/// A new route: say here how Ben would ask for what is Anna's. Where an id stands in the path, the body or the
/// query, that is `Hers`, with one question for each.
fn case(operation: Operation, world: &World, own: Uuid) -> Case {
    let (hers, path) = (&world.hers, operation.path());
    let at = |id: Uuid| {
        let path = path.replace("{id}", &id.to_string()).replace("{message}", &hers.message.to_string());
        Ask::new(operation.method().as_str(), path)
    };
    let plain = || Ask::new(operation.method().as_str(), path);
    let turn = |fields: serde_json::Value| {
        let mut turn = json!({"id": Uuid::now_v7(), "text": "hello"});
        turn.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        turn
    };
    match operation {
        Operation::GetConversation | Operation::RemoveConversation => Case::Hers(vec![at(hers.conversation)]),
        Operation::ChangeConversation => Case::Hers(vec![
            at(hers.conversation).json(&json!({"pinned": true})),
            at(own).json(&json!({"head": hers.message})),
            at(own).json(&json!({"through": hers.message})),
        ]),
        Operation::RestoreConversation => Case::Hers(vec![at(hers.removed), at(hers.conversation)]),
        Operation::GetMessage => Case::Hers(vec![at(hers.conversation), at(own)]),
        Operation::ListMessages => {
            let mut before = at(own);
            before.path = format!("{}?before={}", before.path, hers.message);
            Case::Hers(vec![at(hers.conversation), before])
        }
        Operation::TakeTurn => Case::Hers(vec![
            at(hers.conversation).json(&turn(json!({}))),
            at(own).json(&turn(json!({"parent": hers.message}))),
            at(own).json(&turn(json!({"instead_of": hers.message}))),
            at(own).json(&turn(json!({"attachments": [hers.attachment]}))),
        ]),
        Operation::ReplyAgain => Case::Hers(vec![
            at(hers.turn).json(&json!({"id": Uuid::now_v7()})),
            at(hers.turn).json(&json!({"id": Uuid::now_v7(), "go_on": true})),
        ]),
        Operation::GetTurn | Operation::StopTurn | Operation::FollowTurn => Case::Hers(vec![at(hers.turn)]),
        Operation::GetAttachment | Operation::GetAttachmentContent | Operation::RemoveAttachment => {
            Case::Hers(vec![at(hers.attachment)])
        }
        Operation::RevokeKey => Case::Hers(vec![at(hers.key)]),
        Operation::ListConversations
        | Operation::ListKeys
        | Operation::Me
        | Operation::GetAppearance
        | Operation::CountMine
        | Operation::ExportMine => Case::Own(plain()),
        Operation::EraseMine => Case::Nobodys(plain().json(&json!({"what": "things", "current": "x"}))),
        Operation::Search => Case::Own(Ask::new("GET", format!("{path}?q={}", super::world::SECRET_WORD))),
        Operation::NewCode => Case::Nobodys(at(world.anna.id)),
        Operation::SetPassword => {
            Case::Nobodys(at(world.anna.id).json(&json!({"password": "a harbour at five in the morning"})))
        }
        Operation::SetPersonState => Case::Nobodys(at(world.anna.id).json(&json!({"state": "suspended"}))),
        // Companions are everybody's.
        Operation::RemoveConnection
        | Operation::ChangeConnection
        | Operation::TestConnection
        | Operation::GetCompanion => Case::Nobodys(at(world.connection)),
        Operation::OrderConnections => Case::Nobodys(plain().json(&json!({"order": [world.connection]}))),
        Operation::FinishStep => Case::Nobodys(plain().json(&json!({"step": "done"}))),
        Operation::InvitePerson | Operation::Rename => Case::Nobodys(plain().json(&json!({"name": "Eve"}))),
        Operation::AddConnection => {
            Case::Nobodys(plain().json(&json!({"url": "http://127.0.0.1:9/v1", "model": "m"})))
        }
        Operation::SetUp => Case::Nobodys(plain().json(&json!({"owner": "Eve", "password": "x"}))),
        Operation::ChangePassword => Case::Nobodys(plain().json(&json!({"current": "x", "password": "y"}))),
        Operation::ChooseAppearance => {
            Case::Nobodys(plain().json(&json!({"theme": "dark", "text_size": "large", "hue": 10})))
        }
        Operation::Status
        | Operation::SetupState
        | Operation::RecoveryCodeAgain
        | Operation::EndSessions
        | Operation::ScanForServers
        | Operation::NewRecoveryCode
        | Operation::Recover
        | Operation::ListPeople
        | Operation::CreateKey
        | Operation::Prove
        | Operation::BeginSession
        | Operation::EndSession
        | Operation::ListCompanions
        | Operation::ListConnections
        | Operation::ListModels
        | Operation::Complete
        | Operation::Embed
        | Operation::Continue
        | Operation::OpenConversation
        | Operation::Upload => Case::Nobodys(plain()),
    }
}

fn asks(case: &Case) -> Vec<&Ask> {
    match case {
        Case::Hers(asks) => asks.iter().collect(),
        Case::Own(ask) | Case::Nobodys(ask) => vec![ask],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_annas_is_there_for_nobody_else() -> anyhow::Result<()> {
    let world = World::new().await?;
    for &operation in Operation::ALL {
        // The owner of the box is no owner of what others say and keep.
        for (other, own) in [(&world.ben, world.bens), (&world.ada, world.adas)] {
            let case = case(operation, &world, own);
            for ask in asks(&case) {
                world.expect(ask, Carrier::Nobody, StatusCode::UNAUTHORIZED).await?;
                let session = Carrier::Session(&other.session);
                world.expect(ask, session, StatusCode::UNAUTHORIZED).await?;
                for carrier in other.carriers() {
                    match case {
                        Case::Hers(_) => drop(world.expect(ask, carrier, StatusCode::NOT_FOUND).await?),
                        Case::Own(_) => {
                            let body = world.expect(ask, carrier, StatusCode::OK).await?;
                            world.tells_nothing_of_hers(ask, &body)?;
                        }
                        Case::Nobodys(_) => {}
                    }
                }
            }
        }
        let is_her_own = operation.path().contains("{id}") && operation.who() == Who::Resident;
        let named = matches!(case(operation, &world, world.bens), Case::Hers(_));
        let everybodys = operation == Operation::GetCompanion;
        assert!(
            !is_her_own || named || everybodys,
            "{operation:?} names something: it needs a case in `Hers`"
        );
    }
    // All that was only tried: Anna still has everything.
    for &operation in Operation::ALL {
        let Case::Hers(asks) = case(operation, &world, world.hers.conversation) else { continue };
        if operation.method() == http::Method::GET {
            for carrier in world.anna.carriers() {
                world.expect(&asks[0], carrier, StatusCode::OK).await?;
            }
        }
    }
    let back = Ask::new("POST", format!("/api/v1/conversations/{}/restore", world.hers.removed));
    world.expect(&back, Carrier::Bearer(&world.anna.key), StatusCode::OK).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_the_owners_to_do_is_refused_to_a_member_and_the_terminals_to_both() -> anyhow::Result<()> {
    let world = World::new().await?;
    let mut refused = 0;
    for &operation in Operation::ALL {
        let strangers = match operation.who() {
            Who::Owner => vec![&world.ben],
            Who::Operator => vec![&world.ben, &world.ada],
            Who::Resident | Who::Anyone => continue,
        };
        let case = case(operation, &world, world.bens);
        for (ask, stranger) in
            asks(&case).into_iter().flat_map(|ask| strangers.iter().map(move |who| (ask, who)))
        {
            for carrier in stranger.carriers() {
                world.expect(ask, carrier, StatusCode::FORBIDDEN).await?;
                refused += 1;
            }
        }
    }
    assert!(refused >= 20, "{refused}");
    Ok(())
}

#[tokio::test]
async fn what_is_told_about_the_contract_is_what_is_served() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let answer = tests::http::get(house.address(), "/api/openapi.json").await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let document: serde_json::Value = serde_json::from_slice(answer.body())?;
    for &operation in Operation::ALL {
        let told = &document["paths"][operation.path()][operation.method().as_str().to_ascii_lowercase()];
        assert!(told["responses"].is_object(), "{operation:?} is not described");
    }
    let told = String::from_utf8_lossy(answer.body());
    for secret in [house.home.data_dir().to_string_lossy().as_ref(), "Ada"] {
        assert!(!told.contains(secret), "{secret}");
    }
    Ok(())
}
