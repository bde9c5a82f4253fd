//! A message comes in: stored first, then answered. Sending it twice is the same turn.

use super::context::ContextReader;
use super::incoming::{IncomingMessage, Position, Refusal, WantedReply, cannot_go_on};
use super::live::{Wish, wish_topic};
use super::writer::{Assignment, Models, Writer, ledger_entry};
use crate::domain::conversation::Conversation;
use crate::domain::ids::{CompanionId, ConversationId, MessageId, PersonId, TenantId, TurnId};
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::time::Timestamp;
use crate::domain::turn::{Turn, TurnState};
use crate::models::chain::{Chain, Step};
use crate::models::pool::ModelPool;
use crate::models::retry::RetryRules;
use crate::ports::attachments::Attachments;
use crate::ports::clock::Clock;
use crate::ports::connections::Connections;
use crate::ports::conversations::{Conversations, Messages};
use crate::ports::error::Stored;
use crate::ports::turns::{Accepted, Turns};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

#[derive(Clone)]
pub struct Receiver {
    pub conversations: Arc<dyn Conversations>,
    pub messages: Arc<dyn Messages>,
    pub attachments: Arc<dyn Attachments>,
    pub connections: Arc<dyn Connections>,
    pub pool: Arc<ModelPool>,
    pub reader: ContextReader,
    pub writer: Writer,
    pub tasks: TaskTracker,
}

impl Receiver {
    /// When it returns, the message is safe and somebody is writing the reply.
    pub async fn receive(&self, incoming: IncomingMessage) -> Result<Turn, Refusal> {
        incoming.check()?;
        // Side by side: each read is a walk to the store and back, and the person waits for all of them.
        let (begun, chain) = futures::join!(self.begin(&incoming), self.chain(incoming.tenant));
        let taken = match begun {
            Ok((turn, message)) => self.set_out(turn, message, chain?).await,
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(turn) => Ok(turn),
            Err(busy @ Refusal::Busy(_)) => Err(busy),
            // What this turn once began from may be gone since, or the conversation has gone on; the turn
            // itself is still the same.
            Err(refusal) => self.known(&incoming, refusal).await,
        }
    }

    /// Answers what an earlier turn answered once more. When it returns, somebody is writing the reply.
    pub async fn reply_anew(&self, wanted: WantedReply) -> Result<Turn, Refusal> {
        wanted.check()?;
        let (begun, chain) = futures::join!(self.begin_anew(&wanted), self.chain(wanted.tenant));
        let taken = match begun {
            Ok((turn, message)) => match chain? {
                None if wanted.go_on => Err(cannot_go_on("no model is connected")),
                chain => self.set_out(turn, message, chain).await,
            },
            Err(refusal) => Err(refusal),
        };
        match taken {
            // By now there may be no model, or nothing to go on from.
            Err(refusal @ Refusal::Invalid { .. }) => self.known_anew(&wanted, refusal).await,
            taken => taken,
        }
    }

    /// Stores the turn and has its reply written.
    async fn set_out(&self, turn: Turn, message: Message, chain: Option<Chain>) -> Result<Turn, Refusal> {
        let models = chain.map_or(Models::None, |mut chain| {
            let first = chain.next(None, false);
            Models::Begun { chain, first }
        });
        let link = match &models {
            Models::Begun { first: Step::Try { link, .. }, .. } => Some(&**link),
            _ => None,
        };
        let entry = ledger_entry(&turn, turn.attempt, link, &**self.clock());

        // What the reply is made from is read while the message is flushed to the disk; the model is
        // asked only once the words are safe, so no answer is paid for that nobody can keep.
        let (accepted, context) = futures::future::join(
            self.turns().accept(&turn, &message, &entry),
            self.reader.read(&turn, &message, models.sees()),
        )
        .await;
        match accepted? {
            Accepted::Known(turn) => Ok(turn),
            Accepted::Different => Err(Refusal::Different),
            Accepted::Busy(running) => Err(Refusal::Busy(running)),
            // It was there a moment ago, and its person has removed it since.
            Accepted::Missing => Err(Refusal::Missing { what: "conversation" }),
            Accepted::New(turn) => {
                // Without its context the turn is stored all the same; its lease ends and it is taken up again.
                let context = context?;
                let assignment = Assignment { turn: turn.clone(), context, models };
                let writer = self.writer.clone();
                self.tasks.spawn(async move { writer.write(assignment).await });
                Ok(turn)
            }
        }
    }

    /// `false` where there is nothing to stop.
    pub async fn stop(&self, tenant: TenantId, person: PersonId, turn: TurnId) -> Stored<bool> {
        let stopping = self.turns().request_stop(tenant, person, turn).await?;
        if stopping {
            // The wish is stored; the news only makes it quick.
            if let Err(error) = self.writer.bus.publish(&wish_topic(turn), Wish::Stop.to_bytes()).await {
                tracing::debug!(turn.id = %turn, error = %error, "the wish to stop travels by the store alone");
            }
        }
        Ok(stopping)
    }

    /// Stops whatever is being answered in a conversation that was just removed.
    pub async fn stop_in(
        &self,
        tenant: TenantId,
        person: PersonId,
        conversation: ConversationId,
    ) -> Stored<()> {
        if let Some(running) = self.turns().running(tenant, conversation).await? {
            self.stop(tenant, person, running.id).await?;
        }
        Ok(())
    }

    async fn begin(&self, incoming: &IncomingMessage) -> Result<(Turn, Message), Refusal> {
        let IncomingMessage { tenant, person, .. } = *incoming;
        let conversation = self.conversations.find(tenant, person, incoming.conversation).await?;
        let conversation = conversation.ok_or(Refusal::Missing { what: "conversation" })?;
        let parent = self.parent(incoming.position, &conversation).await?;
        for &attachment in &incoming.attachments {
            if self.attachments.find(tenant, person, attachment).await?.is_none() {
                return Err(Refusal::Missing { what: "attachment" });
            }
        }
        let now = self.clock().now();
        let message = Message {
            id: MessageId(self.clock().new_id()),
            tenant,
            conversation: conversation.id,
            parent,
            author: Author::Person,
            text: incoming.text.clone(),
            state: MessageState::Complete,
            model: None,
            turn: Some(incoming.turn),
            attachments: incoming.attachments.clone(),
            created_at: now,
        };
        let mut turn = self.turn(incoming.turn, &message, (person, conversation.companion), now);
        turn.history.clone_from(&incoming.history);
        turn.max_tokens = incoming.max_tokens;
        Ok((turn, message))
    }

    async fn begin_anew(&self, wanted: &WantedReply) -> Result<(Turn, Message), Refusal> {
        let earlier = self.turns().find(wanted.tenant, wanted.person, wanted.earlier).await?;
        let earlier = earlier.ok_or(Refusal::Missing { what: "turn" })?;
        if earlier.id == wanted.turn {
            return Err(Refusal::Different);
        }
        if !earlier.state.is_final() {
            return Err(Refusal::Busy(earlier.id));
        }
        let message = self.messages.find(earlier.tenant, earlier.conversation, earlier.message).await?;
        let message = message.ok_or(Refusal::Missing { what: "turn" })?;
        let mut turn =
            self.turn(wanted.turn, &message, (earlier.person, earlier.companion), self.clock().now());
        if wanted.go_on {
            if earlier.text.trim().is_empty() {
                return Err(cannot_go_on("there is no reply to go on from"));
            }
            turn.given_bytes = earlier.text.len() as i64;
            turn.text = earlier.text;
        }
        Ok((turn, message))
    }

    /// A turn that answers `message`, born owned by this process.
    fn turn(
        &self,
        id: TurnId,
        message: &Message,
        (person, companion): (PersonId, CompanionId),
        now: Timestamp,
    ) -> Turn {
        Turn {
            id,
            tenant: message.tenant,
            person,
            companion,
            conversation: message.conversation,
            message: message.id,
            reply: MessageId(self.clock().new_id()),
            state: TurnState::Running,
            text: String::new(),
            given_bytes: 0,
            revision: 0,
            kept_bytes: 0,
            attempt: 1,
            fence: 1,
            lease_until: now.plus(self.writer.lease),
            stop_requested: false,
            failure: None,
            model: None,
            history: None,
            max_tokens: None,
            recalled: Vec::new(),
            created_at: now,
            finished_at: None,
        }
    }

    async fn chain(&self, tenant: TenantId) -> Stored<Option<Chain>> {
        chain_for(&*self.connections, &self.pool, self.clock(), tenant).await
    }

    async fn parent(
        &self,
        position: Position,
        conversation: &Conversation,
    ) -> Result<Option<MessageId>, Refusal> {
        let said = async |id, what| {
            let said = self.messages.find(conversation.tenant, conversation.id, id).await?;
            said.ok_or(Refusal::Missing { what })
        };
        match position {
            Position::Newest => Ok(conversation.head),
            Position::After(id) => Ok(Some(said(id, "parent").await?.id)),
            Position::InsteadOf(id) => {
                let reworded = said(id, "message to word anew").await?;
                if reworded.author != Author::Person {
                    let reason = "only what the person said can be worded anew".to_owned();
                    return Err(Refusal::Invalid { field: "instead_of", reason });
                }
                Ok(reworded.parent)
            }
        }
    }

    /// The same turn again is answered as it stands; the same id with other words is a mistake. A turn
    /// that is not known at all is refused as it would have been.
    async fn known(&self, incoming: &IncomingMessage, refusal: Refusal) -> Result<Turn, Refusal> {
        let turn = self.turns().find(incoming.tenant, incoming.person, incoming.turn).await?;
        let Some(turn) = turn else { return Err(refusal) };
        let message = self.messages.find(turn.tenant, turn.conversation, turn.message).await?;
        let Some(message) = message else { return Err(Refusal::Different) };
        let here = match incoming.position {
            Position::Newest => true,
            Position::After(parent) => message.parent == Some(parent),
            Position::InsteadOf(id) => {
                let reworded = self.messages.find(turn.tenant, turn.conversation, id).await?;
                reworded.is_some_and(|reworded| reworded.parent == message.parent)
            }
        };
        let same = turn.conversation == incoming.conversation
            && message.turn == Some(turn.id)
            && message.text == incoming.text
            && message.attachments == incoming.attachments;
        if here && same { Ok(turn) } else { Err(Refusal::Different) }
    }

    async fn known_anew(&self, wanted: &WantedReply, refusal: Refusal) -> Result<Turn, Refusal> {
        let turn = self.turns().find(wanted.tenant, wanted.person, wanted.turn).await?;
        let earlier = self.turns().find(wanted.tenant, wanted.person, wanted.earlier).await?;
        match (turn, earlier) {
            (None, _) => Err(refusal),
            (Some(turn), Some(earlier)) if wanted.is(&turn, &earlier) => Ok(turn),
            (Some(_), _) => Err(Refusal::Different),
        }
    }

    fn turns(&self) -> &Arc<dyn Turns> {
        &self.writer.turns
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.writer.clock
    }
}

/// The models of a tenant in the order they are tried; `None` where none is connected.
pub async fn chain_for(
    connections: &dyn Connections,
    pool: &ModelPool,
    clock: &Arc<dyn Clock>,
    tenant: TenantId,
) -> Stored<Option<Chain>> {
    let links = pool.links(tenant, &connections.list(tenant).await?);
    Ok((!links.is_empty()).then(|| Chain::new(links, RetryRules::default(), clock.clone())))
}
