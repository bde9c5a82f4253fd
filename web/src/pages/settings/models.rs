//! Model connections, as the owner sees to them: added once they were seen to work, tested, changed, removed.

use super::resident::{Owner, Resident};
use super::shell::{After, Deed, Nothing, Section, Shell, refused, told};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::wire::connections::{ConnectionChange, ConnectionTest, ConnectionView, NewConnection};
use serde::Deserialize;
use uuid::Uuid;

/// Names are long enough to be told apart, and a server may know hundreds.
const MOST_NAMED: usize = 12;

#[derive(Template)]
#[template(path = "settings_models.html")]
struct ModelsPage {
    frame: Frame,
    shell: Shell,
    connections: Vec<Row>,
}

struct Row {
    connection: ConnectionView,
    first: bool,
    last: bool,
    /// What a test has just found.
    found: Option<Found>,
}

struct Found {
    well: bool,
    sentence: String,
}

/// One form for a new connection and for a change.
#[derive(Template)]
#[template(path = "settings_model.html")]
struct ModelPage {
    frame: Frame,
    shell: Shell,
    /// Where the form goes.
    action: String,
    /// `None` for a new connection.
    known: Option<Known>,
    fields: Fields,
}

struct Known {
    has_key: bool,
}

#[derive(Default, Deserialize)]
pub struct Fields {
    #[serde(default)]
    name: String,
    url: String,
    model: String,
    #[serde(default)]
    key: String,
    /// Checked to take the stored key away.
    #[serde(default)]
    forget: Option<String>,
    #[serde(default)]
    context: String,
    #[serde(default)]
    continues: Option<String>,
}

pub async fn get(
    State(face): State<Face>,
    Owner(owner): Owner,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let done = match after.done.as_str() {
        "added" => Some(face.words.say("settings-model-added")),
        "removed" => Some(face.words.say("settings-model-removed")),
        _ => None,
    };
    Ok(html(&list(&face, &owner, None, |shell| shell.with_done(done)).await?))
}

pub async fn test(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let found = found(&face, &owner, id).await?;
    Ok(html(&list(&face, &owner, Some((id, found)), |shell| shell).await?))
}

pub async fn new(State(face): State<Face>, Owner(owner): Owner) -> Response {
    html(&form(&face, &owner, None, Fields::default(), None))
}

/// Keeps the connection only if its server answers and knows the model.
pub async fn add(
    State(face): State<Face>,
    Owner(owner): Owner,
    Sealed(fields): Sealed<Fields>,
) -> Result<Response, PageError> {
    let problem = match fields.to_new(&face) {
        Err(problem) => problem,
        Ok(wanted) => match owner.client.post::<ConnectionView>("/api/v1/connections", &wanted).await {
            Err(error) => told(error)?,
            Ok(connection) => {
                let found = found(&face, &owner, connection.id).await;
                if let Ok(Found { well: true, .. }) = found {
                    return Ok(Redirect::to("/settings/models?done=added").into_response());
                }
                owner.client.delete(&path(connection.id)).await?;
                found?.sentence
            }
        },
    };
    Ok(refused(&form(&face, &owner, None, fields, Some(problem))))
}

pub async fn edit(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let connection = find(&owner, id).await?;
    let fields = Fields::of(&connection);
    Ok(html(&form(&face, &owner, Some(&connection), fields, None)))
}

/// Keeps what was entered, then says whether it works: a server may be off while its address is mended.
pub async fn change(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(fields): Sealed<Fields>,
) -> Result<Response, PageError> {
    let connection = find(&owner, id).await?;
    let problem = match fields.to_change(&face) {
        Err(problem) => problem,
        Ok(change) => match owner.client.patch::<ConnectionView>(&path(id), &change).await {
            Err(error) => told(error)?,
            Ok(_) => {
                let found = found(&face, &owner, id).await?;
                let done = Some(face.words.say("settings-model-changed"));
                let page = list(&face, &owner, Some((id, found)), |shell| shell.with_done(done)).await?;
                return Ok(html(&page));
            }
        },
    };
    Ok(refused(&form(&face, &owner, Some(&connection), fields, Some(problem))))
}

pub async fn ask_remove(
    State(face): State<Face>,
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let connection = find(&owner, id).await?;
    let deed = Deed {
        title: "settings-model-remove-title",
        button: "settings-remove-do",
        sentence: face.words.say_with("settings-model-remove-what", "name", &connection.name),
        action: format!("/settings/models/{id}/remove"),
        danger: true,
    };
    Ok(owner.confirm(&face, Section::Models, deed))
}

pub async fn remove(
    Owner(owner): Owner,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    owner.client.delete(&path(id)).await?;
    Ok(Redirect::to("/settings/models?done=removed").into_response())
}

/// What the server says, in a sentence.
async fn found(face: &Face, owner: &Resident, id: Uuid) -> Result<Found, PageError> {
    let test = owner.client.post::<ConnectionTest>(&format!("{}/test", path(id)), &()).await;
    match test {
        Ok(test) if test.knows_model => {
            Ok(Found { well: true, sentence: face.words.say("settings-model-well") })
        }
        Ok(test) => Ok(Found { well: false, sentence: unknown(face, &test.models) }),
        Err(error @ ClientError::Refused(_)) => Ok(Found { well: false, sentence: told(error)? }),
        Err(error) => Err(error.into()),
    }
}

fn unknown(face: &Face, models: &[String]) -> String {
    if models.is_empty() {
        return face.words.say("settings-model-none");
    }
    let mut named = models.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if models.len() > MOST_NAMED {
        named.push_str(", …");
    }
    face.words.say_with("setup-model-unknown", "models", &named)
}

async fn connections(owner: &Resident) -> Result<Vec<ConnectionView>, PageError> {
    Ok(owner.client.get("/api/v1/connections").await?)
}

async fn find(owner: &Resident, id: Uuid) -> Result<ConnectionView, PageError> {
    let found = connections(owner).await?.into_iter().find(|connection| connection.id == id);
    found.ok_or(PageError::NotFound)
}

async fn list(
    face: &Face,
    owner: &Resident,
    mut tested: Option<(Uuid, Found)>,
    shown: impl FnOnce(Shell) -> Shell,
) -> Result<ModelsPage, PageError> {
    let connections = connections(owner).await?;
    let count = connections.len();
    let rows = connections.into_iter().enumerate().map(|(at, connection)| Row {
        first: at == 0,
        last: at + 1 == count,
        found: tested.take_if(|(id, _)| *id == connection.id).map(|(_, found)| found),
        connection,
    });
    Ok(ModelsPage {
        frame: owner.frame(face, &Section::Models.name(&face.words)),
        connections: rows.collect(),
        shell: shown(owner.shell(face, Section::Models)),
    })
}

fn form(
    face: &Face,
    owner: &Resident,
    known: Option<&ConnectionView>,
    fields: Fields,
    problem: Option<String>,
) -> ModelPage {
    let (title, action) = match known {
        None => (face.words.say("setup-model"), "/settings/models/add".to_owned()),
        Some(known) => (
            face.words.say_with("settings-model-change-title", "name", &known.name),
            format!("/settings/models/{}", known.id),
        ),
    };
    ModelPage {
        frame: owner.frame(face, &title),
        shell: owner.shell(face, Section::Models).with_problem(problem),
        action,
        known: known.map(|known| Known { has_key: known.has_key }),
        fields,
    }
}

fn path(id: Uuid) -> String {
    format!("/api/v1/connections/{id}")
}

impl Fields {
    fn of(connection: &ConnectionView) -> Self {
        Self {
            name: connection.name.clone(),
            url: connection.url.clone(),
            model: connection.model.clone(),
            context: connection.context_tokens.to_string(),
            continues: connection.continues_text.then(|| "yes".to_owned()),
            ..Self::default()
        }
    }

    fn to_new(&self, face: &Face) -> Result<NewConnection, String> {
        Ok(NewConnection {
            name: filled(&self.name),
            url: self.url.clone(),
            model: self.model.clone(),
            key: filled(&self.key),
            context_tokens: self.context_tokens(face)?,
            continues_text: self.continues.is_some(),
        })
    }

    /// An empty field for the key leaves the stored one; to take it away there is a box to check.
    fn to_change(&self, face: &Face) -> Result<ConnectionChange, String> {
        Ok(ConnectionChange {
            name: Some(self.name.clone()),
            url: Some(self.url.clone()),
            model: Some(self.model.clone()),
            key: filled(&self.key).or_else(|| self.forget.is_some().then(String::new)),
            context_tokens: self.context_tokens(face)?,
            continues_text: Some(self.continues.is_some()),
        })
    }

    fn context_tokens(&self, face: &Face) -> Result<Option<i64>, String> {
        let number = filled(&self.context).map(|text| text.trim().parse()).transpose();
        number.map_err(|_| face.words.say("settings-model-context-number"))
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
