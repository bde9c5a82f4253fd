//! What the page says of every state.

use super::state::{BoxState, SECOND, in_trouble, issue, open, pages, redis};
use crate::pages::tests::{Answer, HOSTILE, ask, has_no_live_markup, signed_in, to};
use crate::ports::ContainerState;
use crate::ports::system::{
    Choice, Container, Home, Job, JobEnd, Outcome, Part, Repair, Service, Severity, Stage, Takes, Trouble,
    Unit,
};
use http::{Method, StatusCode, header};
use std::fmt::Write;

/// All stages that something in a container can be in.
fn stages() -> [Stage; 11] {
    [
        Stage::Waiting,
        Stage::Looking,
        Stage::Fetching,
        Stage::Making,
        Stage::Starting,
        Stage::Serving { since: 880 * SECOND },
        Stage::Unwatched,
        Stage::Halting,
        Stage::Resting,
        Stage::Parked,
        Stage::Leaving,
    ]
}

fn job(id: &str, stage: &str, done: u64, total: Option<u64>) -> Job {
    Job {
        id: id.to_owned(),
        kind: "image".to_owned(),
        subject: "redis".to_owned(),
        stage: stage.to_owned(),
        unit: Unit::Bytes,
        done,
        total,
        begun_at: 990 * SECOND,
        moved_at: 1_000 * SECOND,
        end: None,
    }
}

/// Everything is being carried elsewhere.
pub fn moving() -> Job {
    Job { kind: "move".to_owned(), unit: Unit::Rows, ..job("m-1", "copying", 1, Some(1_200)) }
}

/// A page's text where no line is broken, as a phone has it.
fn in_one_line(page: &Answer) -> String {
    let pieces = page.text.split('<').filter_map(|piece| piece.split_once('>').map(|(_, words)| words));
    pieces.flat_map(str::chars).map(|letter| if letter == '\n' { ' ' } else { letter }).collect()
}

/// All of a page's text, or of a part of one.
pub fn told_whole(page: &Answer) -> String {
    let pieces =
        page.text.split('<').filter_map(|piece| piece.split_once('>').map(|(_, words)| words.trim()));
    pieces.filter(|words| !words.is_empty()).fold(String::new(), |all, words| all + words + "\n")
}

fn ended(id: &str, outcome: Outcome, detail: Option<&str>) -> Job {
    let end = JobEnd { at: 995 * SECOND, outcome, detail: detail.map(str::to_owned) };
    Job { end: Some(end), ..job(id, "downloading", 5_000_000, Some(5_000_000)) }
}

/// With everything a page may have to tell, in the worst words.
fn worst() -> BoxState {
    let mut state = BoxState::with(in_trouble(Stage::Parked, HOSTILE));
    state.health.services[0] = Service {
        stage: Stage::Silent(HOSTILE.to_owned()),
        home: Home::Elsewhere,
        kind: HOSTILE.to_owned(),
        ..state.health.services[0].clone()
    };
    state.health.is_complete = false;
    state.health.issues = vec![
        issue("no_model", Severity::Note, HOSTILE),
        issue("data_dir_open", Severity::Warning, HOSTILE),
        issue("other", Severity::Error, HOSTILE),
    ];
    state.health.issues[1].repair = Some(Repair::CloseDirectory);
    state.jobs = vec![
        Job { kind: HOSTILE.to_owned(), ..job("a", HOSTILE, 0, None) },
        job("b", "downloading", 30_000_000, Some(120_000_000)),
        Job { moved_at: 970 * SECOND, ..job("c", "downloading", 7, Some(0)) },
        ended("d", Outcome::Done, None),
        ended("e", Outcome::Failed, Some(HOSTILE)),
        ended("f", Outcome::Cancelled, None),
        ended("g", Outcome::Interrupted, Some("the box ended while this was under way")),
    ];
    HOSTILE.clone_into(&mut state.containers.detail);
    state
}

/// The living part without its tags, a line for each piece of text.
fn told(page: &Answer) -> String {
    let part = page.text.split("<div id=\"now\"").nth(1).and_then(|rest| rest.split_once('>'));
    let text = part.map_or(page.text.as_str(), |(_, rest)| rest);
    let text = text.split("</main>").next().unwrap_or_default();
    let pieces = text.split('<').filter_map(|piece| piece.split_once('>').map(|(_, words)| words.trim()));
    pieces.filter(|words| !words.is_empty()).fold(String::new(), |all, words| all + words + "\n")
}

fn is_whole(page: &Answer) {
    assert_eq!(page.status, StatusCode::OK);
    has_no_live_markup(&page.text);
    assert_eq!(page.text.matches("<h1").count(), 1);
    assert_eq!(page.text.matches("aria-current=\"page\"").count(), 1);
    assert!(page.text.contains("<a class=\"button quiet\" href=\"/\">"), "no way back");
    // A word that is missing shows its name.
    assert!(!told(page).contains("system-"), "{}", told(page));
    let mut ids: Vec<&str> =
        page.text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is there twice");
    assert!(page.text.len() < 60_000, "{} bytes", page.text.len());
}

#[tokio::test]
async fn a_well_box_says_so_in_one_sentence() {
    let (face, _) = pages("owner", BoxState::default());
    let page = open(&face, "/system").await;
    is_whole(&page);
    insta::assert_snapshot!("well", told(&page));
}

#[tokio::test]
async fn the_worst_is_told_in_full_and_obeys_nothing() {
    let (face, _) = pages("owner", worst());
    let page = open(&face, "/system").await;
    is_whole(&page);
    insta::assert_snapshot!("worst", told(&page));
}

#[tokio::test]
async fn every_stage_has_a_shape_a_word_and_a_sentence() {
    let mut all = String::new();
    for stage in stages() {
        let service = match stage {
            Stage::Resting | Stage::Parked | Stage::Halting => in_trouble(stage.clone(), "exit code 1"),
            _ => redis(stage.clone()),
        };
        let (face, _) = pages("owner", BoxState::with(service));
        let page = open(&face, "/system").await;
        is_whole(&page);
        let row = page.text.split("<li id=\"s-redis\">").nth(1).and_then(|rest| rest.split("</li>").next());
        let row = row.expect("a row");
        let mark = row.split("#i-").nth(1).and_then(|rest| rest.split('"').next()).expect("a shape");
        let retry = row.contains("/system/services/redis/retry");
        assert_eq!(retry, matches!(stage, Stage::Resting | Stage::Parked), "{stage:?}");
        let state = row.split("class=\"state ").nth(1).and_then(|rest| rest.split('>').nth(1));
        let state = state.and_then(|rest| rest.split('<').next()).expect("a word");
        let how = told(&page).lines().next().unwrap_or_default().to_owned();
        writeln!(all, "{stage:?}: {mark}, {state}\n  {how}").expect("text");
    }
    insta::assert_snapshot!("stages", all);
}

#[tokio::test]
async fn what_a_page_does_is_not_told_as_a_command() {
    let mut state = BoxState::default();
    state.health.issues = vec![issue("no_model", Severity::Note, "no language model is connected")];
    "connect one with `setup --model-url`, or through the API".clone_into(&mut state.health.issues[0].next);
    let (face, _) = pages("owner", state);
    let page = open(&face, "/system").await;
    let text = told(&page);
    assert!(
        text.contains("Connect one, on this machine or from a provider.") && !text.contains("setup"),
        "{text}"
    );
    assert!(page.text.contains("href=\"/settings/models/add\">Connect a model</a>"), "{}", page.text);
}

#[tokio::test]
async fn a_state_and_its_time_stay_two_words_where_they_share_a_line() {
    let mut state = BoxState::with(redis(Stage::Serving { since: 880 * SECOND }));
    state.jobs = vec![ended("d", Outcome::Done, None)];
    let (face, _) = pages("owner", state);
    let text = in_one_line(&open(&face, "/system").await);
    for words in ["running since 2 minutes", "done just now"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn what_counts_most_comes_first() {
    let how = async |state: BoxState| {
        let (face, _) = pages("owner", state);
        told(&open(&face, "/system").await).lines().next().unwrap_or_default().to_owned()
    };
    let mut state = BoxState::with(in_trouble(Stage::Resting, "x"));
    state.health.issues = vec![issue("a", Severity::Error, "x")];
    assert!(how(state).await.starts_with("Redis has trouble, and the box goes on without it."));

    let mut both = BoxState::with(in_trouble(Stage::Resting, "x"));
    both.health.services[2].stage = Stage::Silent("x".to_owned());
    assert!(how(both).await.starts_with("Several services"));

    // The same failure of what the box needs is no other thing to do without.
    let mut postgres = in_trouble(Stage::Resting, "x");
    (postgres.part, postgres.is_needed) = (Part::Store, true);
    "postgres".clone_into(&mut postgres.kind);
    assert!(how(BoxState::with(postgres)).await.starts_with("PostgreSQL does not work"));

    for (severity, count, starts) in [
        (Severity::Error, 1, "The box is running, and something needs you."),
        (Severity::Warning, 1, "The box is running. There is one thing"),
        (Severity::Warning, 3, "The box is running. There are 3 things"),
        (Severity::Note, 1, "Everything is running, in this one program."),
    ] {
        let mut state = BoxState::default();
        state.health.issues = vec![issue("a", severity, "x"); count];
        let said = how(state).await;
        assert!(said.starts_with(starts), "{said}");
    }
    let mut slow = BoxState::default();
    slow.health.is_complete = false;
    slow.health.services[0].stage = Stage::Unheard;
    assert!(how(slow).await.contains("Not everything has answered yet"));
}

#[tokio::test]
async fn work_tells_bytes_speed_time_left_and_when_nothing_comes() {
    let jobs = vec![
        job("quick", "downloading", 30_000_000, Some(120_000_000)),
        Job { moved_at: 985 * SECOND, ..job("still", "downloading", 2_500_000, None) },
        job("early", "looking", 0, None),
        job("later", "unpacking", 120_000_000, Some(120_000_000)),
    ];
    let state = BoxState { jobs, ..BoxState::default() };
    let (face, _) = pages("owner", state);
    let page = open(&face, "/system").await;
    let text = told(&page);
    assert!(text.contains("30 MB of 120 MB"), "{text}");
    for words in
        ["3 MB a second on average", "about 30 seconds left", "nothing new for 15 seconds", "unpacking"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(page.text.contains("<progress max=\"1000\" value=\"250\" aria-label=\"Image for Redis\">"));
    assert_eq!(page.text.matches("/cancel\"").count(), 4);
}

#[tokio::test]
async fn all_eleven_states_of_a_container_engine_are_told() {
    for state in [
        ContainerState::NotInstalled,
        ContainerState::Stopped,
        ContainerState::Starting,
        ContainerState::PermissionDenied,
        ContainerState::ApiTooOld,
        ContainerState::ClientTooOld,
        ContainerState::NotDocker,
        ContainerState::Degraded,
        ContainerState::Running,
        ContainerState::Lost,
        ContainerState::Disabled,
    ] {
        let mut told = BoxState::default();
        told.containers.state = state;
        let (face, _) = pages("owner", told);
        let page = open(&face, "/system").await;
        is_whole(&page);
        let again = page.text.contains("action=\"/system/engine/look\"");
        assert_eq!(again, state != ContainerState::Disabled, "{state:?}");
    }
}

#[tokio::test]
async fn a_move_counts_rows_and_can_be_stopped() {
    let done = Job { id: "m-0".to_owned(), ..ended("m-0", Outcome::Done, None) };
    let done = Job { kind: "move".to_owned(), unit: Unit::Rows, done: 7, ..done };
    let (face, _) = pages("owner", BoxState { jobs: vec![moving(), done], ..BoxState::default() });
    let page = open(&face, "/system").await;
    for words in [
        "Moving everything",
        "copying and comparing",
        "1 row of 1200 rows",
        "7 rows",
        "/system/jobs/m-1/cancel",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("a second on average"), "rows have no speed");
}

#[tokio::test]
async fn where_it_cannot_be_switched_the_page_says_why() {
    let mut ours = redis(Stage::Serving { since: 0 });
    (ours.part, ours.is_needed, ours.choice) = (Part::Store, true, Choice::Configured);
    "postgres".clone_into(&mut ours.name);
    "postgres".clone_into(&mut ours.kind);
    let (face, _) = pages("owner", BoxState::with(ours));
    let page = open(&face, "/system").await;
    assert!(page.text.contains("The configuration names where everything is kept"), "{}", page.text);
    assert!(!page.text.contains("/system/services/postgres/home"));
    assert!(page.text.contains("/system/services/redis/home?home=container"));
}

#[tokio::test]
async fn the_living_part_is_the_pages_own_and_is_sent_only_when_it_has_changed() {
    let (face, _) = pages("owner", worst());
    let page = open(&face, "/system").await;
    let part = open(&face, "/system/now").await;
    assert_eq!(part.status, StatusCode::OK);
    assert!(page.text.contains(part.text.trim()), "the two have drifted apart");
    let mark = part.headers[header::ETAG].to_str().expect("text").to_owned();
    assert!(page.text.contains(&format!("data-mark=\"{}\"", mark.replace('"', "&#34;"))), "{mark}");
    let again = signed_in(Method::GET, "/system/now").header(header::IF_NONE_MATCH, &mark);
    let again = ask(&face, again, "").await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let (other, _) = pages("owner", BoxState::default());
    let changed = signed_in(Method::GET, "/system/now").header(header::IF_NONE_MATCH, &mark);
    assert_eq!(ask(&other, changed, "").await.status, StatusCode::OK);
    // Without a script the page is a whole one all the same.
    assert!(page.text.contains("<noscript><p><a class=\"button\" href=\"/system\">Refresh</a>"));
}

#[tokio::test]
async fn nobody_but_the_owner_sees_any_of_it() {
    let (member, state) = pages("member", worst());
    for path in [
        "/system",
        "/system/now",
        "/system/logs",
        "/system/logs/download",
        "/system/logs/live",
        "/system/services/redis/home?home=native",
    ] {
        let page = open(&member, path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!page.text.contains("Redis"), "{path}");
        let nobody = ask(&member, to(Method::GET, path), "").await;
        assert!(nobody.leads_to().starts_with("/sign-in?next=/system"), "{path}");
    }
    assert_eq!(state.done(), Vec::<String>::new());
}

#[tokio::test]
async fn a_trouble_names_its_next_try() {
    let mut late = in_trouble(Stage::Resting, "x");
    late.trouble = late.trouble.map(|trouble| Trouble { next_try: Some(0), ..trouble });
    for (service, words) in
        [(in_trouble(Stage::Parked, "x"), "It is tried again in 1 minute."), (late, "It is tried again now.")]
    {
        let (face, _) = pages("owner", BoxState::with(service));
        let page = open(&face, "/system").await;
        for words in
            [words, "Redis ended by itself.", "Look at its last lines.", "Ready to accept connections"]
        {
            assert!(page.text.contains(words), "{words}: {}", told(&page));
        }
    }
}

#[tokio::test]
async fn what_is_taken_is_told_and_what_nobody_tells_is_called_missing_and_never_a_nought() {
    let mut silent = redis(Stage::Serving { since: 0 });
    silent.takes = Takes::default();
    let mut absent = silent.clone();
    absent.container = absent.container.map(|container| Container { id: None, starts: 0, ..container });
    let told_of = async |service: Service| {
        let mut state = BoxState::with(service);
        // All others are told.
        state.load.memory_own = None;
        let (face, _) = pages("owner", state);
        let page = open(&face, "/system").await;
        is_whole(&page);
        let told = told(&page);
        told.split("Cache\n").nth(1).and_then(|rest| rest.split("Container engine").next()).map(str::to_owned)
    };
    let known = told_of(redis(Stage::Serving { since: 0 })).await.expect("the cache");
    assert!(
        known.contains("Memory\n45 MB of at most 192 MB\nProcessor\nless than 1 % of one core"),
        "{known}"
    );
    assert!(known.contains("Answers at\n127.0.0.1:49153") && known.contains("Port inside\n6379"), "{known}");
    let silent = told_of(silent).await.expect("the cache");
    assert!(silent.contains("not known at the moment, at most 192 MB"), "{silent}");
    assert!(silent.contains("Processor\nnot known at the moment"), "{silent}");
    let absent = told_of(absent).await.expect("the cache");
    assert!(absent.contains("Memory\nat most 192 MB") && !absent.contains("not known"), "{absent}");
    for text in [known, silent, absent] {
        assert!(!text.contains("\n0 "), "{text}");
    }

    let mut state = BoxState::default();
    (state.load.group_total, state.load.group_free) = (Some(2_000_000_000), Some(100_000_000));
    let (face, _) = pages("owner", state);
    let text = told(&open(&face, "/system").await);
    for words in [
        "Memory\nshares the box’s 60 MB\nProcessor\nshares the box’s 3 % of one core",
        "The box answers at\n127.0.0.1:8080",
        "Allowed memory\n100 MB free of 2 GB",
        "1.1 GB of the disk stay free",
        "Everything\n96 MB\nConversations and files\n52 MB",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let mut unknown = BoxState::default();
    unknown.load.kept = None;
    (unknown.load.disk_free, unknown.load.memory_free) = (None, None);
    let (face, _) = pages("owner", unknown);
    let text = told(&open(&face, "/system").await);
    assert!(!text.contains("free of") && !text.contains("What the box keeps here"), "{text}");
}
