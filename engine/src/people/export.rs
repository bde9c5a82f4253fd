//! Everything that is one person's, told thing by thing for them to take along.
//!
//! It is read in small pages as it is taken, so that neither we nor the Store hold it whole. What is said
//! meanwhile may be in it or not; each thing in it is whole. What is never told: a password, a key's secret,
//! how the box reaches its models, and anything of somebody else's.

use crate::domain::access::ApiKey;
use crate::domain::attachment::Attachment;
use crate::domain::companion::Companion;
use crate::domain::holdings::HeldConversation;
use crate::domain::ids::{AttachmentId, ConversationId, PersonId, TenantId};
use crate::domain::memory::Memory;
use crate::domain::message::Message;
use crate::domain::person::{Identity, Person};
use crate::domain::usage::UsageEntry;
use crate::ports::access::Keys;
use crate::ports::attachments::Attachments;
use crate::ports::belongings::Belongings;
use crate::ports::companions::Companions;
use crate::ports::error::{StoreError, Stored};
use crate::ports::people::Identities;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use std::sync::Arc;

/// Short things read at once.
const PAGE: i64 = 200;
/// Messages read at once: each may be a novel.
const MESSAGES_AT_ONCE: usize = 32;

#[derive(Clone)]
pub struct Export {
    pub belongings: Arc<dyn Belongings>,
    pub attachments: Arc<dyn Attachments>,
    pub companions: Arc<dyn Companions>,
    pub identities: Arc<dyn Identities>,
    pub keys: Arc<dyn Keys>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    Identity(Identity),
    Key(ApiKey),
    /// By whose id conversations and memories name it.
    Companion(Companion),
    Conversation(HeldConversation),
    Message(Message),
    Attachment(Attachment),
    /// The next piece of the attachment before it.
    Part(AttachmentId, Bytes),
    /// The attachment before it cannot be read to its end.
    Damaged(AttachmentId),
    Memory(Memory),
    Usage(UsageEntry),
}

type Things = BoxStream<'static, Stored<Thing>>;

impl Export {
    pub fn of(&self, person: &Person) -> Things {
        let (tenant, id) = (person.tenant, person.id);
        let parts = [
            self.clone().about(tenant, id),
            self.clone().conversations(tenant, id),
            self.clone().files(tenant, id),
            self.clone().memories(tenant, id),
            self.clone().usage(tenant, id),
        ];
        stream::iter(parts).flatten().boxed()
    }

    fn about(self, tenant: TenantId, id: PersonId) -> Things {
        let read = async move {
            let identities = self.identities.list(tenant, id).await?.into_iter().map(Thing::Identity);
            let keys = self.keys.list(tenant, id).await?.into_iter().map(Thing::Key);
            let companions = self.companions.list(tenant).await?.into_iter().map(Thing::Companion);
            Ok(stream::iter(identities.chain(keys).chain(companions).map(Ok).collect::<Vec<_>>()))
        };
        stream::once(read).try_flatten().boxed()
    }

    fn conversations(self, tenant: TenantId, id: PersonId) -> Things {
        let this = self.clone();
        let read = move |after| {
            let belongings = Arc::clone(&self.belongings);
            async move { belongings.conversations(tenant, id, after, PAGE).await }
        };
        pages(read, |held: &HeldConversation| held.conversation.id)
            .map_ok(move |held| {
                let said = this.clone().messages(tenant, id, held.conversation.id);
                stream::iter([Ok(Thing::Conversation(held))]).chain(said)
            })
            .try_flatten()
            .boxed()
    }

    fn messages(self, tenant: TenantId, id: PersonId, conversation: ConversationId) -> Things {
        let read = async move {
            let ids = self.belongings.message_ids(tenant, id, conversation).await?;
            let some: Vec<_> = ids.chunks(MESSAGES_AT_ONCE).map(<[_]>::to_vec).collect();
            Ok(stream::iter(some.into_iter().map(Ok)).and_then(move |some| {
                let belongings = Arc::clone(&self.belongings);
                async move {
                    let messages = belongings.messages(tenant, id, &some).await?;
                    Ok(stream::iter(messages.into_iter().map(|message| Ok(Thing::Message(message)))))
                }
            }))
        };
        stream::once(read).try_flatten().try_flatten().boxed()
    }

    fn files(self, tenant: TenantId, id: PersonId) -> Things {
        let files = Arc::clone(&self.attachments);
        let read = move |after| {
            let belongings = Arc::clone(&self.belongings);
            async move { belongings.attachments(tenant, id, after, PAGE).await }
        };
        pages(read, |attachment: &Attachment| attachment.id)
            .map_ok(move |attachment| {
                let content = content(Arc::clone(&files), attachment.clone());
                stream::iter([Ok(Thing::Attachment(attachment))]).chain(content)
            })
            .try_flatten()
            .boxed()
    }

    fn memories(self, tenant: TenantId, id: PersonId) -> Things {
        let read = move |after| {
            let belongings = Arc::clone(&self.belongings);
            async move { belongings.memories(tenant, id, after, PAGE).await }
        };
        pages(read, |memory: &Memory| memory.id).map_ok(Thing::Memory).boxed()
    }

    fn usage(self, tenant: TenantId, id: PersonId) -> Things {
        let read = move |after| {
            let belongings = Arc::clone(&self.belongings);
            async move { belongings.usage(tenant, id, after, PAGE).await }
        };
        pages(read, |entry: &UsageEntry| entry.id).map_ok(Thing::Usage).boxed()
    }
}

/// One damaged file must not keep everything else from its person.
fn content(files: Arc<dyn Attachments>, attachment: Attachment) -> Things {
    let id = attachment.id;
    let read = async move { files.read(&attachment).await };
    let parts = stream::once(read).try_flatten().map(move |part| match part {
        Ok(bytes) => Ok(Thing::Part(id, bytes)),
        Err(StoreError::Corrupt { .. }) => Ok(Thing::Damaged(id)),
        Err(error) => Err(error),
    });
    parts.boxed()
}

/// Page after page, until one is empty.
fn pages<T, C, R>(
    read: impl Fn(Option<C>) -> R + Send + 'static,
    id: fn(&T) -> C,
) -> impl futures::Stream<Item = Stored<T>> + Send + 'static
where
    T: Send + 'static,
    C: Copy + Send + 'static,
    R: Future<Output = Stored<Vec<T>>> + Send + 'static,
{
    stream::try_unfold(None, move |after| {
        let page = read(after);
        async move {
            let page = page.await?;
            let last = page.last().map(id);
            Ok(last.map(|last| (stream::iter(page.into_iter().map(Ok)), Some(last))))
        }
    })
    .try_flatten()
}
