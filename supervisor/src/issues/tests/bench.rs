//! A box on a bench: real records, a real directory and the real table of services, with a container engine that
//! does as it is told.

use super::super::figures;
use super::super::ground::Ground;
use super::super::snapshot::{Directory, EngineSeen, Memory, Snapshot};
use crate::config::data_dir::DataDir;
use crate::containers::detect::{Detection, Seen};
use crate::containers::endpoint::{Candidate, Endpoint, Origin};
use crate::containers::state::{State as EngineState, Verdict};
use crate::services::fault::{Fault, Trouble};
use crate::services::name::ServiceName;
use crate::services::table::step;
use crate::services::upkeep::{Event, Sight, Stage, Upkeep};
use crate::services::view::ServiceView;
use crate::state::choices::Home;
use crate::state::images::KnownImage;
use crate::state::open::{State, StateError};
use engine::domain::time::Timestamp;
use engine_client::wire::setup::{SetupState, SetupStep};
use engine_client::wire::status::EngineStatus;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub const NOW: Timestamp = Timestamp(1_000_000_000_000);
pub const IMAGE: &str = "redis:8";

/// A box with nothing wrong.
pub fn well() -> Snapshot {
    Snapshot {
        now: NOW,
        started_at: Some(Timestamp(NOW.0 - 60_000_000)),
        warnings: Vec::new(),
        root: PathBuf::from("box"),
        directory: Some(Directory::Closed),
        disk_free_bytes: Some(100 << 30),
        memory: Some(Memory { available_bytes: 4 << 30, total_bytes: 8 << 30 }),
        containers_wanted: true,
        containers: engine(EngineState::Running),
        services: Vec::new(),
        engine: EngineSeen::Up(EngineStatus {
            version: "1".to_owned(),
            store: "sqlite".to_owned(),
            parts: Vec::new(),
        }),
        setup: Some(SetupState { has_owner: true, connections: 1, next: SetupStep::Done }),
        left_open: Vec::new(),
        jobs: Vec::new(),
        silent: Vec::new(),
    }
}

/// One that was looked at and is in this state.
pub fn engine(state: EngineState) -> Detection {
    let endpoint = Endpoint::Socket(PathBuf::from("engine.sock"));
    let candidate = Candidate { endpoint, origin: Origin::Setting("containers.host") };
    let seen = Seen { candidate, verdict: Verdict::new(state, "as it was found") };
    let mut found = Detection { chosen: None, seen: vec![seen], state, detail: String::new() };
    found.speak_of(0);
    found
}

pub fn view(name: ServiceName, upkeep: &Upkeep) -> ServiceView {
    let serving_since = match upkeep.stage {
        Stage::Serving { since, .. } => Some(since),
        _ => None,
    };
    ServiceView {
        name,
        stage: upkeep.stage.as_str(),
        image: IMAGE.to_owned(),
        container: None,
        address: None,
        serving_since,
        starts: upkeep.starts,
        trouble: upkeep.trouble.clone(),
        next_try: upkeep.due,
        last_lines: Vec::new(),
        lacks_card: None,
    }
}

/// Which failed like this just now, as the table has it.
pub fn failed(fault: Fault) -> Upkeep {
    let looking = Upkeep { stage: Stage::Looking, ..Upkeep::default() };
    step(&looking, &Event::Failed(Trouble::new(fault, "as it was said")), NOW, 0.5).0
}

pub struct Bench {
    state: State,
    directory: DataDir,
    pub box_now: Mutex<Kept>,
    _temp: tempfile::TempDir,
}

/// What changes under a repair.
pub struct Kept {
    pub snapshot: Snapshot,
    pub name: ServiceName,
    pub upkeep: Upkeep,
    /// What the container engine is in once somebody looks.
    pub engine: EngineState,
}

impl Bench {
    /// With a service in this trouble. All images are known, and known as something else than what is there.
    pub async fn new(snapshot: Snapshot, name: ServiceName, upkeep: Upkeep) -> Self {
        let temp = tempfile::tempdir().expect("a directory");
        let directory = DataDir::at(&temp.path().join("box")).expect("a path");
        directory.create().expect("made");
        let state = State::open(&directory.appliance_database()).await.expect("opened");
        for reference in [IMAGE, "postgres:18"] {
            let known = KnownImage {
                reference: reference.to_owned(),
                image_id: "sha256:before".to_owned(),
                digest: None,
                had_by: "pull".to_owned(),
            };
            state.remember_image(&known, NOW).await.expect("written");
        }
        let kept = Kept { snapshot, name, upkeep, engine: EngineState::Running };
        Self { state, directory, box_now: Mutex::new(kept), _temp: temp }
    }

    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.box_now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the box is now.
    pub async fn look(&self) -> Snapshot {
        let open = self.state.open_intents().await.expect("read");
        let kept = self.kept();
        let mut snapshot = kept.snapshot.clone();
        let is_kept = kept.upkeep.stage != Stage::Off;
        snapshot.services.extend(is_kept.then(|| view(kept.name, &kept.upkeep)));
        snapshot.directory = Some(figures::directory(self.directory.root()));
        snapshot.left_open = open;
        snapshot
    }

    fn happens(&self, events: &[Event]) {
        let mut kept = self.kept();
        for event in events {
            kept.upkeep = step(&kept.upkeep, event, NOW, 0.5).0;
        }
    }
}

impl Ground for Bench {
    fn state(&self) -> &State {
        &self.state
    }

    fn directory(&self) -> &DataDir {
        &self.directory
    }

    async fn image_of(&self, _: ServiceName) -> Option<String> {
        Some(IMAGE.to_owned())
    }

    /// An image that is known as another one is refused again, as the fetcher refuses it.
    async fn retry(&self, _: ServiceName) {
        let refused = self.kept().upkeep.fault() == Some(Fault::WrongDigest)
            && self.state.known_image(IMAGE).await.expect("read").is_some();
        self.happens(&[Event::Retry]);
        if refused {
            self.happens(&[Event::Failed(Trouble::new(Fault::WrongDigest, "still"))]);
        } else {
            self.happens(&[Event::Found(Sight::Idle), Event::Running, Event::Answered]);
        }
    }

    async fn choose(&self, service: ServiceName, home: Home) -> Result<(), StateError> {
        self.state.choose(service, home, NOW).await?;
        self.happens(&[Event::Unwanted, Event::Removed]);
        Ok(())
    }

    async fn look_again(&self) -> Arc<Detection> {
        let found = engine(self.kept().engine);
        self.kept().snapshot.containers = found.clone();
        if found.state.works() {
            self.happens(&[Event::Blocked, Event::Clear, Event::Found(Sight::Runs), Event::Answered]);
        }
        Arc::new(found)
    }

    async fn tidy(&self) -> Option<Result<(), Trouble>> {
        if !self.kept().snapshot.containers.state.works() {
            return None;
        }
        for open in self.state.open_intents().await.expect("read") {
            self.state.end(open.intent, "interrupted", NOW).await.expect("written");
        }
        Some(Ok(()))
    }
}
