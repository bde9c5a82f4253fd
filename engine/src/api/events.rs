//! A turn's event stream: from any place in the text to its end.

use super::extract::{Asked, Id};
use super::guard::Resident;
use super::problem::ApiError;
use super::state::Api;
use super::turns::view;
use crate::conversation::follow::{Follower, Sight};
use crate::domain::ids::{PersonId, TenantId, TurnId};
use crate::domain::person::{Person, PersonState};
use crate::ports::people::People;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use engine_client::events::{Place, TurnEvent};
use engine_client::problem::Problem;
use engine_client::wire::queries::EventsQuery;
use futures::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Whoever may not stay is put out within a second, in the middle of a sentence, too.
pub const STAY_ROUND: Duration = Duration::from_millis(500);
/// Proxies cut what is silent for long.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// `from` in the query, or the browser's own `Last-Event-ID`, says where to begin.
pub async fn follow(
    State(api): State<Api>,
    Resident(person): Resident,
    Id(id): Id,
    Asked(asked): Asked<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let from = asked.from.as_deref().or(last);
    let from = from.map_or(Ok(Place::default()), str::parse);
    let from = from.map_err(|error| ApiError::invalid(format!("from: {error}")))?;
    let scope = (person.tenant, person.id, TurnId(id));
    let follower = api.following.start(scope, from).await?;
    let follower = follower.ok_or_else(|| ApiError::missing("turn"))?;
    let stays = stays(&api, &person);
    let reader = Reader { api, follower, stays };
    let frames = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let (frame, last) = reader.next_frame().await?;
        Some((Ok::<_, Infallible>(frame), (!last).then_some(reader)))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

struct Reader {
    api: Api,
    follower: Follower,
    stays: watch::Receiver<bool>,
}

impl Reader {
    /// The next frame, and whether it is the last. `None` ends the stream without a last word: the reader
    /// comes back, if they may.
    async fn next_frame(&mut self) -> Option<(Bytes, bool)> {
        let Self { api, follower, stays } = self;
        let sight = tokio::select! {
            sight = follower.next() => sight,
            _ = stays.wait_for(|stays| !stays) => return None,
            () = tokio::time::sleep(ALIVE_EVERY) => return Some((Bytes::from_static(b": alive\n\n"), false)),
            () = api.leaving.cancelled() => return None,
        };
        let event = match sight {
            Ok(None) => return None,
            Ok(Some(Sight::Stage(stage))) => TurnEvent::Stage(stage),
            Ok(Some(Sight::Text { at, text })) => TurnEvent::Text { at, text },
            Ok(Some(Sight::Reset { at })) => TurnEvent::Reset { at },
            Ok(Some(Sight::Ended(turn))) => match view(api, *turn).await {
                Ok(view) => TurnEvent::Done(Box::new(view)),
                Err(error) => TurnEvent::Error(Problem::new(error.0, error.1)),
            },
            Err(error) => {
                let ApiError(code, detail) = error.into();
                TurnEvent::Error(Problem::new(code, detail))
            }
        };
        Some((Bytes::from(event.to_frame()), event.is_last()))
    }
}

/// Whether they may stay, for as long as they do.
fn stays(api: &Api, person: &Person) -> watch::Receiver<bool> {
    let (people, tenant, id) = (Arc::clone(&api.store.people), person.tenant, person.id);
    api.staying.watch((tenant, id), true, move || may_stay(Arc::clone(&people), tenant, id))
}

/// A store that cannot be asked puts nobody out: the follower tells of it.
async fn may_stay(people: Arc<dyn People>, tenant: TenantId, person: PersonId) -> bool {
    match people.find(tenant, person).await {
        Ok(found) => found.is_some_and(|person| person.state == PersonState::Active),
        Err(_) => true,
    }
}
