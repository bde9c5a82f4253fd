//! Making people and letting them in: set-up, invitations, passwords, suspension.

use super::recovery::Recovery;
use super::tries::{TooMany, Tries};
use crate::domain::access::AuditEntry;
use crate::domain::ids::{AuditId, PersonId, TenantId};
use crate::domain::person::{Person, PersonState, Role};
use crate::ports::access::{Audit, Sessions};
use crate::ports::clock::Clock;
use crate::ports::error::StoreError;
use crate::ports::people::People;
use crate::secrets::password::{self, PasswordError};
use std::sync::Arc;

#[derive(Clone)]
pub struct Accounts {
    pub people: Arc<dyn People>,
    pub sessions: Arc<dyn Sessions>,
    pub audit: Arc<dyn Audit>,
    pub recovery: Recovery,
    pub tries: Tries,
    pub clock: Arc<dyn Clock>,
}

/// Whose code is looked for where a name is nobody's: no id that the box makes is nil.
const NOBODY: PersonId = PersonId(uuid::Uuid::nil());

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    #[error("no such person")]
    Missing,
    #[error("this box has an owner already")]
    AlreadySetUp,
    /// Without it nobody could let anybody in any more.
    #[error("the last active owner cannot be suspended")]
    LastOwner,
    #[error("the code is wrong or was used")]
    WrongCode,
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("hashing a password failed: {0}")]
    Hashing(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Makes the first owner; gives the recovery code, which is told once.
    pub async fn set_up(
        &self,
        tenant: TenantId,
        name: &str,
        password: &str,
    ) -> Result<(Person, String), AccountError> {
        if self.has_owner(tenant).await? {
            return Err(AccountError::AlreadySetUp);
        }
        let owner = self.new_person(tenant, name, Role::Owner, PersonState::Active)?;
        let hash = self.hashed(password).await?;
        self.people.add(&owner, Some(&hash)).await?;
        let code = self.recovery.renew(tenant, owner.id).await?;
        self.note(tenant, None, "owner.created", &owner.id.to_string()).await?;
        Ok((owner, code))
    }

    pub async fn has_owner(&self, tenant: TenantId) -> Result<bool, StoreError> {
        Ok(self.people.list(tenant).await?.iter().any(|person| person.role == Role::Owner))
    }

    /// A person who sets their own password with the code.
    pub async fn invite(
        &self,
        tenant: TenantId,
        by: Option<PersonId>,
        name: &str,
    ) -> Result<(Person, String), AccountError> {
        let person = self.new_person(tenant, name, Role::Member, PersonState::Invited)?;
        self.people.add(&person, None).await?;
        let code = self.recovery.renew(tenant, person.id).await?;
        self.note(tenant, by, "person.invited", &person.id.to_string()).await?;
        Ok((person, code))
    }

    /// A new code for somebody, such as who lost a password; their last one ends.
    pub async fn new_code(
        &self,
        tenant: TenantId,
        by: Option<PersonId>,
        id: PersonId,
    ) -> Result<(Person, String), AccountError> {
        let person = self.people.find(tenant, id).await?.ok_or(AccountError::Missing)?;
        let code = self.recovery.renew(tenant, id).await?;
        self.note(tenant, by, "person.code_made", &id.to_string()).await?;
        Ok((person, code))
    }

    pub async fn rename(&self, person: Person, name: &str) -> Result<Person, AccountError> {
        let person = Person { name: checked_name(name)?, ..person };
        self.people.update(&person).await?;
        self.note(person.tenant, Some(person.id), "person.renamed", &person.id.to_string()).await?;
        Ok(person)
    }

    /// Signs somebody out everywhere.
    pub async fn end_sessions(&self, tenant: TenantId, id: PersonId) -> Result<(), AccountError> {
        self.sessions.end_all(tenant, id).await?;
        Ok(self.note(tenant, Some(id), "session.all_ended", &id.to_string()).await?)
    }

    /// Sets a password for somebody; their sessions end.
    pub async fn set_password(
        &self,
        tenant: TenantId,
        by: Option<PersonId>,
        id: PersonId,
        password: &str,
    ) -> Result<(), AccountError> {
        let hash = self.hashed(password).await?;
        if !self.people.set_password_hash(tenant, id, &hash).await? {
            return Err(AccountError::Missing);
        }
        self.sessions.end_all(tenant, id).await?;
        let person = self.people.find(tenant, id).await?.ok_or(AccountError::Missing)?;
        if person.state == PersonState::Invited {
            self.people.update(&Person { state: PersonState::Active, ..person }).await?;
        }
        Ok(self.note(tenant, by, "person.password_set", &id.to_string()).await?)
    }

    /// Spends a recovery or invitation code on a password. A wrong name and a wrong code look and take the
    /// same; who guesses waits longer each time.
    pub async fn recover(
        &self,
        tenant: TenantId,
        name: &str,
        code: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        // A bad password must not cost the code.
        password::check(password).map_err(|error| invalid("password", &error))?;
        self.tries.allow(name)?;
        let person = self.people.find_by_name(tenant, name).await?;
        let id = person.map_or(NOBODY, |person| person.id);
        if !self.recovery.spend(tenant, id, code).await? {
            self.tries.failed(name);
            return Err(AccountError::WrongCode);
        }
        self.tries.succeeded(name);
        self.set_password(tenant, Some(id), id, password).await
    }

    /// Whether the box has an active owner without them.
    pub async fn may_leave(&self, person: &Person) -> Result<bool, StoreError> {
        let everybody = self.people.list(person.tenant).await?;
        let mut others = everybody.iter().filter(|other| other.id != person.id);
        Ok(person.role != Role::Owner
            || others.any(|other| other.role == Role::Owner && other.state == PersonState::Active))
    }

    pub async fn set_state(
        &self,
        tenant: TenantId,
        by: Option<PersonId>,
        id: PersonId,
        state: PersonState,
    ) -> Result<Person, AccountError> {
        let person = self.people.find(tenant, id).await?.ok_or(AccountError::Missing)?;
        if state != PersonState::Active && !self.may_leave(&person).await? {
            return Err(AccountError::LastOwner);
        }
        // Who has not chosen a password yet is still invited when they are let in again.
        let no_password = self.people.password_hash(tenant, id).await?.is_none();
        let invited = state == PersonState::Active && no_password;
        let person = Person { state: if invited { PersonState::Invited } else { state }, ..person };
        self.people.update(&person).await?;
        if state != PersonState::Active {
            self.sessions.end_all(tenant, id).await?;
        }
        let deed = match state {
            PersonState::Active => "person.resumed",
            PersonState::Suspended => "person.suspended",
            PersonState::Invited => "person.invited",
        };
        self.note(tenant, by, deed, &id.to_string()).await?;
        Ok(person)
    }

    pub async fn note(
        &self,
        tenant: TenantId,
        person: Option<PersonId>,
        action: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let id = AuditId(self.clock.new_id());
        let at = self.clock.now();
        let (action, object) = (action.to_owned(), object.to_owned());
        self.audit.record(&AuditEntry { id, tenant, person, action, object, at }).await
    }

    fn new_person(
        &self,
        tenant: TenantId,
        name: &str,
        role: Role,
        state: PersonState,
    ) -> Result<Person, AccountError> {
        let name = checked_name(name)?;
        let id = PersonId(self.clock.new_id());
        Ok(Person { id, tenant, name, role, state, created_at: self.clock.now() })
    }

    /// Argon2id takes its time on purpose: never on the threads that serve everybody.
    async fn hashed(&self, password: &str) -> Result<String, AccountError> {
        password::check(password).map_err(|error| invalid("password", &error))?;
        let (password, clock) = (zeroize::Zeroizing::new(password.to_owned()), self.clock.clone());
        let hashed = tokio::task::spawn_blocking(move || password::hash(&password, &*clock)).await;
        match hashed {
            Ok(Ok(hash)) => Ok(hash),
            Ok(Err(error)) => Err(AccountError::Hashing(error.to_string())),
            Err(error) => Err(AccountError::Hashing(error.to_string())),
        }
    }
}

fn checked_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        let reason = "a name has 1 to 64 characters, none of them a control character".to_owned();
        return Err(AccountError::Invalid { field: "name", reason });
    }
    Ok(name.to_owned())
}

fn invalid(field: &'static str, error: &PasswordError) -> AccountError {
    AccountError::Invalid { field, reason: error.to_string() }
}
