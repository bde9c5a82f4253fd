//! Every address of the listener.

use super::addresses::{Address, Door};
use super::world::{Ask, Carrier, Person, SECRET_WORD, World};
use anyhow::{Context, ensure};
use engine_client::wire::conversations::MessagePage;
use http::{StatusCode, header};
use tests::house::PASSWORD;
use uuid::Uuid;

enum Case {
    /// It names something that is somebody's: this is how another person asks for Anna's.
    Hers(Vec<Ask>),
    /// It tells what is the caller's own, so nothing of Anna's to anybody else.
    Own(Ask),
    /// What only the owner may do.
    Owners(Ask),
    /// A form that names nothing of anybody's: these are its fields.
    Form(&'static str),
    /// It names nothing of anybody's.
    Nobodys,
}

/// A new address: say here how somebody would ask for what is Anna's, whose own conversation is `own`. A form
/// goes without its seal, which is put on behind.
fn case(address: Address, world: &World, other: &Person, own: Uuid) -> Case {
    let hers = &world.hers;
    let at = |id: Uuid| {
        let path = address.path().replace("{id}", &id.to_string());
        let path = path.replace("{turn}", &hers.turn.to_string());
        Ask::new(address.method(), path.replace("{message}", &hers.message.to_string()))
    };
    let with_query = |ask: Ask, query: &str| Ask { path: format!("{}?{query}", ask.path), ..ask };
    let plain = || Ask::new(address.method(), address.path());
    let new_turn = || Uuid::now_v7().to_string();
    match address {
        Address::Chat => Case::Hers(vec![
            at(hers.conversation),
            at(hers.removed),
            with_query(at(own), &format!("edit={}", hers.message)),
            with_query(at(own), &format!("before={}", hers.message)),
        ]),
        Address::RenameChat => Case::Hers(vec![at(hers.conversation).form("title=mine".into())]),
        Address::PinChat => Case::Hers(vec![at(hers.conversation).form("pinned=true".into())]),
        Address::RemoveChat => Case::Hers(vec![at(hers.conversation).form(String::new())]),
        Address::RestoreChat => {
            Case::Hers([hers.removed, hers.conversation].map(|id| at(id).form(String::new())).into())
        }
        Address::Say => Case::Hers(vec![
            at(hers.conversation).composer(&[("turn", &new_turn()), ("text", "hello")]),
            at(own).composer(&[
                ("turn", &new_turn()),
                ("text", "hello"),
                ("instead_of", &hers.message.to_string()),
            ]),
        ]),
        // What was being said when a session ended is said by whoever comes in.
        Address::BeginSession => {
            let (name, password) = (&other.name, PASSWORD.replace(' ', "+"));
            let said = format!("conversation={}&turn={}&text=hello", hers.conversation, new_turn());
            Case::Hers(vec![plain().form(format!("name={name}&password={password}&{said}"))])
        }
        Address::ReplyAgain | Address::GoOnWithReply => Case::Hers(
            [hers.conversation, own].map(|id| at(id).form(format!("turn={}", new_turn()))).into(),
        ),
        Address::LookAtMessage | Address::StopReply => {
            Case::Hers([hers.conversation, own].map(|id| at(id).form(String::new())).into())
        }
        Address::RawMessage | Address::ReadAloud | Address::ReplyDetail | Address::FollowReply => {
            Case::Hers(vec![at(hers.conversation), at(own)])
        }
        Address::File => Case::Hers(vec![at(hers.attachment)]),
        Address::AskToRevokeKey => Case::Hers(vec![at(hers.key)]),
        Address::RevokeKey => Case::Hers(vec![at(hers.key).form(String::new())]),

        // Anna said this word, too; the secret one would stand in the page as what was searched.
        Address::Search | Address::Palette => Case::Own(with_query(plain(), "q=hide")),
        Address::Keys
        | Address::Profile
        | Address::Appearance
        | Address::Data
        | Address::ExportMine
        | Address::AskToErase
        | Address::AskToLeave => Case::Own(plain()),
        Address::AskToDeleteRemoved => Case::Hers(vec![at(hers.conversation)]),
        Address::RestoreRemoved | Address::DeleteRemoved => {
            Case::Hers(vec![at(hers.conversation).form(String::new())])
        }
        Address::Erase | Address::LeaveForGood => Case::Form("current=x"),

        Address::People
        | Address::System
        | Address::SystemNow
        | Address::SystemLogs
        | Address::DownloadLog
        | Address::FollowLog
        | Address::Connections
        | Address::NewConnection
        | Address::TheBox
        | Address::AskToRestart
        | Address::AskToStop
        | Address::SetUpMachine
        | Address::SetUpContainers
        | Address::SetUpContainersNow
        | Address::SetUpModel => Case::Owners(plain()),
        Address::AskToSuspend | Address::AskToResume => Case::Owners(at(world.anna.id)),
        Address::NewCode | Address::Suspend | Address::Resume => {
            Case::Owners(at(world.anna.id).form(String::new()))
        }
        Address::Connection | Address::AskToRemoveConnection => Case::Owners(at(world.connection)),
        Address::TestConnection
        | Address::EarlierConnection
        | Address::LaterConnection
        | Address::RemoveConnection => Case::Owners(at(world.connection).form(String::new())),
        Address::ChangeConnection => Case::Owners(at(world.connection).form(MODEL.into())),
        Address::AddConnection | Address::ConnectModel => Case::Owners(plain().form(MODEL.into())),
        Address::InvitePerson => Case::Owners(plain().form("name=Eve".into())),
        Address::Restart | Address::Stop | Address::KeepRecovery | Address::SeenMachine | Address::LookAgain | Address::LookAgainInSetUp | Address::GoWithoutContainers | Address::LookAtEngine | Address::Diagnostics | Address::SearchModels | Address::ModelLater => {
            Case::Owners(plain().form(String::new()))
        }

        Address::AskForHome => Case::Owners(with_query(of_redis(address), "home=container")),
        Address::ChooseHome => Case::Owners(of_redis(address).form("home=native".into())),
        Address::RetryService | Address::RepairIssue | Address::CancelJob => {
            Case::Owners(of_redis(address).form(String::new()))
        }

        Address::NewChat | Address::EndSessions | Address::EndSession | Address::RecoveryAgain => {
            Case::Form("")
        }
        Address::Rename | Address::CreateKey => Case::Form("name=Eve"),
        Address::ChangePassword => Case::Form("current=x&password=y&again=y"),
        Address::ChooseAppearance => Case::Form("theme=dark&size=large&hue=10"),
        Address::SetUpToken => Case::Form("token=x"),
        Address::SpendCode => Case::Form("name=Eve&code=x&password=y&again=y"),

        Address::Health
        | Address::Ready
        | Address::Metrics
        | Address::Authority
        | Address::Manifest
        | Address::Asset
        | Address::Look
        | Address::Contract
        | Address::Api
        | Address::ChatCompletions
        | Address::Embeddings
        | Address::Transcribe
        | Address::Translate
        | Address::Speak
        | Address::Voices
        | Address::Live
        // Without a socket there is nothing to it.
        | Address::Listen
        | Address::ListModels
        | Address::GetModel
        | Address::Certificate
        | Address::SetUp
        // A box that has an owner leads on before it looks at the form.
        | Address::SetUpOwner
        | Address::SetUpRecovery
        | Address::SignIn
        | Address::BackAgain
        | Address::Join
        | Address::Home
        | Address::NewestChat
        | Address::Shortcuts => Case::Nobodys,
    }
}

/// What the box leans on has a name, rather than a number.
fn of_redis(address: Address) -> Ask {
    Ask::new(address.method(), address.path().replace("{id}", "redis"))
}

const MODEL: &str = "url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&model=m&key=";

fn asks(address: Address, case: &Case) -> Vec<Ask> {
    match case {
        Case::Hers(asks) => asks.clone(),
        Case::Own(ask) | Case::Owners(ask) => vec![ask.clone()],
        Case::Form(fields) => vec![Ask::new("POST", address.path()).form((*fields).to_owned())],
        Case::Nobodys => Vec::new(),
    }
}

/// The seal that forms carry for this browser, as a page tells it.
async fn seal(world: &World, path: &str, browser: Carrier<'_>) -> anyhow::Result<String> {
    let page = world.expect(&Ask::new("GET", path), browser, StatusCode::OK).await?;
    let page = String::from_utf8(page.to_vec())?;
    let seal = page.split("name=\"seal\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(seal.context("a page with a form")?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_annas_opens_for_nobody_else() -> anyhow::Result<()> {
    let world = World::new().await?;
    for (other, own) in [(&world.ben, world.bens), (&world.ada, world.adas)] {
        let session = Carrier::Session(&other.session);
        let seal = seal(&world, &format!("/chat/{own}"), session).await?;
        for &address in Address::ALL {
            let case = case(address, &world, other, own);
            let named = address.path().contains("{id}");
            ensure!(
                !named || matches!(case, Case::Hers(_) | Case::Owners(_)),
                "{address:?} names something: it needs a case in `Hers`"
            );
            ensure!(
                address.method() != "POST"
                    || address.door() == Door::Key
                    || !asks(address, &case).is_empty()
                    || address == Address::SetUpOwner,
                "{address:?} takes a form: it needs a case that has its fields"
            );
            for ask in asks(address, &case) {
                let whole = ask.sealed(&seal);
                match case {
                    Case::Hers(_) => {
                        let body = world.expect(&whole, session, StatusCode::NOT_FOUND).await?;
                        world.tells_nothing_of_hers(&whole, &body)?;
                    }
                    Case::Own(_) => {
                        let body = world.expect(&whole, session, StatusCode::OK).await?;
                        world.tells_nothing_of_hers(&whole, &body)?;
                    }
                    Case::Owners(_) if other.id == world.ben.id => {
                        world.expect(&whole, session, StatusCode::FORBIDDEN).await?;
                    }
                    Case::Owners(_) | Case::Form(_) | Case::Nobodys => {}
                }
                // A form that did not come from a page of theirs does nothing, whoever it names.
                if ask.method == "POST" {
                    for forged in ask.forged(&seal) {
                        world.expect(&forged, session, StatusCode::FORBIDDEN).await?;
                    }
                }
            }
        }
    }
    for address in
        [Address::Chat, Address::RawMessage, Address::ReadAloud, Address::ReplyDetail, Address::File]
    {
        let Case::Hers(asks) = case(address, &world, &world.anna, world.hers.conversation) else {
            anyhow::bail!("{address:?} is about what is hers");
        };
        world.expect(&asks[0], Carrier::Session(&world.anna.session), StatusCode::OK).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stranger_writes_is_kept_at_the_door_and_said_to_nobody() -> anyhow::Result<()> {
    let world = World::new().await?;
    let stranger = Carrier::Session("made-up");
    let seal = seal(&world, "/sign-in", stranger).await?;
    let path = format!("/chat/{}/messages", world.hers.conversation);
    let turn = Uuid::now_v7().to_string();
    let ask = Ask::new("POST", path).composer(&[("turn", &turn), ("text", "let me in")]);
    let door = world.expect(&ask.sealed(&seal), stranger, StatusCode::UNAUTHORIZED).await?;
    let door = String::from_utf8(door.to_vec())?;
    ensure!(door.contains("let me in") && !door.contains(SECRET_WORD), "{door}");
    for forged in ask.forged(&seal) {
        world.expect(&forged, stranger, StatusCode::FORBIDDEN).await?;
    }
    let talk: MessagePage =
        world.anna.client.get(&format!("/api/v1/conversations/{}/messages", world.hers.conversation)).await?;
    ensure!(talk.messages.iter().all(|message| message.text != "let me in"), "{talk:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_asks_for_its_own_proof() -> anyhow::Result<()> {
    let world = World::new().await?;
    let any = Uuid::now_v7().to_string();
    for &address in Address::ALL {
        let path = address.path().replace("{id}", &any).replace("{turn}", &any).replace("{message}", &any);
        let path = path.replace("{*path}", "me").replace("{*name}", "Wren");
        let ask = Ask::new(if address.method() == "ANY" { "GET" } else { address.method() }, path);
        match address.door() {
            Door::Key => {
                world.expect(&ask, Carrier::Nobody, StatusCode::UNAUTHORIZED).await?;
                world.expect(&ask, Carrier::Session(&world.ben.session), StatusCode::UNAUTHORIZED).await?;
                for carrier in [Carrier::Bearer("wek_wrong"), Carrier::ApiKey("wek_wrong")] {
                    world.expect(&ask, carrier, StatusCode::UNAUTHORIZED).await?;
                }
            }
            // It keeps what a stranger wrote: a story of its own.
            Door::Member if address == Address::Say => {}
            Door::Member => {
                // A key is for programs: it opens no page.
                let strangers =
                    [Carrier::Nobody, Carrier::Session("made-up"), Carrier::Bearer(&world.ben.key)];
                for stranger in strangers {
                    let answer = world.ask(&ask, stranger).await?;
                    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                    let out = answer.status() == StatusCode::SEE_OTHER
                        && to.is_some_and(|to| to.starts_with("/sign-in"));
                    ensure!(out, "{ask:?} as {stranger:?}: {} to {to:?}", answer.status());
                }
            }
            Door::Guest | Door::Open => {}
        }
    }
    Ok(())
}
