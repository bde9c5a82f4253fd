//! What the control socket answers: the engine's contract as the operator, and the appliance itself.

use super::wire::{BoxStatus, LinesAsked, LinesTold, MoveAsked, MoveBegun, RepairAsked, RepairDone};
use crate::appliance::state::Appliance;
use crate::diagnostics::archive::Gathered;
use crate::diagnostics::gather;
use crate::doctor;
use crate::issues::centre;
use crate::issues::ground::RepairError;
use crate::issues::issue::Issue;
use crate::services::view::ServiceView;
use crate::state::jobs::JobRow;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router, middleware};
use engine_client::principal::{DEADLINE_MS, Principal};
use engine_client::problem::{ErrorCode, Problem};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use web::edge::body::{self, Bounds};
use web::edge::request;
use web::passage;
use web::ports::system::LogWish;
use web::ports::{Appliance as _, WayIn};
use web::problem::Refusal;

/// As many as somebody at a terminal looks back on.
const MOST_JOBS: u32 = 30;
/// Somebody at a terminal waits as long as they like; a call must end some time all the same.
const PATIENCE: Duration = Duration::from_mins(15);

pub fn router(appliance: Arc<Appliance>) -> Router {
    Router::new()
        .route("/appliance/status", get(status))
        .route("/appliance/doctor", get(examine))
        .route("/appliance/diagnostics", get(diagnostics))
        .route("/appliance/services", get(services))
        .route("/appliance/services/{service}/lines", post(lines))
        .route("/appliance/issues", get(issues))
        .route("/appliance/repair", post(repair))
        .route("/appliance/jobs", get(jobs))
        .route("/appliance/jobs/{id}/cancel", post(cancel))
        .route("/appliance/move-store", post(move_store))
        .route("/api/v1/{*path}", any(pass))
        .route("/v1/audio/{*path}", any(pass_to_voice))
        .fallback(nothing)
        .with_state(appliance)
        .layer(middleware::from_fn_with_state(Bounds::default(), body::bound))
        .layer(middleware::from_fn(request::account))
}

async fn status(State(appliance): State<Arc<Appliance>>) -> Json<BoxStatus> {
    Json(appliance.status())
}

async fn examine(State(appliance): State<Arc<Appliance>>) -> Json<doctor::Report> {
    Json(doctor::examine(&appliance).await)
}

async fn diagnostics(State(appliance): State<Arc<Appliance>>) -> Json<Gathered> {
    Json(gather::here(&appliance).await)
}

async fn services(State(appliance): State<Arc<Appliance>>) -> Json<Vec<ServiceView>> {
    let told = Arc::clone(&appliance.services().told.views.borrow());
    Json(Arc::unwrap_or_clone(told))
}

async fn lines(
    State(appliance): State<Arc<Appliance>>,
    Path(service): Path<String>,
    Json(LinesAsked { after, most }): Json<LinesAsked>,
) -> Result<Json<LinesTold>, Refusal> {
    let wish = LogWish { after, most, ..LogWish::default() };
    match appliance.logs().said(&service, wish).await {
        Ok(piece) => Ok(Json(piece.into())),
        Err(refused) => Err(Refusal::new(ErrorCode::NotFound, refused.to_string())),
    }
}

async fn issues(State(appliance): State<Arc<Appliance>>) -> Json<Vec<Issue>> {
    Json(centre::found(&appliance).await)
}

async fn repair(
    State(appliance): State<Arc<Appliance>>,
    Json(RepairAsked { id }): Json<RepairAsked>,
) -> Result<Json<RepairDone>, Refusal> {
    let done = centre::repair(&appliance, &id).await;
    done.map(|done| Json(RepairDone { id, done }))
        .map_err(|error| Refusal::new(code_of(&error), told(&error)))
}

async fn jobs(State(appliance): State<Arc<Appliance>>) -> Result<Json<Vec<JobRow>>, Refusal> {
    let all = appliance.services().board.all(MOST_JOBS).await;
    all.map(Json)
        .map_err(|error| Refusal::new(ErrorCode::Internal, format!("the jobs cannot be read: {error}")))
}

/// It ends a moment later, and its row says how.
async fn cancel(
    State(appliance): State<Arc<Appliance>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let is_there = appliance.services().board.cancel(&id);
    let none = || Refusal::new(ErrorCode::NotFound, "there is no such job under way".to_owned());
    is_there.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

/// Begins; the job tells the rest.
async fn move_store(
    State(appliance): State<Arc<Appliance>>,
    Json(MoveAsked { to }): Json<MoveAsked>,
) -> Result<Json<MoveBegun>, Refusal> {
    let begun = appliance.move_store(to).await;
    begun
        .map(|job| Json(MoveBegun { job }))
        .map_err(|error| Refusal::new(ErrorCode::Invalid, error.to_string()))
}

fn code_of(error: &RepairError) -> ErrorCode {
    match error {
        RepairError::Unknown(_) => ErrorCode::NotFound,
        RepairError::ByHand { .. } | RepairError::NoStandIn(_) => ErrorCode::Invalid,
        RepairError::Unsure(_) | RepairError::TookTooLong => ErrorCode::DeadlineExceeded,
        RepairError::NotRunning
        | RepairError::NoEngine
        | RepairError::Records(_)
        | RepairError::Engine(_)
        | RepairError::Directory { .. } => ErrorCode::Internal,
    }
}

/// With its cause: only the owner is at the other end of this socket.
fn told(error: &RepairError) -> String {
    match error.source() {
        Some(cause) if matches!(error, RepairError::Records(_)) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}

async fn pass(State(appliance): State<Arc<Appliance>>, request: Request) -> Response {
    onward(appliance.engine(), request).await
}

async fn pass_to_voice(State(appliance): State<Arc<Appliance>>, request: Request) -> Response {
    onward(appliance.voice(), request).await
}

async fn onward(way: Result<WayIn, Problem>, request: Request) -> Response {
    let asked = request.headers().get(DEADLINE_MS).and_then(|value| value.to_str().ok()?.parse().ok());
    let patience = asked.map_or(PATIENCE, |asked| Duration::from_millis(asked).min(PATIENCE));
    match way {
        Ok(way) => passage::pass(&way, request, &Principal::Operator, patience).await,
        Err(problem) => Refusal(problem).into_response(),
    }
}

async fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing here")
}

#[cfg(test)]
mod tests {
    use super::super::wire::ServiceTold;
    use super::*;
    use axum::http::HeaderMap;
    use engine_client::client::EngineClient;
    use engine_client::principal::{PRINCIPAL, REQUEST_ID, SECRET};
    use engine_client::transport::in_process::in_process;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use web::ports::WayIn;

    async fn appliance(root: &std::path::Path) -> anyhow::Result<Arc<Appliance>> {
        crate::appliance::tests::appliance(root, "auto").await.map(Arc::new)
    }

    /// Answers with the headers that reached the engine.
    async fn echo(headers: HeaderMap) -> Json<Vec<(String, String)>> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Json(headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    fn client(appliance: &Arc<Appliance>, principal: Principal) -> EngineClient {
        let desk = router(Arc::clone(appliance)).into_service::<engine_client::transport::Body>();
        EngineClient::new(in_process(desk), Some("a guess".to_owned()), principal)
    }

    #[tokio::test]
    async fn whoever_comes_in_is_the_operator_whatever_they_say() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let appliance = appliance(temp.path()).await?;
        let engine = Router::new().fallback(echo).into_service::<engine_client::transport::Body>();
        appliance.is_ready(WayIn { transport: in_process(engine), secret: "the secret".to_owned() });
        let seen: Vec<(String, String)> =
            client(&appliance, Principal::Anonymous).with_request_id("r-1").get("/api/v1/keys").await?;
        let all = |wanted: &str| -> Vec<&str> {
            seen.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(all(SECRET), ["the secret"]);
        assert_eq!(all(PRINCIPAL), [Principal::Operator.to_header()]);
        assert_eq!(all(REQUEST_ID), ["r-1"]);
        Ok(())
    }

    #[tokio::test]
    async fn the_box_tells_its_state_while_there_is_no_engine() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let appliance = appliance(temp.path()).await?;
        appliance.is_waiting_for("the database is away".to_owned());
        let client = client(&appliance, Principal::Operator);
        let status: BoxStatus = client.get("/appliance/status").await?;
        assert_eq!((status.pid, status.address.as_str()), (std::process::id(), "127.0.0.1:8080"));
        let report: doctor::Report = client.get("/appliance/doctor").await?;
        assert!(report.issues.iter().any(|issue| issue.id == "engine_unreachable"));
        let refused = client.get::<()>("/api/v1/keys").await.expect_err("there is no engine");
        assert_eq!(refused.code(), Some(ErrorCode::StoreUnavailable));
        assert!(refused.to_string().contains("the database is away"), "{refused}");
        let nothing = client.get::<()>("/elsewhere").await.expect_err("nothing is there");
        assert_eq!(nothing.code(), Some(ErrorCode::NotFound));
        Ok(())
    }

    #[tokio::test]
    async fn issues_are_told_and_repaired_while_there_is_no_engine() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let appliance = appliance(temp.path()).await?;
        std::fs::set_permissions(temp.path(), Permissions::from_mode(0o755))?;
        let client = client(&appliance, Principal::Operator);
        let ids = async || -> anyhow::Result<Vec<String>> {
            let issues: Vec<Issue> = client.get("/appliance/issues").await?;
            Ok(issues.into_iter().map(|issue| issue.id).collect())
        };
        let is_open = |ids: &[String]| ids.iter().any(|id| id == "data_dir_open");
        assert!(is_open(&ids().await?));
        assert_eq!(client.get::<Vec<ServiceTold>>("/appliance/services").await?, []);

        let repair = async |id: &str| {
            let asked = RepairAsked { id: id.to_owned() };
            client.post::<RepairDone>("/appliance/repair", &asked).await
        };
        let done = repair("data_dir_open").await?;
        assert_eq!((done.id.as_str(), done.done.contains("closed")), ("data_dir_open", true));
        assert!(!is_open(&ids().await?));
        assert!(repair("data_dir_open").await?.done.contains("nothing to repair"));
        let unknown = repair("the_weather").await.expect_err("nobody knows it");
        assert_eq!(unknown.code(), Some(ErrorCode::NotFound));
        let by_hand = repair("engine_unreachable").await.expect_err("nothing to press");
        assert_eq!(by_hand.code(), Some(ErrorCode::Invalid));
        Ok(())
    }

    #[tokio::test]
    async fn an_engine_that_hangs_is_called_silent_and_holds_nobody_up() -> anyhow::Result<()> {
        let temp = tempfile::tempdir()?;
        let appliance = appliance(temp.path()).await?;
        let engine = Router::new().fallback(std::future::pending::<()>);
        let transport = in_process(engine.into_service::<engine_client::transport::Body>());
        appliance.is_ready(WayIn { transport, secret: "the secret".to_owned() });
        let told = tokio::time::timeout(Duration::from_secs(2), centre::found(&appliance)).await?;
        let ids: Vec<_> = told.iter().map(|issue| issue.id.as_str()).collect();
        assert!(ids.contains(&"unanswered") && !ids.contains(&"engine_unreachable"), "{ids:?}");
        Ok(())
    }
}
