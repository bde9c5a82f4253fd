//! What the set-up offers and asks of a box whose container engine runs, and how it tells what came of it.

use super::state::{BoxState, in_trouble, line, open, pages, redis, send};
use super::{moving, told_whole};
use crate::pages::tests::has_no_live_markup;
use crate::ports::ContainerState;
use crate::ports::system::{Choice, Home, LogPiece, Refused, Service, Stage};
use http::StatusCode;

fn beside_an_engine() -> BoxState {
    let mut state = BoxState::default();
    state.containers.state = ContainerState::Running;
    state
}

fn beside(service: Service) -> BoxState {
    BoxState { containers: beside_an_engine().containers, ..BoxState::with(service) }
}

#[tokio::test]
async fn each_way_is_offered_with_what_it_takes_and_one_is_recommended() {
    let (face, _) = pages("owner", beside_an_engine());
    let page = open(&face, "/setup/machine").await;
    has_no_live_markup(&page.text);
    for words in ["postgres:17", "redis:7", "192 MB", "Nothing is fetched", "PostgreSQL", "without a way out"]
    {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert_eq!(page.text.matches("(recommended for this machine)").count(), 1);
    assert!(page.text.contains("value=\"native\" checked"), "{}", page.text);
    assert_eq!(page.text.matches("type=\"checkbox\"").count(), 3);

    let (without, _) = pages("owner", BoxState::default());
    assert!(!open(&without, "/setup/machine").await.text.contains("name=\"way\""));
    let mut settled = beside_an_engine();
    settled.health.services.iter_mut().for_each(|service| service.choice = Choice::Configured);
    let (settled, _) = pages("owner", settled);
    assert!(!open(&settled, "/setup/machine").await.text.contains("name=\"way\""));
    let (member, _) = pages("member", beside_an_engine());
    for path in ["/setup/machine", "/setup/containers", "/setup/containers/now"] {
        assert_eq!(open(&member, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn only_what_was_chosen_gets_a_container() {
    let (face, state) = pages("owner", beside_an_engine());
    for (fields, deeds, to) in [
        ("", vec![], "/setup/model"),
        ("way=native&store=container&redis=container", vec![], "/setup/model"),
        ("way=each", vec![], "/setup/model"),
        ("way=each&redis=container", vec!["choose redis Container"], "/setup/containers"),
        ("way=each&voice=container", vec!["choose voice Container"], "/setup/containers"),
        (
            "way=containers",
            vec!["choose store Container", "choose redis Container", "choose voice Container"],
            "/setup/containers",
        ),
    ] {
        let sent = send(&face, "/setup/machine", fields).await;
        assert_eq!((sent.status, sent.leads_to()), (StatusCode::SEE_OTHER, to), "{fields}");
        assert_eq!(state.done(), deeds, "{fields}");
    }
    let nowhere = send(&face, "/setup/machine", "way=moon").await;
    assert_eq!((nowhere.status, state.done().len()), (StatusCode::BAD_REQUEST, 0));

    let refused = Err(Refused::Failed("<script>no".to_owned()));
    let (face, _) = pages("owner", BoxState { outcome: refused, ..beside_an_engine() });
    let page = send(&face, "/setup/machine", "way=containers").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("role=\"alert\">This was not done: &#60;script"), "{}", page.text);
    assert!(page.text.contains("name=\"way\""), "it can be chosen anew");
}

#[tokio::test]
async fn what_is_on_its_way_is_shown_until_it_is_there() {
    let show = async |state: BoxState| {
        let (face, _) = pages("owner", state);
        let page = open(&face, "/setup/containers").await;
        assert_eq!(page.status, StatusCode::OK);
        has_no_live_markup(&page.text);
        let text = told_whole(&page);
        let part = open(&face, "/setup/containers/now").await;
        assert!(text.contains(&told_whole(&part)), "the living part is the page's own");
        text
    };
    let coming = BoxState { jobs: vec![moving()], ..beside(redis(Stage::Fetching)) };
    let told = show(coming).await;
    for words in ["They are on their way.", "being fetched", "Moving everything"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let piece = LogPiece { lines: vec![line(None, "<script>x")], ..LogPiece::default() };
    let trouble = BoxState { piece: Ok(piece), ..beside(in_trouble(Stage::Resting, "<script>y")) };
    let told = show(trouble).await;
    for words in ["Something has trouble", "Look at its last lines", "&#60;script&#62;x", "&#60;script&#62;y"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let there = show(beside(redis(Stage::Serving { since: 0 }))).await;
    assert!(there.contains("Everything that you chose runs in its container."), "{there}");
    let lost = show(BoxState { jobs: vec![moving()], ..BoxState::with(redis(Stage::Waiting)) }).await;
    assert!(
        lost.contains("The container engine does not work") && lost.contains("Moving everything"),
        "{lost}"
    );
    assert!(show(beside_an_engine()).await.contains("Nothing runs in a container"));
}

#[tokio::test]
async fn going_on_without_takes_back_what_has_not_come_to_be() {
    let mut state = BoxState { jobs: vec![moving()], ..BoxState::with(redis(Stage::Making)) };
    let store = state.health.services.iter_mut().find(|service| service.name == "store").expect("one");
    store.home = Home::Container;
    let (face, state) = pages("owner", state);
    let sent = send(&face, "/setup/containers/without", "").await;
    assert_eq!(sent.leads_to(), "/setup/model");
    assert_eq!(state.done(), ["cancel m-1", "choose redis Native"]);
    let sent = send(&face, "/setup/containers/look", "").await;
    assert_eq!((sent.leads_to(), state.done()), ("/setup/containers", vec!["look".to_owned()]));
}
