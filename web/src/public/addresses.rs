//! Every address of the public listener, and who comes in by it.
//!
//! Words and nothing else: the router hangs a handler on each, and the story of who may see what is compiled
//! from this same file. A new address is a line here; the compiler asks for the rest.

/// Who comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Machines that watch the box, and files that anybody may have. Never counted.
    Open,
    /// Anybody, counted by where they come from.
    Guest,
    /// Somebody who is signed in.
    Member,
    /// A program with a key.
    Key,
}

macro_rules! addresses {
    ($($name:ident: $method:ident $path:literal by $door:ident;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Address {
            $($name,)+
        }

        impl Address {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// `ANY` where all methods are passed on.
            pub fn method(self) -> &'static str {
                match self { $(Self::$name => stringify!($method)),+ }
            }

            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path),+ }
            }

            pub fn door(self) -> Door {
                match self { $(Self::$name => Door::$door),+ }
            }
        }
    };
}

addresses! {
    Health: GET "/health" by Open;
    Ready: GET "/ready" by Open;
    Metrics: GET "/metrics" by Open;
    Authority: GET "/authority.crt" by Open;
    Manifest: GET "/manifest.webmanifest" by Open;
    Asset: GET "/assets/{mark}/{name}" by Open;
    Look: GET "/look.css" by Open;

    Contract: GET "/api/openapi.json" by Guest;
    Api: ANY "/api/v1/{*path}" by Key;
    ChatCompletions: POST "/v1/chat/completions" by Key;
    Embeddings: POST "/v1/embeddings" by Key;
    Transcribe: POST "/v1/audio/transcriptions" by Key;
    Translate: POST "/v1/audio/translations" by Key;
    Speak: POST "/v1/audio/speech" by Key;
    Voices: GET "/v1/audio/voices" by Key;
    Live: GET "/v1/audio/live" by Key;
    ListModels: GET "/v1/models" by Key;
    GetModel: GET "/v1/models/{*name}" by Key;

    Certificate: GET "/certificate" by Guest;
    SetUp: GET "/setup" by Guest;
    SetUpToken: POST "/setup" by Guest;
    SetUpOwner: POST "/setup/owner" by Guest;
    SetUpRecovery: GET "/setup/recovery" by Member;
    KeepRecovery: POST "/setup/recovery" by Member;
    RecoveryAgain: POST "/setup/recovery/again" by Member;
    SetUpMachine: GET "/setup/machine" by Member;
    SeenMachine: POST "/setup/machine" by Member;
    LookAgain: POST "/setup/machine/look" by Member;
    SetUpContainers: GET "/setup/containers" by Member;
    SetUpContainersNow: GET "/setup/containers/now" by Member;
    LookAgainInSetUp: POST "/setup/containers/look" by Member;
    GoWithoutContainers: POST "/setup/containers/without" by Member;
    SetUpModel: GET "/setup/model" by Member;
    ConnectModel: POST "/setup/model" by Member;
    SearchModels: POST "/setup/model/search" by Member;
    ModelLater: POST "/setup/model/later" by Member;
    SignIn: GET "/sign-in" by Guest;
    BeginSession: POST "/sign-in" by Guest;
    EndSession: POST "/sign-out" by Guest;
    Join: GET "/join" by Guest;
    SpendCode: POST "/join" by Guest;

    Home: GET "/" by Member;
    NewestChat: GET "/chat" by Member;
    NewChat: POST "/chat" by Member;
    Chat: GET "/chat/{id}" by Member;
    RenameChat: POST "/chat/{id}/title" by Member;
    PinChat: POST "/chat/{id}/pin" by Member;
    RemoveChat: POST "/chat/{id}/remove" by Member;
    RestoreChat: POST "/chat/{id}/restore" by Member;
    Say: POST "/chat/{id}/messages" by Member;
    LookAtMessage: POST "/chat/{id}/messages/{message}/look" by Member;
    RawMessage: GET "/chat/{id}/messages/{message}/raw" by Member;
    ReadAloud: GET "/chat/{id}/messages/{message}/aloud" by Member;
    ReplyDetail: GET "/chat/{id}/turns/{turn}" by Member;
    ReplyAgain: POST "/chat/{id}/turns/{turn}/again" by Member;
    GoOnWithReply: POST "/chat/{id}/turns/{turn}/go-on" by Member;
    StopReply: POST "/chat/{id}/turns/{turn}/stop" by Member;
    FollowReply: GET "/chat/{id}/turns/{turn}/live" by Member;
    File: GET "/files/{id}" by Member;
    Listen: GET "/listen" by Member;
    Search: GET "/search" by Member;
    Palette: GET "/palette" by Member;
    Shortcuts: GET "/shortcuts" by Member;

    Profile: GET "/settings" by Member;
    Rename: POST "/settings/name" by Member;
    ChangePassword: POST "/settings/password" by Member;
    EndSessions: POST "/settings/sessions/end" by Member;
    Appearance: GET "/settings/appearance" by Member;
    ChooseAppearance: POST "/settings/appearance" by Member;
    Keys: GET "/settings/keys" by Member;
    CreateKey: POST "/settings/keys" by Member;
    AskToRevokeKey: GET "/settings/keys/{id}/revoke" by Member;
    RevokeKey: POST "/settings/keys/{id}/revoke" by Member;
    Data: GET "/settings/data" by Member;
    ExportMine: GET "/settings/data/export" by Member;
    RestoreRemoved: POST "/settings/data/removed/{id}/restore" by Member;
    AskToDeleteRemoved: GET "/settings/data/removed/{id}/delete" by Member;
    DeleteRemoved: POST "/settings/data/removed/{id}/delete" by Member;
    AskToErase: GET "/settings/data/erase" by Member;
    Erase: POST "/settings/data/erase" by Member;
    AskToLeave: GET "/settings/data/leave" by Member;
    LeaveForGood: POST "/settings/data/leave" by Member;
    TheBox: GET "/settings/box" by Member;
    AskToRestart: GET "/settings/box/restart" by Member;
    Restart: POST "/settings/box/restart" by Member;
    AskToStop: GET "/settings/box/stop" by Member;
    Stop: POST "/settings/box/stop" by Member;
    BackAgain: GET "/settings/box/back" by Guest;
    People: GET "/settings/people" by Member;
    InvitePerson: POST "/settings/people" by Member;
    NewCode: POST "/settings/people/{id}/code" by Member;
    AskToSuspend: GET "/settings/people/{id}/suspend" by Member;
    Suspend: POST "/settings/people/{id}/suspend" by Member;
    AskToResume: GET "/settings/people/{id}/resume" by Member;
    Resume: POST "/settings/people/{id}/resume" by Member;
    Connections: GET "/settings/models" by Member;
    NewConnection: GET "/settings/models/add" by Member;
    AddConnection: POST "/settings/models/add" by Member;
    Connection: GET "/settings/models/{id}" by Member;
    ChangeConnection: POST "/settings/models/{id}" by Member;
    TestConnection: POST "/settings/models/{id}/test" by Member;
    EarlierConnection: POST "/settings/models/{id}/earlier" by Member;
    LaterConnection: POST "/settings/models/{id}/later" by Member;
    AskToRemoveConnection: GET "/settings/models/{id}/remove" by Member;
    RemoveConnection: POST "/settings/models/{id}/remove" by Member;

    System: GET "/system" by Member;
    SystemNow: GET "/system/now" by Member;
    SystemLogs: GET "/system/logs" by Member;
    DownloadLog: GET "/system/logs/download" by Member;
    FollowLog: GET "/system/logs/live" by Member;
    LookAtEngine: POST "/system/engine/look" by Member;
    RetryService: POST "/system/services/{id}/retry" by Member;
    AskForHome: GET "/system/services/{id}/home" by Member;
    ChooseHome: POST "/system/services/{id}/home" by Member;
    RepairIssue: POST "/system/issues/{id}/repair" by Member;
    Diagnostics: POST "/system/diagnostics" by Member;
    CancelJob: POST "/system/jobs/{id}/cancel" by Member;
}
