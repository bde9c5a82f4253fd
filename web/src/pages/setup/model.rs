//! A language model for the companion: found on this machine, entered, or not yet.
//!
//! Nothing is asked before somebody presses the button for it, and a model is connected only if its server
//! answers and knows it.

use super::progress::{self, frame, refused};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::visit::Member;
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::client::ClientError;
use engine_client::problem::{ErrorCode, Problem};
use engine_client::wire::connections::{
    ConnectionTest, ConnectionView, FoundModel, FoundServer, NewConnection, Scan, ServerKind, Talks,
};
use engine_client::wire::setup::SetupStep;
use serde::Deserialize;

/// Buttons for one server; more would be a list that nobody reads.
const MOST_SHOWN: usize = 30;

#[derive(Template)]
#[template(path = "setup_model.html")]
struct ModelPage {
    frame: Frame,
    url: String,
    model: String,
    problem: Option<String>,
    /// `None` before anybody looked.
    found: Option<Vec<Server>>,
}

struct Server {
    title: String,
    url: String,
    models: Vec<Offer>,
    /// What must be said below its models.
    note: Option<String>,
}

struct Offer {
    name: String,
    use_it: String,
    /// Why it is the one to take; `None` for all but one.
    recommended: Option<String>,
}

#[derive(Deserialize)]
pub struct Model {
    url: String,
    model: String,
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn get(State(face): State<Face>, member: Member) -> Result<Response, PageError> {
    progress::owners_only(&member).await?;
    Ok(html(&page(&face, &member)))
}

/// Asks the usual places of this machine.
pub async fn search(
    State(face): State<Face>,
    member: Member,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Response, PageError> {
    let asked = Scan { own_ports: vec![face.appliance.port()] };
    let found: Vec<FoundServer> = member.client.post("/api/v1/connections/scan", &asked).await?;
    Ok(html(&ModelPage { found: Some(servers(&face.words, &found)), ..page(&face, &member) }))
}

pub async fn later(member: Member, Sealed(Nothing {}): Sealed<Nothing>) -> Result<Redirect, PageError> {
    progress::leave(&member, SetupStep::Model).await
}

pub async fn connect(
    State(face): State<Face>,
    member: Member,
    Sealed(asked): Sealed<Model>,
) -> Result<Response, PageError> {
    let again = |problem: String| {
        let (url, model) = (asked.url.clone(), asked.model.clone());
        Ok(refused(html(&ModelPage { url, model, problem: Some(problem), ..page(&face, &member) })))
    };
    let key = Some(asked.key.trim().to_owned()).filter(|key| !key.is_empty());
    let wanted = NewConnection {
        name: None,
        url: asked.url.trim().to_owned(),
        model: asked.model.trim().to_owned(),
        key,
        context_tokens: None,
        continues_text: false,
    };
    let added = member.client.post::<ConnectionView>("/api/v1/connections", &wanted).await;
    let connection = match added {
        Ok(connection) => connection,
        Err(ClientError::Refused(Problem {
            code: ErrorCode::Invalid | ErrorCode::Taken, detail, ..
        })) => {
            return again(detail);
        }
        Err(error) => return Err(error.into()),
    };
    let path = format!("/api/v1/connections/{}", connection.id);
    let test = member.client.post::<ConnectionTest>(&format!("{path}/test"), &()).await;
    let problem = match test {
        Ok(found) if found.knows_model => {
            return Ok(progress::leave(&member, SetupStep::Model).await?.into_response());
        }
        Ok(found) => face.words.say_with("setup-model-unknown", "models", &found.models.join(", ")),
        Err(ClientError::Refused(problem)) => problem.detail,
        Err(error) => return Err(error.into()),
    };
    member.client.delete(&path).await?;
    again(problem)
}

fn page(face: &Face, member: &Member) -> ModelPage {
    let frame = frame(face, &member.seal);
    ModelPage { frame, url: String::new(), model: String::new(), problem: None, found: None }
}

fn servers(words: &Words, found: &[FoundServer]) -> Vec<Server> {
    let best = found.iter().flat_map(|server| &server.models).map(|model| model.talks).min();
    let mut best = best.filter(|talks| *talks != Talks::No);
    found.iter().map(|server| shown(words, server, &mut best)).collect()
}

/// The first model that is as good as the `best` takes the recommendation with it.
fn shown(words: &Words, server: &FoundServer, best: &mut Option<Talks>) -> Server {
    let talking: Vec<_> = server.models.iter().filter(|model| model.talks != Talks::No).collect();
    let note = if talking.is_empty() {
        Some(words.say("setup-model-silent-server"))
    } else {
        (talking.len() > MOST_SHOWN).then(|| words.say("setup-model-more"))
    };
    let offer = |model: &&FoundModel| Offer {
        name: model.name.clone(),
        use_it: words.say_with("setup-model-use", "model", &model.name),
        recommended: best.take_if(|best| *best == model.talks).map(|talks| match talks {
            Talks::Yes => words.say("setup-model-made-for-talking"),
            Talks::Maybe | Talks::No => words.say("setup-model-listed-first"),
            Talks::AboutCode => words.say("setup-model-about-code"),
        }),
    };
    let title = match server.kind {
        ServerKind::Ollama => words.say_with("setup-model-ollama", "url", &server.url),
        ServerKind::LmStudio => words.say_with("setup-model-lm-studio", "url", &server.url),
        ServerKind::LlamaCpp => words.say_with("setup-model-llama-cpp", "url", &server.url),
        ServerKind::TextGenerationWebui => words.say_with("setup-model-webui", "url", &server.url),
    };
    let models = talking.iter().take(MOST_SHOWN).map(offer).collect();
    Server { title, url: server.url.clone(), models, note }
}
