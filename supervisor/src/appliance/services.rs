//! The services the box runs in containers: started with it, told to whoever leans on them, ended with it.

use super::moving::wish::home;
use crate::config::areas::{CacheHome, Database};
use crate::config::load::Config;
use crate::containers::detect::Detection;
use crate::daemon::connection::Daemon;
use crate::daemon::labels::Labels;
use crate::daemon::line;
use crate::images::build::OwnImage;
use crate::images::fetch::Fetcher;
use crate::jobs::board::Board;
use crate::machine::source::Machine;
use crate::meter::watch::{Containers, Meter};
use crate::plan::make::{Plan, Wishes, make, shares};
use crate::plan::planned::{ImageWish, Planned};
use crate::plan::recipes::{POSTGRES_DATABASE, POSTGRES_USER, VoiceWish};
use crate::secrets::credentials::Credentials;
use crate::services::desk::Desk;
use crate::services::fault::Trouble;
use crate::services::hands::Hands;
use crate::services::keeper::{Keeper, Order, Told};
use crate::services::name::ServiceName;
use crate::services::secrets::Passwords;
use crate::services::spoken::Spoken;
use crate::services::view::Reach;
use crate::services::way::Way;
use crate::state::choices::{Choices, Home};
use crate::state::open::{State, StateError};
use engine::adapters::postgres::open::{PostgresAddress, PostgresTls};
use engine::adapters::redis::cache::RedisCache;
use engine::adapters::redis::link::RedisLink;
use engine::adapters::standby::cache::Shared;
use engine::ports::clock::Clock;
use engine::ports::error::StoreError;
use engine_client::transport::failover::Preferred;
use engine_client::transport::socket::tcp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use web::ports::Leaving;
use web::ports::system::MOVE_JOB;

/// Orders that wait for the keeper's next moment.
const ORDERS: usize = 16;
/// What was lost has to serve for that long before it is used again.
const HOLD: Duration = Duration::from_secs(30);
/// For all containers together, when the box stops.
const STOP: Duration = Duration::from_secs(5);

/// The keeper's other side: what the rest of the box sees and may ask.
#[derive(Clone)]
pub struct Services {
    pub state: State,
    pub board: Arc<Board>,
    pub told: Told,
    pub meter: Meter,
    pub spoken: Spoken,
    orders: mpsc::Sender<Order>,
    wishes: Arc<Mutex<Wishes>>,
    passwords: Arc<Passwords>,
    clock: Arc<dyn Clock>,
    /// What ends with the services.
    pub tasks: TaskTracker,
    /// Ends the line to the container engine.
    end: CancellationToken,
    /// Whether anything needs a container engine. Once true it stays so: what was made has to be unmade.
    needed: Arc<watch::Sender<bool>>,
}

/// What an engine leans on that runs in containers of the box's own.
#[derive(Clone)]
pub struct Backing {
    reach: watch::Receiver<Reach>,
    passwords: Arc<Passwords>,
    clock: Arc<dyn Clock>,
}

impl Services {
    pub async fn start(
        config: &Config,
        credentials: &Credentials,
        clock: Arc<dyn Clock>,
        detections: watch::Receiver<Arc<Detection>>,
        tasks: &TaskTracker,
    ) -> Result<Self, StateError> {
        let end = CancellationToken::new();
        let state = State::open(&config.data_dir.appliance_database()).await?;
        // A move that was cut off before its last word has happened where the Store is there.
        if let Some(home) = home(config) {
            state.end_done(MOVE_JOB, home.as_str(), clock.now()).await?;
        }
        let board = Board::open(state.clone(), Arc::clone(&clock)).await?;
        let wishes = wishes(config, state.choices().await?);
        let passwords = || Passwords::new(&credentials.store_key, &credentials.transport_secret);
        let hands = Hands::new(state.clone(), Arc::clone(&clock), passwords(), shares(&wishes));
        let fetcher = fetcher(config, Arc::clone(&board));
        let (desk, notes) = Desk::new(hands, fetcher);
        let (keeper, told) = Keeper::new(desk, notes, tasks.clone());
        let (orders, read) = mpsc::channel(ORDERS);
        let daemons = watch::Sender::<Option<Daemon>>::new(None);
        let plan = make(&wishes);
        tasks.spawn(keeper.keep(plan.clone(), daemons.subscribe(), read));
        let needs_engine = !plan.services.is_empty() || state.knows_images().await?;
        let (needed, is_needed) = watch::channel(needs_engine);
        let (lines, views, labels) = (daemons.subscribe(), told.views.clone(), Labels::new(state.box_id()));
        let spoken = Spoken::new(lines.clone(), views.clone(), labels.clone(), tasks.clone(), end.clone());
        let containers = Containers { daemons: lines, views, labels };
        let meter = Meter::start(config.data_dir.clone(), containers, tasks, &end);
        tasks.spawn(line::follow(detections, is_needed, daemons, end.clone()));
        let (wishes, passwords) = (Arc::new(Mutex::new(wishes)), Arc::new(passwords()));
        Ok(Self {
            state,
            board,
            told,
            meter,
            spoken,
            orders,
            wishes,
            passwords,
            clock,
            tasks: tasks.clone(),
            end,
            needed: Arc::new(needed),
        })
    }

    pub fn backing(&self) -> Backing {
        Backing {
            reach: self.told.reach.clone(),
            passwords: Arc::clone(&self.passwords),
            clock: Arc::clone(&self.clock),
        }
    }

    /// The owner wants a service elsewhere. Kept, and done from now on.
    pub async fn choose(&self, service: ServiceName, home: Home) -> Result<(), StateError> {
        self.state.choose(service, home, self.clock.now()).await?;
        let mut wishes = self.wishes.lock().await;
        wishes.choices.insert(service, home);
        self.follow(make(&wishes)).await;
        Ok(())
    }

    /// Where the Store is on its way to.
    pub async fn store_goes(&self, to: Option<Home>) {
        let mut wishes = self.wishes.lock().await;
        wishes.store_goes = to;
        self.follow(make(&wishes)).await;
    }

    /// Whether an engine in a container could do what ours does.
    pub async fn engine_may_move(&self, may: bool) {
        let mut wishes = self.wishes.lock().await;
        if wishes.engine_may_move != Some(may) {
            wishes.engine_may_move = Some(may);
            self.follow(make(&wishes)).await;
        }
    }

    /// What opens it, to be taken out of what others see.
    pub fn password(&self, service: ServiceName) -> String {
        self.passwords.of(service).to_string()
    }

    pub async fn retry(&self, service: ServiceName) {
        self.order(Order::Retry(service)).await;
    }

    /// Removes containers of this box that no plan has, and settles what a crash cut off. `None`: no container engine
    /// is there.
    pub async fn tidy(&self) -> Option<Result<(), Trouble>> {
        let (done, tidied) = oneshot::channel();
        self.order(Order::Tidy(done)).await;
        tidied.await.ok()
    }

    /// As the plan names it. `None`: the service is not planned, or its image is the box's own.
    pub async fn image_of(&self, service: ServiceName) -> Option<String> {
        match &self.plan().await.services.get(&service)?.image {
            ImageWish::Named(reference) => Some(reference.clone()),
            ImageWish::Own => None,
        }
    }

    /// Containers end with the box, in order; for a start that follows at once they stay. One that does not end is
    /// taken up again at the next start.
    pub async fn leave(&self, how: Leaving) {
        if how == Leaving::Stop {
            let (done, ended) = oneshot::channel();
            self.order(Order::Stop { within: STOP, done }).await;
            // Where the keeper is gone already there is nobody to wait for.
            let _ = ended.await;
        }
        self.end.cancel();
    }

    async fn follow(&self, plan: Plan) {
        if !plan.services.is_empty() {
            self.needed.send_replace(true);
        }
        self.order(Order::Plan(plan)).await;
    }

    async fn order(&self, order: Order) {
        if self.orders.send(order).await.is_err() {
            tracing::debug!("the keeper of services has ended");
        }
    }

    /// How a service would be made were it wanted in a container; `None` where it may not be in one.
    pub async fn in_container(&self, service: ServiceName) -> Option<Planned> {
        let mut wishes = self.wishes.lock().await.clone();
        wishes.choices.insert(service, Home::Container);
        if service == ServiceName::Postgres {
            wishes.store_goes = Some(Home::Container);
        }
        make(&wishes).services.remove(&service)
    }

    pub async fn plan(&self) -> Plan {
        make(&*self.wishes.lock().await)
    }
}

impl Backing {
    /// Where the box's own database answers at this moment.
    pub fn database(&self) -> Result<SocketAddr, StoreError> {
        let reason = "the database's container does not serve yet; see the system page";
        let silent = || StoreError::Unavailable { reason: reason.into(), source: None };
        self.where_is(ServiceName::Postgres).ok_or_else(silent)
    }

    pub fn postgres(&self, at: SocketAddr) -> PostgresAddress {
        PostgresAddress::Parts {
            host: at.ip().to_string(),
            port: at.port(),
            database: POSTGRES_DATABASE.to_owned(),
            user: POSTGRES_USER.to_owned(),
            password: self.passwords.of(ServiceName::Postgres).to_string(),
            tls: PostgresTls::Off,
        }
    }

    pub fn where_is(&self, service: ServiceName) -> Option<SocketAddr> {
        self.reach.borrow().get(&service).copied()
    }

    /// Returns once a service answers at another address than this. One that is gone has not moved.
    pub async fn has_moved(&mut self, service: ServiceName, from: Option<SocketAddr>) {
        let elsewhere = |reach: &Reach| reach.get(&service).is_some_and(|at| Some(*at) != from);
        if self.reach.wait_for(elsewhere).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The shared cache while it serves. Each time it comes it is named anew: what it kept from before may be old.
    pub fn redis(&self, tasks: &TaskTracker, stop: &CancellationToken) -> watch::Receiver<Shared> {
        let backing = self.clone();
        let connect = move |address| backing.link(address);
        self.way(ServiceName::Redis, Duration::ZERO).follow(connect, tasks, stop)
    }

    /// The engine in its container while it serves. One that was lost is trusted again after it has served for a while.
    /// Whoever follows it once does not forget that.
    pub fn engine(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Preferred {
        let connect = |address: SocketAddr| Some(tcp(address.to_string()));
        self.way(ServiceName::Engine, HOLD).follow(connect, tasks, stop)
    }

    /// What listens and speaks in its container, while it serves. One that was lost is trusted again after a while.
    pub fn voice(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Preferred {
        let connect = |address: SocketAddr| Some(tcp(address.to_string()));
        self.way(ServiceName::Voice, HOLD).follow(connect, tasks, stop)
    }

    fn way(&self, service: ServiceName, hold: Duration) -> Way {
        Way { service, reach: self.reach.clone(), hold }
    }

    fn link(&self, address: SocketAddr) -> Option<Arc<dyn engine::ports::cache::Cache>> {
        let url = format!("redis://:{}@{address}", *self.passwords.of(ServiceName::Redis));
        match RedisLink::new(&url, &self.clock.new_id().to_string()) {
            Ok(link) => Some(Arc::new(RedisCache::new(link))),
            Err(error) => {
                tracing::warn!(service.name = "redis", error = %error, "the shared cache cannot be used");
                None
            }
        }
    }
}

pub fn fetcher(config: &Config, board: Arc<Board>) -> Fetcher {
    Fetcher {
        board,
        bundles: config.data_dir.bundles(),
        arch: config.containers.arch.clone(),
        own: OwnImage::new(config.data_dir.processing(), config.voice.espeak.clone()),
        disk: Machine::this().disk,
    }
}

fn wishes(config: &Config, choices: Choices) -> Wishes {
    Wishes {
        runtime: config.runtime,
        choices,
        tier: config.tier,
        cache_is_elsewhere: !matches!(config.cache.home, CacheHome::Memory),
        store_is_ours: matches!(config.database, Database::Ours { .. }),
        store_goes: None,
        engine_may_move: None,
        voice: config.voice.is_on.then(|| VoiceWish {
            models: config.data_dir.models(),
            settings: config.voice.for_another(),
            graphics: config.graphics,
        }),
        owner: (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()),
        images: config.images.clone(),
        secrets: config.data_dir.secrets(),
        memory_mib: (config.derived.memory_limit_gib * 1024.0) as u64,
    }
}
