//! An engine on a real store, reached in one of the three ways.

use super::model::Model;
use crate::adapters::memory::bus::MemoryBus;
use crate::adapters::memory::cache::MemoryCache;
use crate::adapters::memory::shelf::Bounds;
use crate::adapters::sql::migrate::{SchemaPolicy, Upgrade};
use crate::adapters::sql::store::{SqlStore, StorePlace};
use crate::adapters::sqlite::open::SqliteSettings;
use crate::adapters::system::SystemClock;
use crate::assembly::{Engine, EngineParts, EngineSettings};
use crate::domain::ids::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::usage::UsageEntry;
use crate::ports::access::Audit;
use crate::ports::cache::Cache;
use crate::ports::clock::Clock;
use crate::ports::ledger::Ledger;
use crate::secrets::vault::Vault;
use engine_client::client::{ClientError, EngineClient};
use engine_client::events::{Place, TurnEvent};
use engine_client::principal::{Credential, Principal};
use engine_client::transport::in_process::in_process;
use engine_client::transport::{Transport, socket};
use engine_client::wire::connections::NewConnection;
use engine_client::wire::conversations::{ConversationView, NewConversation};
use engine_client::wire::setup::{SetupDone, SetupRequest};
use engine_client::wire::turns::{NewTurn, TurnView};
use engine_outbound::client::{Outbound, OutboundConfig};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub const SECRET: &str = "the suite's own secret";
/// Longer than anything here takes, shorter than anybody waits for a test.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
pub enum Way {
    InProcess,
    Unix,
    Tcp,
}

/// Where the data and the model are, while engines come and go.
pub struct House {
    way: Way,
    folder: tempfile::TempDir,
    pub model: Model,
    tasks: TaskTracker,
    pub clock: Arc<FastClock>,
}

/// The system's clock, put forward.
#[derive(Default)]
pub struct FastClock {
    system: SystemClock,
    ahead_us: AtomicI64,
}

impl FastClock {
    pub fn advance(&self, span: Duration) {
        self.ahead_us.fetch_add(i64::try_from(span.as_micros()).expect("a short span"), Ordering::SeqCst);
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.system.now().0 + self.ahead_us.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        self.system.new_id()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.system.fill_random(bytes);
    }
}

/// One engine, and the way to it.
pub struct Running {
    pub engine: Engine,
    pub cache: Arc<dyn Cache>,
    ledger: Arc<dyn Ledger>,
    audit: Arc<dyn Audit>,
    transport: Transport,
    server: Option<AbortHandle>,
}

impl House {
    pub async fn new(way: Way) -> Self {
        let tasks = TaskTracker::new();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { way, folder, model: Model::start(&tasks).await, tasks, clock: Arc::default() }
    }

    /// Starts an engine on the house's data.
    pub async fn start(&self) -> Running {
        let clock = self.clock.clone();
        let place = StorePlace::Sqlite(SqliteSettings::new(self.folder.path().join("engine.db")));
        let policy = SchemaPolicy::Migrate(Upgrade::default());
        let store =
            SqlStore::open(&place, &policy, clock.clone(), &self.tasks).await.expect("an own file opens");
        let bounds = Bounds { bytes: 1024 * 1024, entries: 100 };
        let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(bounds, clock.clone()));
        let store = Arc::new(store).ports();
        let (ledger, audit) = (store.ledger.clone(), store.audit.clone());
        let parts = EngineParts {
            store,
            cache: cache.clone(),
            bus: Arc::new(MemoryBus::new()),
            clock,
            vault: Arc::new(Vault::new(&[7; 32])),
            outbound: Arc::new(Outbound::new(OutboundConfig::default())),
            secret: SECRET.into(),
            settings: EngineSettings { sole_owner: true, ..EngineSettings::default() },
        };
        let engine = Engine::start(parts).await.expect("the store is open");
        let (transport, server) = self.serve(&engine).await;
        Running { engine, cache, ledger, audit, transport, server }
    }

    async fn serve(&self, engine: &Engine) -> (Transport, Option<AbortHandle>) {
        let router = engine.router();
        match self.way {
            Way::InProcess => (in_process(router), None),
            Way::Unix => {
                let path = self.folder.path().join(format!("{}.sock", Uuid::new_v4()));
                let listener = UnixListener::bind(&path).expect("the folder takes a socket");
                let server = self.tasks.spawn(async move { axum::serve(listener, router).await });
                (socket::unix(path), Some(server.abort_handle()))
            }
            Way::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
                let address = listener.local_addr().expect("a bound socket has an address").to_string();
                let server = self.tasks.spawn(async move { axum::serve(listener, router).await });
                (socket::tcp(address), Some(server.abort_handle()))
            }
        }
    }
}

impl Running {
    pub fn client(&self, principal: Principal) -> EngineClient {
        EngineClient::new(self.transport.clone(), Some(SECRET.into()), principal).with_patience(PATIENCE)
    }

    pub fn stranger(&self, secret: Option<&str>) -> EngineClient {
        EngineClient::new(self.transport.clone(), secret.map(Into::into), Principal::Operator)
    }

    pub fn operator(&self) -> EngineClient {
        self.client(Principal::Operator)
    }

    /// Makes the owner, with or without the house's model, and gives a client that speaks for them.
    pub async fn set_up(&self, house: &House, with_model: bool) -> EngineClient {
        let connection = with_model.then(|| NewConnection {
            name: None,
            url: house.model.url.clone(),
            model: "parrot".into(),
            key: None,
            context_tokens: None,
            continues_text: false,
        });
        let (owner, password) = ("Ada".into(), "a long password".into());
        let request = SetupRequest { owner, password, connection, guided: false };
        let done: SetupDone = self.operator().post("/api/v1/setup", &request).await.expect("an empty box");
        self.owner(done.person).await
    }

    pub async fn owner(&self, person: Uuid) -> EngineClient {
        let me: engine_client::wire::people::PersonView =
            self.operator().get("/api/v1/me").await.expect("the operator speaks as the owner");
        assert_eq!(me.id, person);
        let principal: Principal = self.prove().await;
        let Principal::Person { tenant, .. } = principal else { panic!("a key proves a person") };
        self.client(Principal::Person { tenant, person, via: Credential::Session })
    }

    /// Whose key a fresh one of the owner is.
    pub async fn prove(&self) -> Principal {
        use engine_client::wire::people::{KeyCreated, NewKey, Proof};
        let new = NewKey { name: "suite".into() };
        let key: KeyCreated = self.operator().post("/api/v1/keys", &new).await.expect("the owner makes keys");
        let anonymous = self.client(Principal::Anonymous);
        anonymous.post("/api/v1/proofs", &Proof::ApiKey(key.key)).await.expect("a fresh key is good")
    }

    /// What the audit log holds, newest first.
    pub async fn deeds(&self) -> Vec<String> {
        let Principal::Person { tenant, .. } = self.prove().await else { panic!("a key proves a person") };
        let entries = self.audit.list(TenantId(tenant), 100).await.expect("the store answers");
        // Asking who it is made a key.
        entries.into_iter().skip(1).map(|entry| entry.action).collect()
    }

    /// Waits until the audit log holds this deed.
    pub async fn until_deed(&self, action: &str) {
        let Principal::Person { tenant, .. } = self.prove().await else { panic!("a key proves a person") };
        loop {
            let entries = self.audit.list(TenantId(tenant), 100).await.expect("the store answers");
            if entries.iter().any(|entry| entry.action == action) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The ledger, oldest first, once so many entries of it are settled.
    pub async fn settled(&self, count: usize) -> Vec<UsageEntry> {
        let Principal::Person { tenant, .. } = self.prove().await else { panic!("a key proves a person") };
        let tenant = TenantId(tenant);
        loop {
            let mut entries = self.ledger.list(tenant, Timestamp(0), 100).await.expect("the store answers");
            if entries.iter().filter(|entry| entry.settlement.is_some()).count() >= count {
                entries.reverse();
                return entries;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The way to it breaks and its work ends, as when its process goes.
    pub async fn break_off(&self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        self.engine.drain(Duration::from_secs(5)).await;
    }
}

pub async fn conversation(client: &EngineClient) -> ConversationView {
    client
        .post("/api/v1/conversations", &NewConversation { companion: None })
        .await
        .expect("there is a companion")
}

pub fn turn(text: &str) -> NewTurn {
    NewTurn {
        id: Uuid::now_v7(),
        text: text.into(),
        parent: None,
        instead_of: None,
        attachments: Vec::new(),
        history: None,
        max_tokens: None,
    }
}

pub async fn send(
    client: &EngineClient,
    conversation: Uuid,
    turn: &NewTurn,
) -> Result<TurnView, ClientError> {
    client.post(&format!("/api/v1/conversations/{conversation}/turns"), turn).await
}

/// What a reader has seen of a turn.
#[derive(Debug, Default)]
pub struct Seen {
    pub text: String,
    pub at: Place,
    pub resets: usize,
    pub ended: Option<TurnView>,
}

impl Seen {
    /// Reads on from where it is, until `enough` or the stream ends.
    pub async fn read(
        &mut self,
        client: &EngineClient,
        turn: Uuid,
        enough: impl Fn(&Self) -> bool,
    ) -> Result<(), ClientError> {
        let mut events = client.follow(turn, self.at).await?;
        while !enough(self)
            && let Some(event) = events.next().await
        {
            self.take(event?);
        }
        Ok(())
    }

    fn take(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Stage(_) => {}
            TurnEvent::Text { at, text } => {
                self.text.push_str(&text);
                assert_eq!(at.offset, self.text.len(), "an offset counts the bytes before it");
                self.at = at;
            }
            TurnEvent::Reset { at } => {
                self.text.clear();
                self.at = at;
                self.resets += 1;
            }
            TurnEvent::Done(turn) => self.ended = Some(*turn),
            TurnEvent::Error(problem) => panic!("the stream failed: {problem:?}"),
        }
    }
}

/// Runs every behaviour in each way, as `in_process::name`, `over_unix::name` and `over_tcp::name`.
macro_rules! in_every_way {
    ($($behaviour:ident),+ $(,)?) => {
        in_every_way!(@way in_process InProcess $($behaviour)+);
        in_every_way!(@way over_unix Unix $($behaviour)+);
        in_every_way!(@way over_tcp Tcp $($behaviour)+);
    };
    (@way $module:ident $way:ident $($behaviour:ident)+) => {
        mod $module {
            use crate::api::suite::harness::{House, Way, PATIENCE};
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let house = House::new(Way::$way).await;
                let shown = tokio::time::timeout(PATIENCE * 3, super::$behaviour(&house)).await;
                shown.expect("nothing hangs");
            })+
        }
    };
}
pub(super) use in_every_way;
