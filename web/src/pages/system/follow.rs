//! Lines of a log as they come, for the page that shows it: each event is some lines, rendered as the page has them, and
//! its id is the place behind them. After a break the browser asks again from there, so no line is lost or doubled. Whoever
//! may not see it any more is put out in the middle.

use super::logs::{Asked, Lines, line};
use crate::pages::session::Cookies;
use crate::pages::settings::resident::Owner;
use crate::pages::staying::until_no_owner;
use crate::ports::Appliance;
use crate::public::router::Face;
use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use engine_client::problem::ErrorCode;
use futures::stream::{StreamExt, unfold};
use http::{HeaderMap, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Between two looks at the log.
const PACE: Duration = Duration::from_secs(1);
/// Lines of one event.
const MOST: usize = 200;
/// A sign of life for proxies that end what is silent.
const ALIVE: Duration = Duration::from_secs(15);
/// After that the browser asks again: whoever could not be asked about meanwhile is looked at anew.
const LONGEST: Duration = Duration::from_mins(5);

pub async fn get(
    State(face): State<Face>,
    Owner(_): Owner,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let reached = headers.get("last-event-id").and_then(|place| place.to_str().ok()).map(str::to_owned);
    let asked = reached.into_iter().fold(asked, Asked::from);
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let now = Instant::now();
    // Nobody is an owner without one.
    let session = Cookies::read(&headers).session.unwrap_or_default();
    let out = until_no_owner(Arc::clone(&face.appliance), session);
    let following = Following { appliance: face.appliance, asked, pace, until: now + LONGEST, spoke: now };
    let body = unfold(following, |mut following| async move {
        following.next().await.map(|event| (Ok::<_, std::convert::Infallible>(event), following))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(body.take_until(Box::pin(out)))).into_response()
}

struct Following {
    appliance: Arc<dyn Appliance>,
    asked: Asked,
    pace: tokio::time::Interval,
    until: Instant,
    spoke: Instant,
}

impl Following {
    async fn next(&mut self) -> Option<String> {
        loop {
            self.pace.tick().await;
            let is_stopping =
                self.appliance.engine().is_err_and(|problem| problem.code == ErrorCode::Stopping);
            if is_stopping || Instant::now() > self.until {
                return None;
            }
            // What cannot be read now may be readable in a moment.
            let piece = self.asked.read(&*self.appliance, MOST).await.unwrap_or_default();
            let place = piece.place.filter(|_| !piece.lines.is_empty());
            if let Some(place) = place {
                let lines = Lines { lines: piece.lines.iter().map(line).collect() };
                let html = lines.render().ok()?;
                self.asked = self.asked.clone().from(place.clone());
                self.spoke = Instant::now();
                let data = serde_json::json!({ "html": html });
                return Some(format!("id: {place}\nevent: lines\ndata: {data}\n\n"));
            }
            if self.spoke.elapsed() >= ALIVE {
                self.spoke = Instant::now();
                return Some(": still here\n\n".to_owned());
            }
        }
    }
}
