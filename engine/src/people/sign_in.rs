//! Signing in and out: a name and a password become a session, whose token only the browser keeps.
//!
//! A wrong name and a wrong password look and take the same. Who guesses waits longer each time.

use crate::domain::access::Session;
use crate::domain::ids::{SessionId, TenantId};
use crate::domain::person::{Person, PersonState};
use crate::people::tries::{TooMany, Tries};
use crate::ports::access::Sessions;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use crate::ports::people::People;
use crate::secrets::password;
use crate::secrets::token::{self, SESSION_PREFIX};
use std::sync::Arc;
use std::time::Duration;

/// A session lasts this long, whether it is used or not.
const LIFE: Duration = Duration::from_hours(30 * 24);
/// What is verified where there is no such person or they have no password, so that it takes as long.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IDE2$\
     PGbuHcwPLUVE7d5cGhYk0NGpZ6hIN3V2yxNEZy9ReoI";

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the name or the password is wrong")]
    Wrong,
    /// Only told to who knows the password.
    #[error("this account is suspended; ask the owner of the box")]
    Suspended,
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("checking a password failed: {0}")]
    Checking(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct SignIn {
    pub people: Arc<dyn People>,
    pub sessions: Arc<dyn Sessions>,
    pub clock: Arc<dyn Clock>,
    pub tries: Tries,
}

/// Somebody who may come in, and the secret their browser keeps.
#[derive(Debug)]
pub struct SignedIn {
    pub person: Person,
    pub session: Session,
    pub token: String,
}

impl SignIn {
    pub async fn with_password(
        &self,
        tenant: TenantId,
        name: &str,
        password: &str,
    ) -> Result<SignedIn, SignInError> {
        let person = self.proven(tenant, name, password).await?;
        if person.state != PersonState::Active {
            return Err(SignInError::Suspended);
        }
        Ok(self.begin(person).await?)
    }

    /// Whoever has this name, if this is their password now.
    pub async fn proven(&self, tenant: TenantId, name: &str, password: &str) -> Result<Person, SignInError> {
        self.tries.allow(name)?;
        let person = self.people.find_by_name(tenant, name.trim()).await?;
        let hash = match &person {
            Some(person) => self.people.password_hash(tenant, person.id).await?,
            None => None,
        };
        let right = verified(password, hash.as_deref().unwrap_or(NOBODYS_HASH)).await?;
        let Some(person) = person.filter(|_| right && hash.is_some()) else {
            self.tries.failed(name);
            return Err(SignInError::Wrong);
        };
        self.tries.succeeded(name);
        Ok(person)
    }

    /// A session for somebody who was proven.
    pub async fn begin(&self, person: Person) -> Stored<SignedIn> {
        let (token, hash) = token::new_secret(&*self.clock, SESSION_PREFIX);
        let now = self.clock.now();
        let session = Session {
            id: SessionId(self.clock.new_id()),
            tenant: person.tenant,
            person: person.id,
            hash,
            created_at: now,
            expires_at: now.plus(LIFE),
        };
        self.sessions.add(&session).await?;
        Ok(SignedIn { person, session, token })
    }

    /// Whose session it is, as long as they may come in.
    pub async fn prove(&self, token: &str) -> Stored<Option<Person>> {
        let session = self.sessions.find(&token::hash(token), self.clock.now()).await?;
        let Some(session) = session else { return Ok(None) };
        let person = self.people.find(session.tenant, session.person).await?;
        Ok(person.filter(|person| person.state == PersonState::Active))
    }

    /// Ends this session and no other; one that is not there has ended already.
    pub async fn end(&self, token: &str) -> Stored<()> {
        self.sessions.end(&token::hash(token)).await.map(drop)
    }
}

/// Argon2id takes its time on purpose: never on the threads that serve everybody.
async fn verified(password: &str, hash: &str) -> Result<bool, SignInError> {
    let (password, hash) = (zeroize::Zeroizing::new(password.to_owned()), hash.to_owned());
    let verified = tokio::task::spawn_blocking(move || password::verify(&password, &hash)).await;
    match verified {
        Ok(Ok(right)) => Ok(right),
        Ok(Err(error)) => Err(SignInError::Checking(error.to_string())),
        Err(error) => Err(SignInError::Checking(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_is_one_and_is_nobodys() {
        assert_eq!(password::verify("a good password", NOBODYS_HASH), Ok(false));
    }
}
