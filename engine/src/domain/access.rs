//! Proofs of who somebody is. Only hashes are kept; a secret is shown once, when it is made.

use super::ids::{AuditId, KeyId, PersonId, SessionId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub name: String,
    /// SHA-256 of the secret: it has 256 random bits, so a slow hash would protect nothing.
    pub hash: [u8; 32],
    /// The first characters, to tell keys apart in a list.
    pub hint: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A deed worth remembering: who did what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub tenant: TenantId,
    /// `None` where the box itself or its operator at the terminal did it.
    pub person: Option<PersonId>,
    /// Dotted, stable: `key.created`, `person.suspended`.
    pub action: String,
    pub object: String,
    pub at: Timestamp,
}
