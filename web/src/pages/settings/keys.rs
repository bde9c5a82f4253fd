//! Keys for programs that speak for oneself: made, shown once, taken back.

use super::resident::Resident;
use super::shell::{After, Deed, Nothing, Section, Shell, refused, told};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::moment;
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::people::{KeyCreated, KeyView, NewKey};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "settings_keys.html")]
struct KeysPage {
    frame: Frame,
    shell: Shell,
    keys: Vec<Row>,
    revoked: Vec<Row>,
    /// As it stands in the field.
    name: String,
}

struct Row {
    id: Uuid,
    name: String,
    hint: String,
    at: String,
    at_short: String,
}

#[derive(Template)]
#[template(path = "settings_key.html")]
struct NewKeyPage {
    frame: Frame,
    shell: Shell,
    key: String,
    /// Tries the key out, in a terminal.
    line: String,
}

#[derive(Deserialize)]
pub struct Name {
    name: String,
}

pub async fn get(
    State(face): State<Face>,
    resident: Resident,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let done = (after.done == "revoked").then(|| face.words.say("settings-key-revoked"));
    let page = page(&face, &resident, String::new(), |shell| shell.with_done(done)).await?;
    Ok(html(&page))
}

/// The answer is the page with the key: it is in no address, and nowhere else afterwards.
pub async fn create(
    State(face): State<Face>,
    resident: Resident,
    Sealed(asked): Sealed<Name>,
) -> Result<Response, PageError> {
    let new = NewKey { name: asked.name.clone() };
    match resident.client.post::<KeyCreated>("/api/v1/keys", &new).await {
        Ok(created) => {
            let line =
                format!("curl {}/v1/models -H \"Authorization: Bearer {}\"", resident.address, created.key);
            Ok(html(&NewKeyPage {
                frame: resident.frame(&face, &created.name),
                shell: resident.shell(&face, Section::Keys),
                key: created.key,
                line,
            }))
        }
        Err(error) => {
            let problem = told(error)?;
            let shown = page(&face, &resident, asked.name, |shell| shell.with_problem(Some(problem)));
            Ok(refused(&shown.await?))
        }
    }
}

/// Says what stops working.
pub async fn ask(
    State(face): State<Face>,
    resident: Resident,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let keys: Vec<KeyView> = resident.client.get("/api/v1/keys").await?;
    let key = keys.into_iter().find(|key| key.id == id && key.revoked_at.is_none());
    let key = key.ok_or(PageError::NotFound)?;
    let deed = Deed {
        title: "settings-key-revoke-title",
        button: "settings-key-revoke",
        sentence: face.words.say_with("settings-key-revoke-what", "name", &key.name),
        action: format!("/settings/keys/{id}/revoke"),
        danger: true,
    };
    Ok(resident.confirm(&face, Section::Keys, deed))
}

pub async fn revoke(
    resident: Resident,
    Path(id): Path<Uuid>,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    resident.client.delete(&format!("/api/v1/keys/{id}")).await?;
    Ok(Redirect::to("/settings/keys?done=revoked").into_response())
}

async fn page(
    face: &Face,
    resident: &Resident,
    name: String,
    shown: impl FnOnce(Shell) -> Shell,
) -> Result<KeysPage, PageError> {
    let keys: Vec<KeyView> = resident.client.get("/api/v1/keys").await?;
    let (revoked, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.revoked_at.is_some());
    Ok(KeysPage {
        frame: resident.frame(face, &Section::Keys.name(&face.words)),
        shell: shown(resident.shell(face, Section::Keys)),
        keys: keys.into_iter().map(row).collect(),
        revoked: revoked.into_iter().map(row).collect(),
        name,
    })
}

/// With the moment that counts: when it was revoked, else when it was made.
fn row(key: KeyView) -> Row {
    let at = key.revoked_at.unwrap_or(key.created_at);
    Row { id: key.id, name: key.name, hint: key.hint, at: moment::exact(at), at_short: moment::short(at) }
}
