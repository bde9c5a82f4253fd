//! The box itself: what it is, how long it runs, where its things are; started again and stopped.
//!
//! Whoever pressed the button gets a page that waits. It asks `back` until another start than the one it came
//! from answers, and then leads on: with script at once, without it every few seconds.

use super::resident::Owner;
use super::shell::{After, Deed, Nothing, Section, Shell};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::moment;
use crate::ports::{Leaving, Life};
use crate::public::router::Face;
use crate::words::Words;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

const MINUTE: i64 = 60_000_000;

#[derive(Template)]
#[template(path = "settings_box.html")]
struct BoxPage {
    frame: Frame,
    shell: Shell,
    version: String,
    mode: String,
    since: String,
    since_short: String,
    runs: String,
    place: String,
}

#[derive(Template)]
#[template(path = "restarting.html")]
struct Restarting {
    frame: Frame,
    /// The page that leads on.
    next: String,
}

#[derive(Template)]
#[template(path = "stopped.html")]
struct Stopped {
    frame: Frame,
}

#[derive(Deserialize)]
pub struct Since {
    /// When the box was started that was told to start again.
    since: i64,
}

pub async fn get(State(face): State<Face>, Owner(owner): Owner, Query(after): Query<After>) -> Response {
    let words = &face.words;
    let Life { started_at, place } = face.appliance.life();
    let done = (after.done == "restarted").then(|| words.say("settings-box-restarted"));
    html(&BoxPage {
        frame: owner.frame(&face, &Section::Box.name(words)),
        shell: owner.shell(&face, Section::Box).with_done(done),
        version: face.appliance.version().to_owned(),
        mode: face.appliance.mode().to_owned(),
        since: moment::exact(started_at),
        since_short: moment::short(started_at),
        runs: span(words, face.appliance.now() - started_at),
        place,
    })
}

pub async fn ask_restart(State(face): State<Face>, Owner(owner): Owner) -> Response {
    let deed = Deed {
        title: "settings-box-restart-title",
        button: "settings-box-restart",
        sentence: face.words.say("settings-box-restart-what"),
        action: "/settings/box/restart".to_owned(),
        danger: false,
    };
    owner.confirm(&face, Section::Box, deed)
}

pub async fn ask_stop(State(face): State<Face>, Owner(owner): Owner) -> Response {
    let deed = Deed {
        title: "settings-box-stop-title",
        button: "settings-box-stop",
        sentence: face.words.say("settings-box-stop-what"),
        action: "/settings/box/stop".to_owned(),
        danger: true,
    };
    owner.confirm(&face, Section::Box, deed)
}

pub async fn restart(
    State(face): State<Face>,
    Owner(_): Owner,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Response {
    let page = restarting(&face, face.appliance.life().started_at);
    face.appliance.leave(Leaving::Restart);
    page
}

pub async fn stop(
    State(face): State<Face>,
    Owner(_): Owner,
    Sealed(Nothing {}): Sealed<Nothing>,
) -> Response {
    let title = face.words.say("settings-box-stopping");
    let page = Stopped { frame: Frame::new(face.words.clone(), &title, "") };
    face.appliance.leave(Leaving::Stop);
    html(&page)
}

/// For anybody: while the box starts nobody can be looked up, and it tells nothing.
pub async fn back(State(face): State<Face>, Query(asked): Query<Since>) -> Result<Response, PageError> {
    let is_back = face.appliance.engine().is_ok() && face.appliance.life().started_at != asked.since;
    Ok(if is_back {
        Redirect::to("/settings/box?done=restarted").into_response()
    } else {
        restarting(&face, asked.since)
    })
}

fn restarting(face: &Face, since: i64) -> Response {
    let title = face.words.say("settings-box-restarting");
    let frame = Frame::new(face.words.clone(), &title, "");
    html(&Restarting { frame, next: format!("/settings/box/back?since={since}") })
}

/// How long, in words, to the unit that matters.
fn span(words: &Words, micros: i64) -> String {
    let minutes = micros / MINUTE;
    let (name, count) = match minutes {
        ..1 => return words.say("settings-box-just-now"),
        1..60 => ("settings-box-minutes", minutes),
        60..2880 => ("settings-box-hours", minutes / 60),
        _ => ("settings-box-days", minutes / 1440),
    };
    words.say_counting(name, &[("count", count as f64)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_unit_that_matters() {
        let words = Words::english();
        let spans = [0, MINUTE, 59 * MINUTE, 90 * MINUTE, 47 * 60 * MINUTE, 49 * 60 * MINUTE];
        let told: Vec<String> = spans.into_iter().map(|micros| span(&words, micros)).collect();
        assert_eq!(told, ["less than a minute", "1 minute", "59 minutes", "1 hour", "47 hours", "2 days"]);
    }
}
