//! A companion asked aside: it answers as who it is, to what the caller tells, and nothing of it is stored,
//! recalled or remembered. What it used is in the ledger.
//!
//! The connections are tried in their order until one takes the request; an answer that breaks off is not
//! begun again, since nobody keeps what came of it.

use super::prompt::{self, Room};
use crate::domain::ids::CompanionId;
use crate::domain::person::Person;
use crate::domain::usage::Purpose;
use crate::models::chain::{Chain, Step};
use crate::models::direct::{Call, DirectCall, DirectDesk, DirectError};
use crate::models::retry::RetryRules;
use crate::ports::companions::Companions;
use crate::ports::models::{PromptMessage, Speaker};
use std::sync::Arc;

#[derive(Clone)]
pub struct Aside {
    pub companions: Arc<dyn Companions>,
    pub desk: DirectDesk,
}

impl Aside {
    /// `told` is the caller's own history, oldest first, the person's new words last. Instructions in it are
    /// left out: who a companion is, is its owner's to say.
    pub async fn ask(
        &self,
        person: &Person,
        companion: CompanionId,
        told: &[PromptMessage],
        max_tokens: Option<i64>,
    ) -> Result<DirectCall, DirectError> {
        let companion = self.companions.find(person.tenant, companion).await?;
        let companion = companion.ok_or(DirectError::Missing)?;
        let said: Vec<PromptMessage> =
            told.iter().filter(|message| message.speaker != Speaker::System).cloned().collect();
        let connections = self.desk.connections.list(person.tenant).await?;
        let links = self.desk.pool.links(person.tenant, &connections);
        let mut chain = Chain::new(links, RetryRules::default(), Arc::clone(&self.desk.clock));
        let (mut failure, mut attempt) = (None, 0);
        loop {
            let (link, after) = match chain.next(failure.as_ref(), false) {
                Step::Try { link, after } => (link, after),
                Step::GiveUp(error) => return Err(error.into()),
            };
            tokio::time::sleep(after).await;
            attempt += 1;
            let connection = &link.connection;
            let room =
                Room { context_tokens: usize::try_from(connection.context_tokens).unwrap_or_default() };
            let prompt = prompt::aside(&companion, &person.name, &said, room);
            let most = max_tokens.unwrap_or(i64::MAX).min(room.reply_tokens() as i64);
            let companion = Some(companion.id);
            let call = Call { person, connection, companion, attempt, purpose: Purpose::Reply };
            match self.desk.begin(&call, &*link.model, prompt, Some(most)).await {
                Ok(answer) => {
                    chain.succeeded();
                    return Ok(answer);
                }
                Err(DirectError::Model(error)) => failure = Some(error),
                Err(other) => return Err(other),
            }
        }
    }
}
