//! Which services are planned in which home, over every tier, runtime and choice.

use super::make::{Wishes, home, make};
use super::planned::{Planned, User};
use super::recipes::VoiceWish;
use crate::config::areas::{Images, Runtime};
use crate::machine::tier::Tier;
use crate::services::name::ServiceName;
use crate::state::choices::{Choices, Home};
use std::collections::BTreeSet;

fn wishes(runtime: Runtime) -> Wishes {
    Wishes {
        runtime,
        choices: Choices::new(),
        tier: Tier::Balanced,
        cache_is_elsewhere: false,
        store_is_ours: false,
        store_goes: None,
        engine_may_move: Some(false),
        voice: None,
        owner: (1000, 1000),
        images: Images { postgres: "postgres:17".to_owned(), redis: "redis:8".to_owned() },
        secrets: "/data/run/secrets".into(),
        memory_mib: 4096,
    }
}

/// Which listens and speaks.
fn with_voice(runtime: Runtime) -> Wishes {
    let settings = vec![("WHISPERENGINE_VOICE_SPEAKER".to_owned(), "en-gb".to_owned())];
    let voice = Some(VoiceWish { models: "/data/data/models".into(), settings, graphics: true });
    Wishes { voice, ..wishes(runtime) }
}

fn names(wishes: &Wishes) -> Vec<ServiceName> {
    make(wishes).services.into_keys().collect()
}

#[test]
fn nothing_runs_in_a_container_without_its_owners_consent() {
    assert_eq!(names(&wishes(Runtime::Native)), []);
    assert_eq!(names(&wishes(Runtime::Auto)), []);
    assert_eq!(names(&wishes(Runtime::Docker)), [ServiceName::Redis]);
    let chosen = |runtime, choice| {
        let choices = [(ServiceName::Redis, choice)].into();
        names(&Wishes { choices, ..wishes(runtime) })
    };
    assert_eq!(chosen(Runtime::Auto, Home::Container), [ServiceName::Redis]);
    assert_eq!(chosen(Runtime::Docker, Home::Native), []);
    assert_eq!(chosen(Runtime::Native, Home::Container), [], "`native` means native");
}

#[test]
fn a_voice_is_in_a_container_where_containers_are_wished_for_and_the_machine_is_not_small() {
    let tier = |tier, runtime| names(&Wishes { tier, ..with_voice(runtime) });
    assert_eq!(tier(Tier::Balanced, Runtime::Docker), [ServiceName::Redis, ServiceName::Voice]);
    assert_eq!(tier(Tier::Constrained, Runtime::Docker), [ServiceName::Redis]);
    assert_eq!(tier(Tier::Enterprise, Runtime::Auto), []);
    let choices = || [(ServiceName::Voice, Home::Container)].into();
    let chosen = |wishes: Wishes| names(&Wishes { choices: choices(), tier: Tier::Constrained, ..wishes });
    assert_eq!(chosen(with_voice(Runtime::Auto)), [ServiceName::Voice]);
    assert_eq!(chosen(with_voice(Runtime::Docker)), [ServiceName::Redis, ServiceName::Voice]);
    assert_eq!(chosen(with_voice(Runtime::Native)), []);
    assert_eq!(chosen(wishes(Runtime::Auto)), [], "a box that is to be silent has no voice anywhere");
}

#[test]
fn what_the_owner_has_elsewhere_is_not_run_here() {
    let elsewhere = Wishes { cache_is_elsewhere: true, ..wishes(Runtime::Docker) };
    assert_eq!(names(&elsewhere), []);
}

#[test]
fn the_store_stays_where_it_was_settled_whatever_is_chosen_later() {
    for runtime in [Runtime::Native, Runtime::Auto, Runtime::Docker] {
        for choice in [Home::Native, Home::Container] {
            for store_is_ours in [false, true] {
                let choices = [(ServiceName::Postgres, choice)].into();
                let wishes = Wishes { choices, store_is_ours, ..wishes(runtime) };
                let settled = if store_is_ours { Home::Container } else { Home::Native };
                assert_eq!(home(ServiceName::Postgres, &wishes), settled);
            }
        }
    }
}

#[test]
fn what_the_store_is_to_move_into_comes_before_it() {
    let coming = Wishes { store_goes: Some(Home::Container), ..wishes(Runtime::Auto) };
    assert_eq!(names(&coming), [ServiceName::Postgres]);
    let ours = Wishes { store_is_ours: true, engine_may_move: Some(true), ..wishes(Runtime::Auto) };
    assert_eq!(names(&ours), [ServiceName::Postgres, ServiceName::Engine]);
    let leaving = Wishes { store_goes: Some(Home::Native), ..ours };
    assert_eq!(names(&leaving), [ServiceName::Postgres], "nobody writes into what is being left");
    assert_eq!(make(&coming).undecided, []);
}

#[test]
fn the_engine_is_in_a_container_only_where_it_could_do_what_ours_does() {
    let engine = |store_is_ours, engine_may_move, runtime| {
        home(ServiceName::Engine, &Wishes { store_is_ours, engine_may_move, ..wishes(runtime) })
    };
    assert_eq!(engine(true, Some(true), Runtime::Docker), Home::Container);
    assert_eq!(engine(true, Some(true), Runtime::Auto), Home::Container);
    assert_eq!(engine(true, Some(false), Runtime::Docker), Home::Native);
    assert_eq!(engine(false, Some(true), Runtime::Docker), Home::Native);
    assert_eq!(engine(true, Some(true), Runtime::Native), Home::Native);
    assert_eq!(engine(true, None, Runtime::Docker), Home::Native);
    // Until somebody has looked, one that runs is left running.
    let open = |engine_may_move, runtime| {
        make(&Wishes { store_is_ours: true, engine_may_move, ..wishes(runtime) }).undecided
    };
    assert_eq!(open(None, Runtime::Docker), [ServiceName::Engine]);
    assert_eq!(open(Some(false), Runtime::Docker), []);
    assert_eq!(open(None, Runtime::Native), []);
}

#[test]
fn each_container_is_made_as_it_is_written_down() {
    let wishes = with_voice(Runtime::Docker);
    let all = make(&Wishes { store_is_ours: true, engine_may_move: Some(true), ..wishes });
    insta::assert_json_snapshot!(all.services);
}

#[test]
fn memory_follows_the_machine_within_reason() {
    let memory = |memory_mib| {
        let all = make(&Wishes { memory_mib, store_is_ours: true, ..wishes(Runtime::Docker) });
        all.services.into_values().map(|one| one.memory_bytes >> 20).collect::<Vec<_>>()
    };
    // PostgreSQL, then Redis with room for its buffers.
    assert_eq!(memory(100), [256, 96]);
    assert_eq!(memory(4096), [1024, 473]);
    assert_eq!(memory(1 << 20), [4096, 1088]);
}

/// Whatever a container is made from makes it another one, and nothing else does.
#[test]
fn a_fingerprint_follows_the_whole_plan_and_only_the_plan() {
    let redis = || make(&wishes(Runtime::Docker)).services.remove(&ServiceName::Redis).expect("planned");
    let changed = |change: fn(&mut Planned)| {
        let mut planned = redis();
        change(&mut planned);
        planned.fingerprint()
    };
    let all: BTreeSet<String> = [
        redis().fingerprint(),
        changed(|planned| planned.command.push("--x".to_owned())),
        changed(|planned| planned.environment.push(("A".to_owned(), "b".to_owned()))),
        changed(|planned| planned.memory_bytes += 1),
        changed(|planned| planned.capabilities.push("CHOWN".to_owned())),
        changed(|planned| planned.keeps = Some("/data".to_owned())),
        changed(|planned| planned.user = User::OfImage),
        changed(|planned| planned.port += 1),
        changed(|planned| planned.graphics = true),
        changed(|planned| planned.models = Some("/models".into())),
    ]
    .into();
    assert_eq!(all.len(), 10);
    assert_eq!(redis().fingerprint(), redis().fingerprint());
}

#[test]
fn no_plan_gives_a_container_more_than_it_needs() {
    let all = make(&Wishes { store_is_ours: true, ..with_voice(Runtime::Docker) });
    for planned in all.services.values() {
        let secret = |text: &str| text.to_lowercase().contains("password") && !text.contains("/run/secrets/");
        let environment = planned.environment.iter().map(|(_, value)| value.as_str());
        assert!(!environment.chain(planned.command.iter().map(String::as_str)).any(secret), "{planned:?}");
        assert!(!planned.capabilities.iter().any(|one| one.contains("SYS_ADMIN") || one == "NET_RAW"));
        assert!(planned.memory_bytes > 0 && planned.processes > 0);
    }
}
