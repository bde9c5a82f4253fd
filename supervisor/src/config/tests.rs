//! The layers, the overrides, and every problem at once, over a fixture machine.

use super::areas::{CacheHome, Database, LogFormat};
use super::data_dir::DataDir;
use super::fields::{self as f, FIELDS, Fallback};
use super::load::{self, Config, SettingsFile, Surroundings};
use super::problems::BadConfiguration;
use super::values::Flags;
use super::{chosen, document, example, show};
use crate::machine::hardware::Assumed;
use crate::machine::mode::Mode;
use crate::machine::source::{DiskSpace, Environment, Machine};
use crate::machine::tier::Tier;
use crate::state::choices::Home;
use std::path::PathBuf;

/// 14 cores and 64 GiB, with nothing else to be found.
fn around(variables: &[(&str, &str)]) -> Surroundings {
    let mut environment = Environment::from([("HOME".to_owned(), "/tmp/nobody-lives-here".to_owned())]);
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let machine = Machine {
        root: PathBuf::from("/nobody/machine"),
        platform: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        visible_cores: Some(14),
        ram_bytes: Some(64 << 30),
        disk: |_| Some(DiskSpace { total_bytes: 500 << 30, free_bytes: 200 << 30 }),
    };
    Surroundings { environment, machine }
}

fn with(variables: &[(&str, &str)]) -> Result<Config, BadConfiguration> {
    load::load(&around(variables), &Flags::default(), Assumed::default(), SettingsFile::Read)
}

fn fine(variables: &[(&str, &str)]) -> Config {
    with(variables).expect("a good configuration")
}

/// Loads with a `settings.toml` in a fresh data directory.
fn with_file(toml: &str, variables: &[(&str, &str)], flags: &Flags) -> Result<Config, BadConfiguration> {
    let temp = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(temp.path().join("config")).expect("made");
    std::fs::write(temp.path().join("config/settings.toml"), toml).expect("written");
    let dir = temp.path().to_str().expect("a plain path");
    let variables: Vec<_> = variables.iter().copied().chain([("WHISPERENGINE_DATA_DIR", dir)]).collect();
    load::load(&around(&variables), flags, Assumed::default(), SettingsFile::Read)
}

fn source(config: &Config, key: &str) -> String {
    let found = config.settings.iter().find(|setting| setting.key == key);
    found.map(|setting| setting.source.clone()).expect("every setting is shown")
}

#[test]
fn fourteen_cores_and_sixty_four_gib_are_tier_two_and_need_nothing() {
    let config = fine(&[]);
    assert_eq!(config.tier, Tier::Balanced);
    assert!(matches!(config.database, Database::Sqlite { pool_size: 5 }));
    assert_eq!(config.recommendations.database, "postgres");
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let file = "[server]\nlisten = \"127.0.0.1:1001\"\n";
    let from_file = with_file(file, &[], &Flags::default()).expect("good");
    assert_eq!(from_file.server.listen.port(), 1001);
    assert_eq!(source(&from_file, "server.listen"), "settings.toml:2");
    let variables = [("WHISPERENGINE_LISTEN", "127.0.0.1:1002")];
    let from_env = with_file(file, &variables, &Flags::default()).expect("good");
    assert_eq!(from_env.server.listen.port(), 1002);
    assert_eq!(source(&from_env, "server.listen"), "WHISPERENGINE_LISTEN");
    let mut flags = Flags::default();
    flags.set(&f::LISTEN, "127.0.0.1:1003");
    let from_flag = with_file(file, &variables, &flags).expect("good");
    assert_eq!(from_flag.server.listen.port(), 1003);
    assert_eq!(source(&from_flag, "server.listen"), "--listen");
}

#[test]
fn each_override_of_the_seeds_changes_what_follows_from_it() {
    let base = fine(&[]).derived;
    let tier = fine(&[("WHISPERENGINE_SCALE_TIER", "3")]);
    assert_eq!(tier.tier, Tier::HighPerformance);
    assert_ne!(tier.derived.threads, base.threads);
    assert!(tier.derived.memory_limit_gib > base.memory_limit_gib);
    assert_ne!(tier.derived.cache_mib, base.cache_mib);
    assert_ne!(tier.derived.pool_size, base.pool_size);
    assert_ne!(tier.derived.concurrent_turns, base.concurrent_turns);
    assert_ne!(tier.derived.concurrent_jobs, base.concurrent_jobs);
    assert_ne!(tier.derived.request_timeout, base.request_timeout);
    assert_ne!(tier.derived.cleanup_interval, base.cleanup_interval);
    assert_ne!(tier.derived.temp_file_age, base.temp_file_age);
    assert_ne!(tier.derived.preload_models, base.preload_models);
    assert_ne!(tier.server.request_timeout, fine(&[]).server.request_timeout);

    assert_eq!(fine(&[("WHISPERENGINE_CPU_THREADS", "3")]).derived.threads, 3);
    let limited = fine(&[("WHISPERENGINE_MEMORY_LIMIT_GB", "1")]);
    assert_eq!((limited.tier, limited.derived.memory_limit_gib), (Tier::Constrained, 1.0));
    assert!(!limited.derived.local_ai);
    assert!(base.local_ai && !fine(&[("WHISPERENGINE_ENABLE_LOCAL_AI", "false")]).derived.local_ai);
    let pod = fine(&[("WHISPERENGINE_MODE", "kubernetes")]);
    assert_eq!((pod.mode, pod.tier), (Mode::Kubernetes, Tier::Enterprise));
    assert_eq!(pod.server.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(pod.log.format, LogFormat::Json);
    assert_eq!(fine(&[("WHISPERENGINE_MODE", "multi_bot")]).tier, Tier::HighPerformance);
    let postgres = fine(&[
        ("WHISPERENGINE_DATABASE_TYPE", "postgres"),
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_PORT", "5433"),
        ("POSTGRES_DB", "we"),
        ("POSTGRES_USER", "we"),
        ("POSTGRES_PASSWORD", "hush"),
    ]);
    assert_eq!(show::as_json(&postgres)["derived"]["database"], "postgres");
    let Database::Postgres(database) = postgres.database else { panic!("it was asked for") };
    assert_eq!((database.host.as_str(), database.port, database.pool_size), ("db", 5433, 5));
    assert_eq!(database.password.expect("given").expose(), "hush");
}

#[test]
fn a_database_of_the_boxs_own_is_asked_for_or_follows_from_the_runtime() {
    let kind = ("WHISPERENGINE_DATABASE_TYPE", "postgres");
    let (own, host) = (("WHISPERENGINE_POSTGRES_OWN", "true"), ("POSTGRES_HOST", "db"));
    assert!(matches!(fine(&[kind, ("WHISPERENGINE_RUNTIME", "docker")]).database, Database::Ours { .. }));
    assert!(matches!(fine(&[kind, own]).database, Database::Ours { .. }));
    assert!(matches!(fine(&[own]).database, Database::Sqlite { .. }));
    let problems = |variables: &[(&str, &str)]| {
        let bad = with(variables).expect_err("that cannot be");
        bad.problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(problems(&[kind, own, host]), ["database.postgres.host"]);
    assert_eq!(problems(&[kind, own, ("WHISPERENGINE_RUNTIME", "native")]), ["runtime"]);
    let said_no = [kind, ("WHISPERENGINE_POSTGRES_OWN", "false"), ("WHISPERENGINE_RUNTIME", "docker")];
    assert_eq!(problems(&said_no).len(), 3, "a server has to be named");
}

#[test]
fn what_was_chosen_on_a_page_holds_until_something_above_it_says_otherwise() {
    let temp = tempfile::tempdir().expect("a directory");
    let dir = DataDir::at(temp.path()).expect("a path");
    dir.create().expect("made");
    let root = temp.path().to_str().expect("a plain path");
    let load = |more: &[(&str, &str)]| fine(&[&[("WHISPERENGINE_DATA_DIR", root)], more].concat());
    assert!(chosen::is_free(&load(&[])));
    chosen::store(&dir, Home::Container).expect("written");
    let moved = load(&[]);
    assert!(matches!(moved.database, Database::Ours { .. }) && chosen::is_free(&moved));
    assert_eq!(source(&moved, "database.type"), "chosen.toml:3");
    assert_eq!(moved.warnings, Vec::<String>::new());
    let otherwise = load(&[("WHISPERENGINE_DATABASE_TYPE", "sqlite")]);
    assert!(matches!(otherwise.database, Database::Sqlite { .. }) && !chosen::is_free(&otherwise));
    assert!(otherwise.warnings[0].contains("is not seen"), "{:?}", otherwise.warnings);
    std::fs::write(dir.settings_file(), "[database.postgres]\nown = true\n").expect("written");
    assert!(!chosen::is_free(&load(&[])));
    std::fs::remove_file(dir.settings_file()).expect("removed");
    for _ in 0..2 {
        chosen::store(&dir, Home::Native).expect("taken back");
        assert!(matches!(load(&[]).database, Database::Sqlite { .. }));
    }
}

#[test]
fn every_problem_is_named_at_once_with_its_place() {
    let toml = "scale_tier = 9\n[server]\nlisten = \"nowhere\"\n[log]\nlevle = \"info\"\n[surprise]\nx = 1\n";
    let variables = [("WHISPERENGINE_CPU_THREADS", "many"), ("WHISPERENGINE_DATABASE_TYPE", "postgres")];
    let bad = with_file(toml, &variables, &Flags::default()).expect_err("all of it is wrong");
    let told: Vec<String> = bad.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_line() {
    let bad = with_file("mode = \"desktop\"\nlisten = = 3\n", &[], &Flags::default()).expect_err("refused");
    assert!(bad.problems.iter().any(|problem| problem.source == "settings.toml:2"), "{bad:?}");
}

#[test]
fn the_data_directory_cannot_be_named_in_the_file_within_it() {
    let bad = with_file("data_dir = \"/x\"\n", &[], &Flags::default()).expect_err("refused");
    assert!(bad.problems[0].message.contains("WHISPERENGINE_DATA_DIR"), "{bad:?}");
}

#[test]
fn an_unknown_variable_is_a_warning_with_the_nearest_name() {
    let variables =
        [("WHISPERENGINE_LISTN", "x"), ("WHISPERENGINE_TEST_BIN", "x"), ("WHISPERENGINE_SERVICE_HOST", "x")];
    let warnings = fine(&variables).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("did you mean WHISPERENGINE_LISTEN?"), "{warnings:?}");
}

#[test]
fn a_secret_is_read_from_a_file_and_never_shown() {
    let temp = tempfile::tempdir().expect("a directory");
    let path = temp.path().join("token");
    std::fs::write(&path, "a-canary-of-some-length\n").expect("written");
    let path = path.to_str().expect("a plain path");
    let config = fine(&[
        ("WHISPERENGINE_METRICS_TOKEN_FILE", path),
        ("WHISPERENGINE_REDIS_URL", "redis://:another-canary@cache:6379"),
    ]);
    assert_eq!(config.server.metrics_token.as_ref().expect("given").expose(), "a-canary-of-some-length");
    assert!(matches!(config.cache.home, CacheHome::Redis { .. }));
    let shown = format!("{}{}{config:?}", show::as_text(&config), show::as_json(&config));
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("WHISPERENGINE_METRICS_TOKEN_FILE"));

    let bad = with(&[("WHISPERENGINE_REDIS_URL", "canary"), ("WHISPERENGINE_METRICS_TOKEN", "canary")]);
    let told = format!("{:?}", bad.expect_err("both are wrong"));
    assert!(!told.contains("canary") && told.contains("cache.redis_url") && told.contains("metrics_token"));
}

#[test]
fn names_on_redis_begin_as_is_said_and_mean_nothing_there() {
    let url = ("WHISPERENGINE_REDIS_URL", "redis://cache:6379");
    let named = |variables: &[(&str, &str)]| match fine(variables).cache.home {
        CacheHome::Redis { prefix, .. } => prefix,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&[url]), "whisperengine");
    assert_eq!(named(&[url, ("WHISPERENGINE_REDIS_PREFIX", "second_box-2")]), "second_box-2");
    for wrong in ["a*", "a:b", "a b", "ä", &"a".repeat(65)] {
        let bad = with(&[url, ("WHISPERENGINE_REDIS_PREFIX", wrong)]).expect_err("it means something there");
        assert_eq!(bad.problems.len(), 1, "{wrong}");
    }
}

#[test]
fn a_secret_given_twice_in_one_layer_is_a_problem() {
    let bad = with(&[("POSTGRES_PASSWORD", "x"), ("POSTGRES_PASSWORD_FILE", "/dev/null")]);
    assert_eq!(bad.expect_err("refused").problems[0].key, "database.postgres.password");
    let toml = "[database.postgres]\npassword = \"of the file\"\n";
    let temp = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(temp.path(), "of the environment").expect("written");
    let variable = [("POSTGRES_PASSWORD_FILE", temp.path().to_str().expect("a plain path"))];
    assert!(with_file(toml, &variable, &Flags::default()).is_ok());
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    assert_eq!(fine(&[("WHISPERENGINE_SCALE_TIER", "")]).tier, Tier::Balanced);
}

#[test]
fn the_name_of_the_public_url_is_an_allowed_host() {
    let config = fine(&[
        ("WHISPERENGINE_PUBLIC_URL", "https://Chat.example.org:8443/"),
        ("WHISPERENGINE_ALLOWED_HOSTS", "box.lan, *.home.arpa"),
        ("WHISPERENGINE_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
    ]);
    assert_eq!(config.server.allowed_hosts, ["box.lan", "*.home.arpa", "chat.example.org"]);
    assert_eq!(config.server.trusted_proxies.len(), 2);
}

#[test]
fn without_a_home_the_data_directory_must_be_named() {
    let mut around = around(&[]);
    around.environment.remove("HOME");
    let bad = load::load(&around, &Flags::default(), Assumed::default(), SettingsFile::Read);
    let bad = bad.expect_err("nowhere to go");
    assert_eq!((bad.problems.len(), bad.problems[0].key.as_str()), (1, "data_dir"));
}

#[test]
fn every_setting_is_read_shown_and_has_a_default_that_reads_back() {
    let config = fine(&[]);
    let shown: Vec<&str> = config.settings.iter().map(|setting| setting.key).collect();
    let described: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
    assert_eq!(shown, described);
    for field in FIELDS {
        let setting = config.settings.iter().find(|setting| setting.key == field.key).expect("shown");
        match field.fallback {
            Fallback::Is(text) => assert_eq!(setting.value.as_deref(), Some(text), "{}", field.key),
            Fallback::Follows(_) => assert!(setting.value.is_some(), "{}", field.key),
            Fallback::Nothing => assert_eq!(setting.value, None, "{}", field.key),
        }
    }
}

#[test]
fn the_example_is_good_once_its_comments_are_taken_away() {
    let is_setting = |line: &&str| line.starts_with('[') || (line.starts_with("# ") && line.contains(" = "));
    let text = example::settings_file();
    let toml: Vec<&str> = text.lines().filter(is_setting).map(|line| line.trim_start_matches("# ")).collect();
    let bad = with_file(&toml.join("\n"), &[], &Flags::default()).expect_err("its files are not there");
    for problem in &bad.problems {
        assert!(problem.message.contains("/path/of/a/file") || problem.key == "secrets.master_key_file");
    }
    assert_eq!(toml.iter().filter(|line| !line.starts_with('[')).count(), FIELDS.len() - 1);
}

#[test]
fn what_generate_writes_changes_nothing() {
    let variables = [("WHISPERENGINE_ALLOWED_HOSTS", "a.lan,b.lan"), ("WHISPERENGINE_LOG_LEVEL", "debug")];
    let before = fine(&variables);
    let after = with_file(&example::settings_file_for(&before), &[], &Flags::default()).expect("good");
    assert_eq!((after.tier, &after.derived), (before.tier, &before.derived));
    assert_eq!(after.server.allowed_hosts, before.server.allowed_hosts);
    assert_eq!(after.log, before.log);
    assert_eq!(after.recommendations, before.recommendations);
    let env = example::environment_file_for(&before);
    let variables: Vec<(&str, &str)> =
        env.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    assert_eq!(fine(&variables).derived, before.derived);
    assert_eq!(variables.len(), 6);
}

#[test]
fn the_example_and_the_shown_configuration_are_stable() {
    insta::assert_snapshot!("example", example::settings_file());
    insta::assert_snapshot!("generated_env", example::environment_file_for(&fine(&[])));
    let assumed = Assumed { cores: Some(8), ram_gib: Some(32.0) };
    let config = load::load(&around(&[]), &Flags::default(), assumed, SettingsFile::Read).expect("good");
    insta::assert_json_snapshot!("show", show::as_json(&config));
    insta::assert_snapshot!("show_text", show::as_text(&config));
}

#[test]
fn the_documentation_names_every_setting() {
    let text = document::render();
    for field in FIELDS {
        assert!(text.contains(field.env), "{}", field.env);
    }
}

#[test]
fn the_container_engine_that_is_named_comes_first_and_has_to_be_an_address() {
    let toml = "[containers]\nhost = \"unix:///run/mine.sock\"";
    let config =
        with_file(toml, &[("DOCKER_HOST", "unix:///run/other.sock")], &Flags::default()).expect("good");
    let named = config.containers.setting().expect("one is named");
    assert_eq!(named.endpoint.to_string(), "unix:///run/mine.sock");
    assert_eq!(fine(&[]).containers.setting(), None);
    let bad = with(&[("WHISPERENGINE_CONTAINER_HOST", "docker.sock")]).expect_err("no address");
    assert_eq!((bad.problems.len(), bad.problems[0].key.as_str()), (1, "containers.host"));
}
