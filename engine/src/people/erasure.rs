//! The wish to have everything gone, or oneself with it: taken with the password, fulfilled by a job.
//!
//! The wish is on disk before it is answered, so it comes true whatever happens to the process. The job takes
//! one conversation, one file and some memories at a time, each in a transaction of its own; begun again, it
//! goes on with what is left. Who only wants their things gone keeps what they begin after the wish. Who
//! leaves is shut out at once, and goes last. Usage stays, under an id that is then nobody's.

use super::accounts::{AccountError, Accounts};
use super::{appearance, recovery};
use crate::companions::conversations::ConversationDesk;
use crate::conversation::receive::Receiver;
use crate::domain::ids::{ConversationId, JobId, PersonId};
use crate::domain::job::{Job, JobState};
use crate::domain::person::{Person, PersonState};
use crate::domain::time::Timestamp;
use crate::ports::attachments::Attachments;
use crate::ports::belongings::Erasure;
use crate::ports::clock::Clock;
use crate::ports::error::{StoreError, Stored};
use crate::ports::housekeeping::Jobs;
use crate::ports::people::People;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub const KIND: &str = "erase_belongings";
/// Looked for at once.
const SOME: i64 = 100;

/// What is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// Conversations, messages, files and memories.
    Things,
    /// All of that and the account.
    Account,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    person: PersonId,
    extent: Extent,
}

/// Takes the wish.
#[derive(Clone)]
pub struct Wishes {
    pub accounts: Accounts,
    pub jobs: Arc<dyn Jobs>,
    pub clock: Arc<dyn Clock>,
}

/// Fulfils it.
#[derive(Clone)]
pub struct Eraser {
    pub erasure: Arc<dyn Erasure>,
    pub attachments: Arc<dyn Attachments>,
    pub people: Arc<dyn People>,
    pub conversations: ConversationDesk,
    pub receiver: Receiver,
    pub accounts: Accounts,
}

#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error("the job's payload makes no sense: {0}")]
    Payload(#[from] serde_json::Error),
    /// Another owner was here when the wish was taken, and has left since.
    #[error("the last active owner cannot leave")]
    LastOwner,
    #[error("something was begun while the account was being removed")]
    SomethingLeft,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Wishes {
    /// Of somebody whose password was just proven.
    pub async fn take(&self, person: &Person, extent: Extent) -> Result<(), AccountError> {
        let deed = match extent {
            Extent::Things => "person.things_unwanted",
            Extent::Account => {
                if !self.accounts.may_leave(person).await? {
                    return Err(AccountError::LastOwner);
                }
                "person.leaving"
            }
        };
        let by = Some(person.id);
        self.accounts.note(person.tenant, by, deed, &person.id.to_string()).await?;
        self.jobs.enqueue(&self.job(person, extent)).await?;
        if extent == Extent::Account {
            let out = self.accounts.set_state(person.tenant, by, person.id, PersonState::Suspended).await;
            match out {
                // The job was faster.
                Ok(_) | Err(AccountError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn job(&self, person: &Person, extent: Extent) -> Job {
        let payload = Payload { person: person.id, extent };
        let now = self.clock.now();
        Job {
            id: JobId(self.clock.new_id()),
            tenant: person.tenant,
            kind: KIND.into(),
            // Of its own: a wish must not get lost in an earlier or a smaller one that still waits.
            subject: format!("{}:{}", person.id, now.0),
            payload: serde_json::to_string(&payload).expect("a payload is plain data"),
            state: JobState::Waiting,
            stage: String::new(),
            progress_permille: 0,
            tries: 0,
            fence: 0,
            lease_until: now,
            not_before: now,
            error: None,
            created_at: now,
            finished_at: None,
        }
    }
}

impl Eraser {
    pub async fn run(&self, job: &Job) -> Result<(), ErasureError> {
        let Payload { person: id, extent } = serde_json::from_str(&job.payload)?;
        // Gone already: this is the second try after a crash.
        let Some(person) = self.people.find(job.tenant, id).await? else { return Ok(()) };
        let by = match extent {
            Extent::Things => job.created_at,
            Extent::Account if self.accounts.may_leave(&person).await? => Timestamp(i64::MAX),
            Extent::Account => return Err(ErasureError::LastOwner),
        };
        self.things(&person, by).await?;
        let deed = match extent {
            Extent::Things => "person.things_erased",
            Extent::Account => {
                let settings = [appearance::key(id), recovery::key(id)];
                if !self.erasure.remove_person(job.tenant, id, &settings).await? {
                    return Err(ErasureError::SomethingLeft);
                }
                "person.removed"
            }
        };
        Ok(self.accounts.note(job.tenant, None, deed, &id.to_string()).await?)
    }

    async fn things(&self, person: &Person, by: Timestamp) -> Stored<()> {
        loop {
            let some = self.erasure.begun_by(person.tenant, person.id, by, SOME).await?;
            if some.is_empty() {
                break;
            }
            for id in some {
                self.conversation(person, id).await?;
            }
        }
        loop {
            let some = self.erasure.files_by(person.tenant, person.id, by, SOME).await?;
            if some.is_empty() {
                break;
            }
            for id in some {
                self.attachments.remove(person.tenant, person.id, id).await?;
            }
        }
        while self.erasure.forget_some(person.tenant, person.id, by, SOME).await? > 0 {}
        Ok(())
    }

    /// As when a person deletes it by hand: hidden, then stopped, then gone.
    async fn conversation(&self, person: &Person, id: ConversationId) -> Stored<()> {
        self.conversations.remove(person, id).await?;
        self.receiver.stop_in(person.tenant, person.id, id).await?;
        self.conversations.delete(person, id).await?;
        Ok(())
    }
}
