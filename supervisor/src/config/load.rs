//! Puts the whole configuration together: layers, machine, tier, areas; or all that is wrong with it.
//!
//! Reads files and nothing else: no directory is made, nothing is bound, started or contacted.

use super::areas::{
    Cache, Cleanup, Database, Images, Limits, Log, ModelTimeouts, Runtime, Server, Vectors,
    read_container_host, read_master_key_file,
};
use super::data_dir::DataDir;
use super::fields as f;
use super::problems::BadConfiguration;
use super::requests;
use super::service_fields::GRAPHICS;
use super::text;
use super::values::{Flags, Setting, Values};
use super::voice::Voice;
use crate::containers::places::Around;
use crate::machine::derived::{self, Derived, Recommendations, Sizing};
use crate::machine::hardware::{self, Assumed, Evidence, Hardware};
use crate::machine::mode::{self, Mode};
use crate::machine::source::{Environment, Machine};
use crate::machine::tier::{self, Tier};
use std::io;
use std::path::{Path, PathBuf};
use web::edge::limits::counting::Rates;

/// What the process was started into. Made once in `main`; tests make their own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub environment: Environment,
    pub machine: Machine,
}

impl Surroundings {
    pub fn of_this_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Self { environment, machine: Machine::this() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SettingsFile {
    #[default]
    Read,
    /// As if there were none: for writing a new one over a broken one.
    Ignore,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: DataDir,
    pub mode: Mode,
    pub tier: Tier,
    pub hardware: Hardware,
    /// Where mode, hardware and tier come from.
    pub evidence: Vec<Evidence>,
    /// Where a container engine would listen.
    pub containers: Around,
    /// Whether containers may have graphics cards.
    pub graphics: bool,
    /// The sizes that hold, settings included.
    pub derived: Derived,
    pub recommendations: Recommendations,
    pub runtime: Runtime,
    pub images: Images,
    pub server: Server,
    pub requests: Rates,
    pub database: Database,
    pub cache: Cache,
    pub vectors: Vectors,
    pub models: ModelTimeouts,
    pub limits: Limits,
    pub voice: Voice,
    pub cleanup: Cleanup,
    pub log: Log,
    /// `None`: the data directory's own.
    pub master_key_file: Option<PathBuf>,
    /// Every setting with its source, for `config show`.
    pub settings: Vec<Setting>,
    /// What is odd but stops nothing; to be logged once.
    pub warnings: Vec<String>,
}

pub fn load(
    around: &Surroundings,
    flags: &Flags,
    assumed: Assumed,
    file: SettingsFile,
) -> Result<Config, BadConfiguration> {
    let mut values = Values::default();
    // The directory comes first because the file lies in it, so it is read from what is above the file.
    let mut above = Values::default();
    above.add_environment(&around.environment);
    above.add_flags(flags);
    let data_dir = find_data_dir(&mut above, &around.environment);
    add_file(&mut values, &data_dir.chosen_file());
    let chosen = values.text(&f::DATABASE_TYPE);
    if file == SettingsFile::Read {
        add_file(&mut values, &data_dir.settings_file());
    }
    values.add_environment(&around.environment);
    values.add_flags(flags);
    find_data_dir(&mut values, &around.environment);

    let (mode, mode_evidence) = read_mode(&mut values, around);
    let (hardware, mut evidence) = hardware::detect(&around.machine, data_dir.root(), assumed);
    evidence.insert(0, mode_evidence);
    let (tier, derived, sizing) = read_sizes(&mut values, mode, &hardware, &mut evidence);

    let by_tier = format!("tier {}", tier.number());
    let server = Server::read(&mut values, mode, &derived, &by_tier);
    let runtime = Runtime::read(&mut values);
    let database = Database::read(&mut values, runtime, &derived, &by_tier);
    if chosen.is_some_and(|chosen| chosen != database.kind().name()) {
        let source = values.source(&f::DATABASE_TYPE);
        values.warnings.push(format!(
            "{source} asks for another database than the one that everything was moved to: what is there is not seen"
        ));
    }
    let cache = Cache::read(&mut values, &derived, &by_tier);
    let limits = Limits::read(&mut values, &derived, &by_tier);
    let cleanup = Cleanup::read(&mut values, &derived, &by_tier);
    let derived = Derived {
        cache_mib: cache.size_mib,
        cached_conversations: cache.conversations,
        pool_size: match &database {
            Database::Sqlite { pool_size } | Database::Ours { pool_size } => *pool_size,
            Database::Postgres(postgres) => postgres.pool_size,
        },
        concurrent_turns: limits.concurrent_turns,
        concurrent_jobs: limits.concurrent_jobs,
        request_timeout: server.request_timeout,
        cleanup_interval: cleanup.interval,
        temp_file_age: cleanup.temp_file_age,
        ..derived
    };
    let containers = Around::of(&around.machine, &around.environment)
        .with_setting(f::CONTAINER_HOST.key, read_container_host(&mut values))
        .with_data(data_dir.root());
    let config = Config {
        data_dir,
        mode,
        tier,
        hardware,
        evidence,
        containers,
        derived,
        recommendations: derived::recommend(sizing),
        runtime,
        images: Images::read(&mut values),
        graphics: values.get(&GRAPHICS, |text| match text {
            "auto" => Some(true),
            "off" => Some(false),
            _ => None,
        }),
        server,
        requests: requests::read(&mut values),
        database,
        cache,
        vectors: Vectors::read(&mut values),
        models: ModelTimeouts::read(&mut values),
        limits,
        voice: Voice::read(&mut values, tier),
        cleanup,
        log: Log::read(&mut values, mode),
        master_key_file: read_master_key_file(&mut values),
        settings: values.settings(),
        warnings: values.warnings,
    };
    if values.problems.is_empty() {
        Ok(config)
    } else {
        Err(BadConfiguration { problems: values.problems, warnings: config.warnings })
    }
}

fn find_data_dir(values: &mut Values, environment: &Environment) -> DataDir {
    let asked = values.find(&f::DATA_DIR, |text| Some(PathBuf::from(text)));
    let from = if asked.is_some() { None } else { Some("the home directory") };
    let home = ["HOME", "USERPROFILE"].into_iter().filter_map(|name| environment.get(name));
    let home = home.filter(|path| !path.is_empty()).map(Path::new).next();
    let path = asked.or_else(|| Some(home?.join(".whisperengine")));
    let Some(path) = path else {
        let message = "there is no home directory to put it in: name one".to_owned();
        values.problem(f::DATA_DIR.key, f::DATA_DIR.env.to_owned(), message);
        return DataDir::at(Path::new("/")).expect("the root is absolute already");
    };
    match DataDir::at(&path) {
        Ok(dir) => {
            let source = from.map_or_else(|| values.source(&f::DATA_DIR), str::to_owned);
            values.settle(&f::DATA_DIR, dir.root().display().to_string(), &source);
            if let Err(error) = dir.check() {
                values.problem(f::DATA_DIR.key, source, error.to_string());
            }
            dir
        }
        Err(error) => {
            let source = values.source(&f::DATA_DIR);
            values.problem(f::DATA_DIR.key, source, format!("{} is no path: {error}", path.display()));
            DataDir::at(Path::new("/")).expect("the root is absolute already")
        }
    }
}

fn add_file(values: &mut Values, path: &Path) {
    match std::fs::read_to_string(path) {
        Ok(text) => values.add_file(path, &text),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            values.problem(&name, path.display().to_string(), format!("cannot be read: {error}"));
        }
    }
}

fn read_mode(values: &mut Values, around: &Surroundings) -> (Mode, Evidence) {
    let (found, evidence) = mode::detect(&around.machine, &around.environment);
    if let Some(set) = values.find(&f::MODE, Mode::from_text) {
        return (set, Evidence::new("mode", set.name(), values.source(&f::MODE)));
    }
    values.settle(&f::MODE, found.name(), "detected");
    (found, evidence)
}

/// The tier and what follows from it, with the owner's overrides of the machine's part.
fn read_sizes(
    values: &mut Values,
    mode: Mode,
    hardware: &Hardware,
    evidence: &mut Vec<Evidence>,
) -> (Tier, Derived, Sizing) {
    let (cores, ram_gib) = (hardware.cores, hardware.counted_ram_gib);
    let memory_limit_gib = values.find(&f::MEMORY_LIMIT_GB, text::within(0.25..=65536.0));
    let (by_rule, rule) = tier::choose(mode, cores, ram_gib, memory_limit_gib);
    let set = values.find(&f::SCALE_TIER, Tier::from_text);
    let tier = set.unwrap_or(by_rule);
    let from = if set.is_some() { values.source(&f::SCALE_TIER) } else { rule };
    if set.is_none() {
        values.settle(&f::SCALE_TIER, by_rule.number().to_string(), &from);
    }
    evidence.push(Evidence::new("tier", tier.to_string(), from));
    let sizing = Sizing { tier, cores, ram_gib, memory_limit_gib };
    let mut derived = derived::derive(sizing);
    let by_tier = format!("tier {}", tier.number());
    if memory_limit_gib.is_none() && !values.is_set(&f::MEMORY_LIMIT_GB) {
        values.settle(&f::MEMORY_LIMIT_GB, derived.memory_limit_gib.to_string(), &by_tier);
    }
    let threads = text::within(1..=1024);
    derived.threads = values.or_follow(&f::CPU_THREADS, threads, &derived.threads, u32::to_string, &by_tier);
    derived.local_ai =
        values.or_follow(&f::LOCAL_AI, text::switch, &derived.local_ai, bool::to_string, &by_tier);
    (tier, derived, sizing)
}
