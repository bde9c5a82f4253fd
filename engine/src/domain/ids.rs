//! Ids are newtypes over UUIDv7, so a companion's id cannot be passed where a person's is meant.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
    )+};
}

ids! {
    /// One organisation, household or community; everything belongs to exactly one.
    TenantId,
    /// One human.
    PersonId,
    /// One account of a person on one platform.
    IdentityId,
    CompanionId,
    ConversationId,
    MessageId,
    TurnId,
    AttachmentId,
    MemoryId,
    /// One way to reach language models: an address and, often, a key.
    ConnectionId,
    KeyId,
    SessionId,
    JobId,
    /// One row of the usage ledger.
    UsageId,
    AuditId,
    OutboxId,
}
