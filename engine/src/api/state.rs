//! What handlers share: the use cases, and a few ports that are read as they are.

use crate::companions::conversations::ConversationDesk;
use crate::conversation::aside::Aside;
use crate::conversation::continuation::Continuation;
use crate::conversation::follow::Following;
use crate::conversation::lookout::Lookout;
use crate::conversation::recall::Recall;
use crate::conversation::receive::Receiver;
use crate::domain::ids::{PersonId, TenantId};
use crate::models::desk::ConnectionDesk;
use crate::models::direct::DirectDesk;
use crate::models::scan::ModelScan;
use crate::people::accounts::Accounts;
use crate::people::appearance::Appearances;
use crate::people::erasure::Wishes;
use crate::people::export::Export;
use crate::people::keys::KeyDesk;
use crate::people::sign_in::SignIn;
use crate::people::steps::Steps;
use crate::ports::cache::Cache;
use crate::ports::clock::Clock;
use crate::ports::store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub struct Api(pub Arc<Shared>);

pub struct Shared {
    /// The tenant of this installation, until there are several.
    pub tenant: TenantId,
    pub secret: String,
    pub store: Store,
    pub cache: Arc<dyn Cache>,
    pub clock: Arc<dyn Clock>,
    pub accounts: Accounts,
    pub appearances: Appearances,
    pub export: Export,
    pub wishes: Wishes,
    pub keys: KeyDesk,
    pub sign_in: SignIn,
    pub connections: ConnectionDesk,
    pub scan: ModelScan,
    pub steps: Steps,
    pub direct: DirectDesk,
    pub aside: Aside,
    pub conversations: ConversationDesk,
    pub continuation: Continuation,
    pub receiver: Receiver,
    pub following: Following,
    /// Who has a stream open, and whether they may stay.
    pub staying: Lookout<(TenantId, PersonId), bool>,
    pub recall: Recall,
    pub attachment_quota_bytes: i64,
    pub largest_upload_bytes: usize,
    /// Cancelled when the engine stops: streams end, and readers come back to whoever is next.
    pub leaving: CancellationToken,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
