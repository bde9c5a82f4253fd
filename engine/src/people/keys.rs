//! API keys: made once, shown once, kept as a hash.

use crate::domain::access::ApiKey;
use crate::domain::ids::{KeyId, TenantId};
use crate::domain::person::{Person, PersonState};
use crate::ports::access::Keys;
use crate::ports::clock::Clock;
use crate::ports::error::Stored;
use crate::ports::people::People;
use crate::secrets::token;
use std::sync::Arc;

const PREFIX: &str = "wek_";

#[derive(Clone)]
pub struct KeyDesk {
    pub keys: Arc<dyn Keys>,
    pub people: Arc<dyn People>,
    pub clock: Arc<dyn Clock>,
}

impl KeyDesk {
    pub async fn create(&self, person: &Person, name: &str) -> Stored<(ApiKey, String)> {
        let (secret, hash) = token::new_secret(&*self.clock, PREFIX);
        let key = ApiKey {
            id: KeyId(self.clock.new_id()),
            tenant: person.tenant,
            person: person.id,
            name: name.to_owned(),
            hash,
            hint: token::hint(&secret),
            created_at: self.clock.now(),
            revoked_at: None,
        };
        self.keys.add(&key).await?;
        Ok((key, secret))
    }

    pub async fn revoke(&self, tenant: TenantId, person: &Person, id: KeyId) -> Stored<bool> {
        self.keys.revoke(tenant, person.id, id, self.clock.now()).await
    }

    /// Whose secret it is, as long as they may come in.
    pub async fn prove(&self, secret: &str) -> Stored<Option<(Person, KeyId)>> {
        let Some(key) = self.keys.find(&token::hash(secret)).await? else { return Ok(None) };
        let person = self.people.find(key.tenant, key.person).await?;
        Ok(person.filter(|person| person.state == PersonState::Active).map(|person| (person, key.id)))
    }
}
