//! What web asks of the appliance around it. The supervisor implements it.

use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::Problem;
use engine_client::transport::Transport;

pub trait Appliance: Send + Sync {
    fn version(&self) -> &str;
    /// `desktop`, `container`, `kubernetes` or `multi_bot`.
    fn mode(&self) -> &str;
    /// Microseconds since the epoch.
    fn now(&self) -> i64;
    /// The way to the engine, or why there is none at this moment. Asked for each request.
    fn engine(&self) -> Result<EngineAccess, Problem>;
    /// Whether this is the token that the box printed in its terminal. It opens nothing but the set-up.
    fn setup_token_opens(&self, token: &str) -> bool;
}

/// A way to the engine, with the secret that proves us to be one of its front doors.
#[derive(Clone)]
pub struct EngineAccess {
    pub transport: Transport,
    pub secret: String,
}

impl EngineAccess {
    pub fn client(&self, principal: Principal) -> EngineClient {
        EngineClient::new(self.transport.clone(), Some(self.secret.clone()), principal)
    }
}
