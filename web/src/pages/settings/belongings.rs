//! What is one's own, as a whole: how much it is, taken along, and taken away.
//!
//! Taking away asks for the password on a page that counts what is lost. It comes true a moment later, so the
//! page says that it will, not that it has.

use super::removed::{self, Row};
use super::resident::Resident;
use super::shell::{After, Section, Shell, refused, told};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::moment::{self, Zone};
use crate::pages::session;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::belongings::{Erase, ErasureView, HoldingsView};
use http::header;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "settings_data.html")]
struct DataPage {
    frame: Frame,
    shell: Shell,
    held: Vec<Held>,
    has_things: bool,
    may_leave: bool,
    removed: Vec<Row>,
    /// Where those are that were removed from longer ago.
    earlier: Option<String>,
}

/// So much of one kind.
struct Held {
    name: String,
    amount: String,
}

/// Asks for the password, and says what is lost.
#[derive(Template)]
#[template(path = "settings_erase.html")]
struct ErasePage {
    frame: Frame,
    shell: Shell,
    held: Vec<Held>,
    sentence: String,
    action: &'static str,
    button: String,
}

/// To somebody who has no account any more.
#[derive(Template)]
#[template(path = "farewell.html")]
struct Farewell {
    frame: Frame,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    after: After,
    /// A place in the list of removed conversations.
    before: Option<String>,
}

#[derive(Deserialize)]
pub struct Password {
    current: String,
}

pub async fn get(
    State(face): State<Face>,
    resident: Resident,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let words = &face.words;
    let held: HoldingsView = resident.client.get("/api/v1/me/belongings").await?;
    let (removed, next) = removed::page(words, &resident, asked.before.as_deref()).await?;
    let done = match asked.after.done.as_str() {
        "erasing" => Some(words.say("settings-data-erasing")),
        "restored" => Some(words.say("settings-data-restored")),
        "deleted" => Some(words.say("settings-data-deleted")),
        _ => None,
    };
    Ok(html(&DataPage {
        frame: resident.frame(&face, &Section::Data.name(words)),
        shell: resident.shell(&face, Section::Data).with_done(done),
        has_things: [held.conversations, held.attachments, held.memories].iter().any(|&count| count > 0),
        may_leave: held.may_leave,
        held: rows(words, &held),
        removed,
        earlier: next.map(|next| format!("/settings/data?before={next}#removed")),
    }))
}

/// One file, passed on as it comes.
pub async fn export(State(face): State<Face>, resident: Resident) -> Result<Response, PageError> {
    let content = resident.client.download("/api/v1/me/export").await?;
    let today = moment::date(moment::day(face.appliance.now(), Zone::default()));
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"whisperengine-{today}.jsonl\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(content)).into_response())
}

pub async fn ask_erase(State(face): State<Face>, resident: Resident) -> Result<Response, PageError> {
    Ok(html(&erase_page(&face, &resident, ErasureView::Things, None).await?))
}

pub async fn ask_leave(State(face): State<Face>, resident: Resident) -> Result<Response, PageError> {
    Ok(html(&erase_page(&face, &resident, ErasureView::Account, None).await?))
}

pub async fn erase(
    State(face): State<Face>,
    resident: Resident,
    Sealed(password): Sealed<Password>,
) -> Result<Response, PageError> {
    Ok(match wish(&face, &resident, ErasureView::Things, password).await? {
        Ok(()) => Redirect::to("/settings/data?done=erasing").into_response(),
        Err(page) => page,
    })
}

pub async fn leave(
    State(face): State<Face>,
    resident: Resident,
    Sealed(password): Sealed<Password>,
) -> Result<Response, PageError> {
    Ok(match wish(&face, &resident, ErasureView::Account, password).await? {
        Ok(()) => {
            let title = face.words.say("farewell-title");
            let page = html(&Farewell { frame: Frame::new(face.words.clone(), &title, "") });
            ([(header::SET_COOKIE, session::sign_out(resident.secure))], page).into_response()
        }
        Err(page) => page,
    })
}

/// The page that says why not, where it was refused.
async fn wish(
    face: &Face,
    resident: &Resident,
    what: ErasureView,
    password: Password,
) -> Result<Result<(), Response>, PageError> {
    let erase = Erase { what, current: password.current };
    match resident.client.post::<()>("/api/v1/me/erase", &erase).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => {
            let problem = Some(told(error)?);
            Ok(Err(refused(&erase_page(face, resident, what, problem).await?)))
        }
    }
}

async fn erase_page(
    face: &Face,
    resident: &Resident,
    what: ErasureView,
    problem: Option<String>,
) -> Result<ErasePage, PageError> {
    let words = &face.words;
    let held: HoldingsView = resident.client.get("/api/v1/me/belongings").await?;
    let (title, sentence, action, button) = match what {
        ErasureView::Things => (
            "settings-data-erase",
            "settings-data-erase-what",
            "/settings/data/erase",
            "settings-data-erase-do",
        ),
        ErasureView::Account => (
            "settings-data-leave",
            "settings-data-leave-what",
            "/settings/data/leave",
            "settings-data-leave-do",
        ),
    };
    Ok(ErasePage {
        frame: resident.frame(face, &words.say(title)),
        shell: resident.shell(face, Section::Data).with_problem(problem),
        held: rows(words, &held),
        sentence: words.say(sentence),
        action,
        button: words.say(button),
    })
}

fn rows(words: &Words, held: &HoldingsView) -> Vec<Held> {
    let row = |name: &str, amount: String| Held { name: words.say(name), amount };
    let files = match held.attachments {
        0 => "0".to_owned(),
        files => format!("{files} ({})", size(held.attachment_bytes)),
    };
    vec![
        row("settings-data-conversations", held.conversations.to_string()),
        row("settings-data-messages", held.messages.to_string()),
        row("settings-data-files", files),
        row("settings-data-memories", held.memories.to_string()),
    ]
}

fn size(bytes: i64) -> String {
    const MIB: i64 = 1024 * 1024;
    match bytes {
        ..1024 => format!("{bytes} B"),
        1024..MIB => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_the_unit_that_fits() {
        let sizes = [0, 1023, 1024, 1_048_575, 1_048_576, 1_600_000].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1 KiB", "1023 KiB", "1.0 MiB", "1.5 MiB"]);
    }
}
