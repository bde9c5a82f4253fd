//! Who speaks: a tenant's people and the accounts by which platforms know them.

use super::ids::{IdentityId, PersonId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// May operate the box and invite people.
    Owner,
    Member,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PersonState {
    /// Has an invitation code and no password yet.
    Invited,
    Active,
    /// Keeps everything, may do nothing.
    Suspended,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub tenant: TenantId,
    /// The name to sign in with, unique in the tenant without regard to case.
    pub name: String,
    pub role: Role,
    pub state: PersonState,
    pub created_at: Timestamp,
}

/// One account of a person on one platform; `(tenant, platform, external_id)` is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: IdentityId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub platform: String,
    pub external_id: String,
    pub created_at: Timestamp,
}
