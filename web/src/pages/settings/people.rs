//! Who lives here, as the owner sees to it: invited, helped back in, suspended, let in again.

use super::resident::{Owner, Resident};
use super::shell::{After, Deed, Nothing, Section, Shell, refused, told};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::moment;
use crate::pages::visit::url_encoded;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::problem::ErrorCode;
use engine_client::wire::people::{Invite, Invited, PersonStateView, PersonView, RoleView, SetPersonState};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "settings_people.html")]
struct PeoplePage {
    frame: Frame,
    shell: Shell,
    people: Vec<Row>,
    /// As it stands in the field.
    name: String,
}

struct Row {
    id: Uuid,
    name: String,
    role: String,
    state: String,
    at: String,
    at_short: String,
    is_me: bool,
    is_suspended: bool,
}

/// The code, shown once, and what is to be done with it.
#[derive(Template)]
#[template(path = "settings_code.html")]
struct CodePage {
    frame: Frame,
    shell: Shell,
    what: String,
    address: String,
    name: String,
    code: String,
}

#[derive(Deserialize)]
pub struct Name {
    name: String,
}

pub async fn get(
    State(face): State<Face>,
    Owner(owner): Owner,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let done = match after.done.as_str() {
        "suspended" => Some(face.words.say("settings-person-suspended")),
        "resumed" => Some(face.words.say("settings-person-resumed")),
        _ => None,
    };
    Ok(html(&page(&face, &owner, String::new(), |shell| shell.with_done(done)).await?))
}

pub async fn invite(
    State(face): State<Face>,
    Owner(owner): Owner,
    Sealed(asked): Sealed<Name>,
) -> Result<Response, PageError> {
    let new = Invite { name: asked.name.clone() };
    let problem = match owner.client.post::<Invited>("/api/v1/people", &new).await {
        Ok(invited) => return Ok(code_page(&face, &owner, invited, "settings-invited")),
        Err(error) if error.code() == Some(ErrorCode::Taken) => face.words.say("settings-name-taken"),
        Err(error) => told(error)?,
    };
    let page = page(&face, &owner, asked.name, |shell| shell.with_problem(Some(problem))).await?;
    Ok(refused(&page))
}

pub async fn new_code(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let invited: Invited = owner.client.post(&format!("/api/v1/people/{id}/code"), &()).await?;
    Ok(code_page(&face, &owner, invited, "settings-new-code"))
}

pub async fn ask_suspend(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let person = find(&owner, id).await?;
    let deed = Deed {
        title: "settings-suspend-title",
        button: "settings-suspend",
        sentence: face.words.say_with("settings-suspend-what", "name", &person.name),
        action: format!("/settings/people/{id}/suspend"),
        danger: true,
    };
    Ok(owner.confirm(&face, Section::People, deed))
}

pub async fn ask_resume(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let person = find(&owner, id).await?;
    let deed = Deed {
        title: "settings-resume-title",
        button: "settings-resume",
        sentence: face.words.say_with("settings-resume-what", "name", &person.name),
        action: format!("/settings/people/{id}/resume"),
        danger: false,
    };
    Ok(owner.confirm(&face, Section::People, deed))
}

pub async fn suspend(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    set_state(&face, &owner, id, PersonStateView::Suspended, "suspended").await
}

pub async fn resume(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    set_state(&face, &owner, id, PersonStateView::Active, "resumed").await
}

async fn set_state(
    face: &Face,
    owner: &Resident,
    id: Uuid,
    state: PersonStateView,
    done: &str,
) -> Result<Response, PageError> {
    let path = format!("/api/v1/people/{id}/state");
    match owner.client.post::<PersonView>(&path, &SetPersonState { state }).await {
        Ok(_) => Ok(Redirect::to(&format!("/settings/people?done={done}")).into_response()),
        Err(error) => {
            let problem = told(error)?;
            let page = page(face, owner, String::new(), |shell| shell.with_problem(Some(problem))).await?;
            Ok(refused(&page))
        }
    }
}

async fn find(owner: &Resident, id: Uuid) -> Result<PersonView, PageError> {
    let people: Vec<PersonView> = owner.client.get("/api/v1/people").await?;
    people.into_iter().find(|person| person.id == id).ok_or(PageError::NotFound)
}

fn code_page(face: &Face, owner: &Resident, invited: Invited, what: &str) -> Response {
    let name = invited.person.name;
    html(&CodePage {
        frame: owner.frame(face, &face.words.say_with("settings-code-title", "name", &name)),
        shell: owner.shell(face, Section::People),
        what: face.words.say(what),
        address: format!("{}/join?name={}", owner.address, url_encoded(&name)),
        name,
        code: invited.code,
    })
}

async fn page(
    face: &Face,
    owner: &Resident,
    name: String,
    shown: impl FnOnce(Shell) -> Shell,
) -> Result<PeoplePage, PageError> {
    let people: Vec<PersonView> = owner.client.get("/api/v1/people").await?;
    Ok(PeoplePage {
        frame: owner.frame(face, &Section::People.name(&face.words)),
        shell: shown(owner.shell(face, Section::People)),
        people: people.into_iter().map(|person| row(&face.words, owner.me.id, person)).collect(),
        name,
    })
}

fn row(words: &Words, me: Uuid, person: PersonView) -> Row {
    Row {
        id: person.id,
        name: person.name,
        role: match person.role {
            RoleView::Owner => words.say("settings-role-owner"),
            RoleView::Member => words.say("settings-role-member"),
        },
        state: match person.state {
            PersonStateView::Invited => words.say("settings-state-invited"),
            PersonStateView::Active => words.say("settings-state-active"),
            PersonStateView::Suspended => words.say("settings-state-suspended"),
        },
        at: moment::exact(person.created_at),
        at_short: moment::short(person.created_at),
        is_me: person.id == me,
        is_suspended: person.state == PersonStateView::Suspended,
    }
}
