//! The containers that the owner chose, on their way: how far they are, and the way on with or without them.

use super::machine::engine_told;
use super::progress::{self, frame};
use super::ways;
use crate::pages::error::PageError;
use crate::pages::form::{Nothing, Sealed};
use crate::pages::frame::{Frame, html};
use crate::pages::living;
use crate::pages::system::job::{self, JobTold};
use crate::pages::system::service::{self, ServiceTold};
use crate::pages::system::told::Mark;
use crate::pages::visit::Member;
use crate::ports::Appliance;
use crate::ports::system::{Choice, Home, Job, Log, LogWish, MOVE_JOB, Refused, Service};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use http::HeaderMap;

/// Of what was written down about it.
const MOST_LINES: usize = 12;
/// In the log, what is about a service.
const ABOUT_SERVICES: &str = "service.name=";

#[derive(Template)]
#[template(path = "setup_containers.html")]
struct ContainersPage {
    frame: Frame,
    now: Now,
    mark: String,
}

/// The living part on its own.
#[derive(Template)]
#[template(path = "setup_containers_now.html")]
struct Living<'a> {
    frame: &'a Frame,
    now: &'a Now,
}

struct Now {
    mark: Mark,
    how: String,
    /// Of the container engine, where it does not work.
    engine: Option<String>,
    services: Vec<ServiceTold>,
    jobs: Vec<JobTold>,
    lines: Vec<String>,
}

pub async fn get(State(face): State<Face>, member: Member) -> Result<Response, PageError> {
    progress::owners_only(&member).await?;
    let (frame, now) = (frame(&face, &member.seal), look(&face.words, &*face.appliance).await);
    let mark = living::mark(&Living { frame: &frame, now: &now })?;
    Ok(html(&ContainersPage { frame, now, mark }))
}

pub async fn now(
    State(face): State<Face>,
    member: Member,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    progress::owners_only(&member).await?;
    let now = look(&face.words, &*face.appliance).await;
    living::answer(&headers, &Living { frame: &frame(&face, &member.seal), now: &now })
}

pub async fn look_again(
    State(face): State<Face>,
    member: Member,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    progress::owners_only(&member).await?;
    face.appliance.look_again().await;
    Ok(Redirect::to("/setup/containers"))
}

/// Takes back what was chosen, as far as it has not come to be: a store that has moved stays where it is.
pub async fn without(
    State(face): State<Face>,
    member: Member,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Result<Redirect, PageError> {
    progress::owners_only(&member).await?;
    let system = face.appliance.system();
    for job in system.jobs().await.iter().filter(|job| is_move(job)) {
        // One that ended this moment is nothing to cancel.
        if let Err(Refused::Failed(why)) = system.cancel_job(&job.id) {
            tracing::warn!(error = why, "a move could not be stopped");
        }
    }
    for service in &system.health().await.services {
        if service.home == Home::Container && matches!(service.choice, Choice::Free(_)) {
            system.choose(&service.name, Home::Native).await.map_err(|refused| {
                tracing::warn!(error = %refused, "a service could not be taken back");
                PageError::Internal
            })?;
        }
    }
    Ok(Redirect::to("/setup/model"))
}

async fn look(words: &Words, appliance: &dyn Appliance) -> Now {
    let system = appliance.system();
    let wish = LogWish { words: ABOUT_SERVICES.to_owned(), most: MOST_LINES, ..LogWish::default() };
    let (health, jobs, ground, lines) = futures::join!(
        system.health(),
        system.jobs(),
        appliance.look_around(),
        appliance.logs().read(Log::App, wish)
    );
    let engine = (!ways::works(&ground)).then(|| engine_told(words, &ground.containers).how);
    let now = appliance.now();
    let under_way: Vec<&Job> = jobs.iter().filter(|job| job.end.is_none()).collect();
    let in_containers: Vec<&Service> =
        health.services.iter().filter(|service| service.home == Home::Container).collect();
    let services: Vec<ServiceTold> =
        in_containers.iter().map(|service| service::told(words, service, now)).collect();
    let worst = services.iter().map(|service| service.mark).max().unwrap_or(Mark::Well);
    let (mark, how) = match worst {
        _ if engine.is_some() => (Mark::Warn, "setup-containers-lost"),
        _ if services.is_empty() && under_way.is_empty() => (Mark::Idle, "setup-containers-none"),
        Mark::Bad | Mark::Warn => (worst, "setup-containers-trouble"),
        Mark::Well if under_way.is_empty() => (Mark::Well, "setup-containers-all"),
        _ => (Mark::Busy, "setup-containers-coming"),
    };
    let lines = lines.map(|piece| piece.lines).unwrap_or_default();
    Now {
        mark,
        how: words.say(how),
        engine,
        services,
        jobs: under_way.into_iter().map(|job| job::told(words, job, now)).collect(),
        lines: lines.into_iter().map(|line| format!("{}  {}", line.at, line.message)).collect(),
    }
}

fn is_move(job: &Job) -> bool {
    job.kind == MOVE_JOB && job.end.is_none()
}
