//! Whether somebody whose page stays open may still have it open.
//!
//! A request is asked about once, when it comes. What goes on for minutes is asked about in rounds, so that whoever
//! signed out, was suspended or is no owner any more is out within a second here, too.

use crate::ports::{Appliance, WayIn};
use engine_client::client::ClientError;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::wire::people::{PersonView, Proof, RoleView};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// With the time that a look takes, less than a second.
const ROUND: Duration = Duration::from_millis(750);

/// Returns when the person of this session may not decide for the box any more. Whatever keeps us from asking puts
/// nobody out.
pub async fn until_no_owner(appliance: Arc<dyn Appliance>, session: String) {
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let Ok(access) = appliance.engine() else { continue };
        match is_owner(&access, &session).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) if is_no(&error) => return,
            Err(error) => tracing::debug!(error = %error, "nobody tells whether an owner still is one"),
        }
    }
}

async fn is_owner(access: &WayIn, session: &str) -> Result<bool, ClientError> {
    let asking = access.client(Principal::Anonymous);
    let person = asking.post("/api/v1/proofs", &Proof::Session(session.to_owned())).await?;
    let me: PersonView = asking.acting_as(person).get("/api/v1/me").await?;
    Ok(me.role == RoleView::Owner)
}

fn is_no(error: &ClientError) -> bool {
    matches!(error.code(), Some(ErrorCode::Unauthenticated | ErrorCode::Forbidden))
}
