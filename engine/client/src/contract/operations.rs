//! The list of routes.
//!
//! A line reads: what it is for; its name, method and path; whom it serves; what it `asks` in the query and
//! `takes` in the body; and, behind the arrow, the status of its answer and what is in it. Bodies are `json`
//! of a wire type, a `file`, `events` or `nothing`.

use super::operation::{Content, Description, Who};
use crate::principal::Principal;
use crate::wire::appearance::AppearanceView;
use crate::wire::attachments::AttachmentView;
use crate::wire::belongings::{Erase, HoldingsView};
use crate::wire::companions::CompanionView;
use crate::wire::completions::Completion;
use crate::wire::connections::{
    ConnectionChange, ConnectionOrder, ConnectionTest, ConnectionView, FoundServer, NewConnection, Scan,
};
use crate::wire::continuations::{ContinuationView, History};
use crate::wire::conversations::{
    ConversationChange, ConversationPage, ConversationView, FoundMessage, MessagePage, MessageView,
    NewConversation,
};
use crate::wire::embeddings::{EmbeddingsView, NewEmbeddings};
use crate::wire::models::ModelView;
use crate::wire::people::{
    ChangePassword, Invite, Invited, KeyCreated, KeyView, NewKey, PersonView, ProfileChange, Proof,
    SetPassword, SetPersonState,
};
use crate::wire::queries::{
    ConversationsQuery, EventsQuery, MessagesQuery, ModelsQuery, RemoveQuery, SearchQuery, TurnQuery,
    UploadQuery,
};
use crate::wire::sessions::{EndSession, NewSession, SessionBegun};
use crate::wire::setup::{Recover, RecoveryCode, SetupDone, SetupRequest, SetupState, StepDone};
use crate::wire::status::EngineStatus;
use crate::wire::turns::{NewReply, NewTurn, TurnView};
use http::Method;
use schemars::JsonSchema;

macro_rules! content {
    (nothing) => {
        Content::Nothing
    };
    (file) => {
        Content::File
    };
    (events) => {
        Content::Events
    };
    (json $type:ty) => {
        Content::Json(|schemas| schemas.subschema_for::<$type>())
    };
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $method:ident $path:literal for $who:ident
        $(, asks $query:ty)? $(, takes $takes:ident $($body:ty)?)?
        => $($status:literal)|+ $gives:ident $($answer:ty)?;
    )+) => {
        /// A route of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Operation {
            /// In the order they are listed.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub fn method(self) -> Method {
                match self { $(Self::$name => Method::$method),+ }
            }

            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path),+ }
            }

            pub fn who(self) -> Who {
                match self { $(Self::$name => Who::$who),+ }
            }

            pub fn description(self) -> Description {
                let (method, path, who) = (self.method(), self.path(), self.who());
                match self { $(Self::$name => Description {
                    method,
                    path,
                    who,
                    doc: &[$($doc),+],
                    query: [$(Some::<super::operation::SchemaOf>(<$query>::json_schema),)? None][0],
                    takes: [$(content!($takes $($body)?),)? Content::Nothing][0],
                    status: &[$($status),+],
                    gives: content!($gives $($answer)?),
                }),+ }
            }
        }
    };
}

operations! {
    /// How the engine is, and what it leans on.
    /// Only the owner reads why something is not well.
    Status: GET "/api/v1/status" for Anyone => 200 json EngineStatus;
    /// Whether the box has an owner yet.
    SetupState: GET "/api/v1/setup" for Anyone => 200 json SetupState;
    /// Makes the first owner.
    SetUp: POST "/api/v1/setup" for Operator, takes json SetupRequest => 201 json SetupDone;
    /// Says that a step of the set-up was taken or skipped, and those before it.
    FinishStep: POST "/api/v1/setup/steps" for Owner, takes json StepDone => 204 nothing;
    /// Makes a new recovery code for an owner who has not kept the first one yet.
    RecoveryCodeAgain: POST "/api/v1/setup/recovery-code" for Owner => 200 json RecoveryCode;
    /// Makes a new recovery code; the old one ends.
    NewRecoveryCode: POST "/api/v1/owner/recovery-code" for Operator => 200 json RecoveryCode;
    /// Spends a recovery or invitation code on a new password.
    Recover: POST "/api/v1/owner/recover" for Anyone, takes json Recover => 204 nothing;

    /// Who the caller is.
    Me: GET "/api/v1/me" for Resident => 200 json PersonView;
    /// Changes the caller's name.
    Rename: PATCH "/api/v1/me" for Resident, takes json ProfileChange => 200 json PersonView;
    /// Sets a new password; every session ends, and a new one begins.
    ChangePassword: POST "/api/v1/me/password" for Resident, takes json ChangePassword => 201 json SessionBegun;
    /// Ends every session of the caller.
    EndSessions: POST "/api/v1/me/sessions/end" for Resident => 204 nothing;
    /// How the caller likes the pages to look.
    GetAppearance: GET "/api/v1/me/appearance" for Resident => 200 json AppearanceView;
    /// Changes how the caller's pages look.
    ChooseAppearance: PATCH "/api/v1/me/appearance" for Resident, takes json AppearanceView => 200 json AppearanceView;
    /// Everything that is the caller's, as one file of JSON Lines.
    ExportMine: GET "/api/v1/me/export" for Resident => 200 file;
    /// How much the caller has here.
    CountMine: GET "/api/v1/me/belongings" for Resident => 200 json HoldingsView;
    /// Takes away what is the caller's, or their account, too; sure to happen once it is answered.
    EraseMine: POST "/api/v1/me/erase" for Resident, takes json Erase => 204 nothing;
    /// Everybody who lives here.
    ListPeople: GET "/api/v1/people" for Owner => 200 json Vec<PersonView>;
    /// Invites somebody.
    InvitePerson: POST "/api/v1/people" for Owner, takes json Invite => 201 json Invited;
    /// Makes a new code for somebody, which they spend on a password; the old one ends.
    NewCode: POST "/api/v1/people/{id}/code" for Owner => 201 json Invited;
    /// Sets a password for somebody; their sessions end.
    SetPassword: POST "/api/v1/people/{id}/password" for Owner, takes json SetPassword => 204 nothing;
    /// Suspends somebody, or lets them in again.
    SetPersonState: POST "/api/v1/people/{id}/state" for Owner, takes json SetPersonState => 200 json PersonView;

    /// The caller's keys, without their secrets.
    ListKeys: GET "/api/v1/keys" for Resident => 200 json Vec<KeyView>;
    /// Makes a key; its secret is told this once.
    CreateKey: POST "/api/v1/keys" for Resident, takes json NewKey => 201 json KeyCreated;
    /// Ends a key at once.
    RevokeKey: DELETE "/api/v1/keys/{id}" for Resident => 204 nothing;
    /// Whose a secret is.
    Prove: POST "/api/v1/proofs" for Anyone, takes json Proof => 200 json Principal;
    /// Begins a session with a name and a password.
    BeginSession: POST "/api/v1/sessions" for Anyone, takes json NewSession => 201 json SessionBegun;
    /// Ends a session.
    EndSession: POST "/api/v1/sessions/end" for Anyone, takes json EndSession => 204 nothing;

    /// Who can be talked to.
    ListCompanions: GET "/api/v1/companions" for Resident => 200 json Vec<CompanionView>;
    /// One companion.
    GetCompanion: GET "/api/v1/companions/{id}" for Resident => 200 json CompanionView;
    /// The ways to reach language models.
    ListConnections: GET "/api/v1/connections" for Owner => 200 json Vec<ConnectionView>;
    /// Adds a way to reach a language model, behind those that are there.
    AddConnection: POST "/api/v1/connections" for Owner, takes json NewConnection => 201 json ConnectionView;
    /// Looks for model servers at the usual places of the box's own machine.
    ScanForServers: POST "/api/v1/connections/scan" for Owner, takes json Scan => 200 json Vec<FoundServer>;
    /// Says which connection is tried first, and which after it.
    OrderConnections: POST "/api/v1/connections/order" for Owner, takes json ConnectionOrder => 200 json Vec<ConnectionView>;
    /// Changes a connection.
    ChangeConnection: PATCH "/api/v1/connections/{id}" for Owner, takes json ConnectionChange => 200 json ConnectionView;
    /// Forgets a connection and its key.
    RemoveConnection: DELETE "/api/v1/connections/{id}" for Owner => 204 nothing;
    /// Asks the connection's server which models it has.
    TestConnection: POST "/api/v1/connections/{id}/test" for Owner => 200 json ConnectionTest;
    /// What can be asked for by name: companions first, then the models of the connections.
    ListModels: GET "/api/v1/models" for Resident, asks ModelsQuery => 200 json Vec<ModelView>;
    /// Asks a model directly, or a companion that is to remember nothing; nothing of it is kept but what it used.
    /// A companion answers as who it is, to what the messages tell; instructions among them are left out.
    /// Events: `text`, then `done` or `error`. A stream that ends without one of these was interrupted.
    Complete: POST "/api/v1/completions" for Resident, takes json Completion => 200 events;

    /// Turns texts into vectors, by the model of a connection that makes them.
    Embed: POST "/api/v1/embeddings" for Resident, takes json NewEmbeddings => 200 json EmbeddingsView;

    /// Finds where a client's own history goes on, or opens a conversation for it.
    Continue: POST "/api/v1/continuations" for Resident, takes json History => 200 json ContinuationView;
    /// The caller's conversations, the one that was used last first.
    ListConversations: GET "/api/v1/conversations" for Resident, asks ConversationsQuery => 200 json ConversationPage;
    /// Opens a conversation.
    OpenConversation: POST "/api/v1/conversations" for Resident, takes json NewConversation => 201 json ConversationView;
    /// One conversation.
    GetConversation: GET "/api/v1/conversations/{id}" for Resident => 200 json ConversationView;
    /// Renames it, pins it, or brings another branch into view.
    ChangeConversation: PATCH "/api/v1/conversations/{id}" for Resident, takes json ConversationChange => 200 json ConversationView;
    /// Removes it; for a week it can be brought back, unless it is to be gone at once.
    RemoveConversation: DELETE "/api/v1/conversations/{id}" for Resident, asks RemoveQuery => 204 nothing;
    /// Brings it back.
    RestoreConversation: POST "/api/v1/conversations/{id}/restore" for Resident => 200 json ConversationView;
    /// A piece of the branch in view, oldest first.
    ListMessages: GET "/api/v1/conversations/{id}/messages" for Resident, asks MessagesQuery => 200 json MessagePage;
    /// One message.
    GetMessage: GET "/api/v1/conversations/{id}/messages/{message}" for Resident => 200 json MessageView;
    /// Says something; a reply is being written when it returns.
    /// The id is a UUIDv7 of the caller's making: sending it twice is the same turn. With `wait` it returns when the turn has ended.
    TakeTurn: POST "/api/v1/conversations/{id}/turns" for Resident, asks TurnQuery, takes json NewTurn => 202 | 200 json TurnView;
    /// Searches what was said.
    Search: GET "/api/v1/search" for Resident, asks SearchQuery => 200 json Vec<FoundMessage>;
    /// One turn.
    GetTurn: GET "/api/v1/turns/{id}" for Resident => 200 json TurnView;
    /// Stops a turn where it is; what was written stays.
    StopTurn: DELETE "/api/v1/turns/{id}" for Resident => 202 nothing;
    /// Asks for another reply to what a turn answered, or for the rest of one that was cut short.
    /// The id is a UUIDv7 of the caller's making: sending it twice is the same turn.
    ReplyAgain: POST "/api/v1/turns/{id}/again" for Resident, takes json NewReply => 202 json TurnView;
    /// Follows a turn from a place in its text.
    /// Events: `stage`, `text`, `reset`, then `done` or `error`. An event's id is its place; it also goes in `Last-Event-ID`. A stream that ends without a last event was interrupted: follow again.
    FollowTurn: GET "/api/v1/turns/{id}/events" for Resident, asks EventsQuery => 200 events;

    /// Stores a file.
    Upload: POST "/api/v1/attachments" for Resident, asks UploadQuery, takes file => 201 json AttachmentView;
    /// What is known about a file.
    GetAttachment: GET "/api/v1/attachments/{id}" for Resident => 200 json AttachmentView;
    /// Removes a file.
    RemoveAttachment: DELETE "/api/v1/attachments/{id}" for Resident => 204 nothing;
    /// The file itself, always as a download.
    GetAttachmentContent: GET "/api/v1/attachments/{id}/content" for Resident => 200 file;
}
