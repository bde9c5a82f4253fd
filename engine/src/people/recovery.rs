//! One-time codes: the way in for the invited, and the way back in for whoever lost a password.

use crate::domain::ids::{PersonId, TenantId};
use crate::ports::access::Settings;
use crate::ports::clock::Clock;
use crate::ports::error::Stored;
use crate::secrets::token;
use std::sync::Arc;

#[derive(Clone)]
pub struct Recovery {
    pub settings: Arc<dyn Settings>,
    pub clock: Arc<dyn Clock>,
}

impl Recovery {
    /// A new code; the last one ends. Only its hash is kept.
    pub async fn renew(&self, tenant: TenantId, person: PersonId) -> Stored<String> {
        let (code, hash) = token::new_code(&*self.clock);
        self.settings.set(tenant, &key(person), &hex(&hash), self.clock.now()).await?;
        Ok(code)
    }

    /// `true` once, for the right code.
    pub async fn spend(&self, tenant: TenantId, person: PersonId, typed: &str) -> Stored<bool> {
        let kept = self.settings.get(tenant, &key(person)).await?.unwrap_or_default();
        let right = token::hash_code(typed).is_some_and(|hash| !kept.is_empty() && hex(&hash) == kept);
        if right {
            self.settings.set(tenant, &key(person), "", self.clock.now()).await?;
        }
        Ok(right)
    }
}

pub(super) fn key(person: PersonId) -> String {
    format!("recovery:{person}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
