//! Turns, followed: slow readers, leavers, stops, deadlines, and engines that go away.

use super::errors::member;
use super::harness::{House, Seen, conversation, in_every_way, send, turn};
use engine_client::client::ClientError;
use engine_client::events::Place;
use engine_client::problem::ErrorCode;
use engine_client::wire::conversations::{AuthorView, MessagePage, MessageStateView};
use engine_client::wire::people::{PersonStateView, PersonView, SetPersonState};
use engine_client::wire::turns::{TurnStateView, TurnView};
use std::time::Duration;

in_every_way!(
    words_come_as_they_are_said,
    a_late_reader_joins_without_a_gap,
    a_reader_who_left_changes_nothing,
    whoever_is_suspended_hears_no_more,
    a_stop_keeps_what_was_said_and_hangs_up,
    a_deadline_ends_the_call_and_not_the_turn,
    an_engine_that_goes_away_is_an_interruption,
    without_a_model_memory_answers,
);

async fn words_come_as_they_are_said(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let taken = send(&owner, id, &turn("tell me")).await.expect("taken");
    let call = house.model.asked().await;
    let mut seen = Seen::default();
    for words in ["Once ", "upon ", "a tide"] {
        call.say(words);
        let so_far = format!("{}{words}", seen.text);
        seen.read(&owner, taken.id, |seen| seen.text == so_far).await.expect("an open stream");
    }
    call.finish();
    seen.read(&owner, taken.id, |_| false).await.expect("to the end");
    let ended = seen.ended.expect("a last word");
    assert_eq!((ended.state, ended.model.as_deref()), (TurnStateView::Done, Some("parrot")));
    assert_eq!((ended.text.as_str(), seen.resets), ("Once upon a tide", 0));
    let attempts: Vec<_> = ended.attempts.iter().map(|a| (a.attempt, a.outcome.as_str())).collect();
    assert_eq!(attempts, [(1, "done")]);
    let page: MessagePage = owner.get(&format!("/api/v1/conversations/{id}/messages")).await.expect("mine");
    let authors: Vec<_> = page.messages.iter().map(|message| message.author).collect();
    assert_eq!(authors, [AuthorView::Companion, AuthorView::Person, AuthorView::Companion]);
    assert_eq!(page.messages[2].text, "Once upon a tide");
}

async fn a_late_reader_joins_without_a_gap(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let taken = send(&owner, id, &turn("count")).await.expect("taken");
    let call = house.model.asked().await;
    let numbers: Vec<String> = (0..5_000).map(|n| format!("{n} ")).collect();
    for number in &numbers[..2_500] {
        call.say(number);
    }
    // Joins in the middle of the flood, from the start and from a place, while the rest is said.
    let late = async {
        let mut seen = Seen::default();
        seen.read(&owner, taken.id, |_| false).await.expect("to the end");
        seen
    };
    let resumed = async {
        let mut seen = Seen::default();
        while seen.ended.is_none() {
            // Leaves and comes back, over and over.
            let enough = seen.text.len() + 1_000;
            seen.read(&owner, taken.id, |seen| seen.text.len() > enough).await.expect("an open stream");
        }
        seen
    };
    let rest = async {
        for number in &numbers[2_500..] {
            call.say(number);
            tokio::task::yield_now().await;
        }
        call.finish();
    };
    let (late, resumed, ()) = futures::join!(late, resumed, rest);
    assert_eq!(late.text, numbers.concat());
    assert_eq!(resumed.text, numbers.concat());
    assert_eq!((late.resets, resumed.resets), (0, 0));
    let mut again = Seen { at: Place { revision: 0, offset: 2 }, text: "0 ".into(), ..Seen::default() };
    again.read(&owner, taken.id, |_| false).await.expect("long after");
    assert_eq!(again.text, numbers.concat());
}

async fn a_reader_who_left_changes_nothing(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let taken = send(&owner, id, &turn("go on")).await.expect("taken");
    let call = house.model.asked().await;
    call.say("first");
    let mut seen = Seen::default();
    seen.read(&owner, taken.id, |seen| !seen.text.is_empty()).await.expect("an open stream");
    // The reader is gone here; the model is still heard.
    call.say(" second");
    call.finish();
    let mut later = Seen::default();
    later.read(&owner, taken.id, |_| false).await.expect("to the end");
    assert_eq!(later.text, "first second");
}

async fn whoever_is_suspended_hears_no_more(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let guest = member(&owner, &running, "Bo").await;
    let id = conversation(&guest).await.id;
    let taken = send(&guest, id, &turn("tell me")).await.expect("taken");
    let call = house.model.asked().await;
    call.say("Once ");
    let mut seen = Seen::default();
    seen.read(&guest, taken.id, |seen| seen.text == "Once ").await.expect("an open stream");
    let reading = async {
        let read = seen.read(&guest, taken.id, |_| false).await;
        (read, seen)
    };
    let suspending = async {
        let people: Vec<PersonView> = owner.get("/api/v1/people").await.expect("the owner sees all");
        let bo = people.iter().find(|person| person.name == "Bo").expect("invited").id;
        let state = SetPersonState { state: PersonStateView::Suspended };
        owner.post::<PersonView>(&format!("/api/v1/people/{bo}/state"), &state).await.expect("suspended");
    };
    let ((_, seen), ()) =
        tokio::time::timeout(Duration::from_secs(5), futures::future::join(reading, suspending))
            .await
            .expect("the stream ends though the model has not");
    assert!(seen.ended.is_none());
    call.say("upon ");
    assert_eq!(seen.text, "Once ");
    let refused = guest.follow(taken.id, Place::default()).await.err().and_then(|error| error.code());
    assert_eq!(refused, Some(ErrorCode::Unauthenticated));
    call.finish();
}

async fn a_stop_keeps_what_was_said_and_hangs_up(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let taken = send(&owner, id, &turn("talk")).await.expect("taken");
    let call = house.model.asked().await;
    call.say("so far");
    let mut seen = Seen::default();
    seen.read(&owner, taken.id, |seen| seen.text == "so far").await.expect("an open stream");
    owner.delete(&format!("/api/v1/turns/{}", taken.id)).await.expect("mine");
    call.left().await;
    seen.read(&owner, taken.id, |_| false).await.expect("to the end");
    let ended = seen.ended.expect("a last word");
    assert_eq!((ended.state, ended.text.as_str()), (TurnStateView::Stopped, "so far"));
    assert_eq!(ended.attempts[0].outcome, "stopped");
    let page: MessagePage = owner.get(&format!("/api/v1/conversations/{id}/messages")).await.expect("mine");
    assert_eq!(page.messages.last().map(|message| message.state), Some(MessageStateView::Stopped));
    owner.delete(&format!("/api/v1/turns/{}", taken.id)).await.expect("stopping twice is fine");
}

async fn a_deadline_ends_the_call_and_not_the_turn(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let said = turn("slowly");
    let hurried = owner.with_patience(Duration::from_millis(300));
    let waited =
        hurried.post::<TurnView>(&format!("/api/v1/conversations/{id}/turns?wait=true"), &said).await;
    let error = waited.expect_err("nobody answered yet");
    let ended_here =
        matches!(error, ClientError::TimedOut(_)) || error.code() == Some(ErrorCode::DeadlineExceeded);
    assert!(ended_here, "{error:?}");
    let call = house.model.asked().await;
    call.say("there");
    call.finish();
    let path = format!("/api/v1/conversations/{id}/turns?wait=true");
    let ended: TurnView = owner.post(&path, &said).await.expect("the same turn, ended");
    assert_eq!((ended.state, ended.text.as_str()), (TurnStateView::Done, "there"));
}

async fn an_engine_that_goes_away_is_an_interruption(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let me: engine_client::wire::people::PersonView = owner.get("/api/v1/me").await.expect("me");
    let id = conversation(&owner).await.id;
    let taken = send(&owner, id, &turn("go on")).await.expect("taken");
    let call = house.model.asked().await;
    call.say("half a ");
    let mut seen = Seen::default();
    seen.read(&owner, taken.id, |seen| seen.text == "half a ").await.expect("an open stream");
    let follow = seen.read(&owner, taken.id, |_| false);
    let (broken, ()) = futures::join!(follow, running.break_off());
    assert!(
        matches!(broken, Ok(()) | Err(ClientError::Interrupted(_) | ClientError::Transport(_))),
        "{broken:?}"
    );
    assert!(seen.ended.is_none(), "no last word means interrupted");
    drop((call, running));

    let next = house.start().await;
    let owner = next.owner(me.id).await;
    let call = house.model.asked().await;
    call.say("a whole sentence");
    call.finish();
    seen.read(&owner, taken.id, |_| false).await.expect("to the end");
    assert_eq!((seen.text.as_str(), seen.resets), ("a whole sentence", 1));
    let outcomes: Vec<_> = seen.ended.expect("a last word").attempts.into_iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, ["interrupted", "done"]);
}

async fn without_a_model_memory_answers(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let first = conversation(&owner).await.id;
    let wait = |id| format!("/api/v1/conversations/{id}/turns?wait=true");
    let said: TurnView =
        owner.post(&wait(first), &turn("my boat is called Perseverance")).await.expect("taken");
    assert_eq!((said.state, said.model), (TurnStateView::Done, None));
    let second = conversation(&owner).await.id;
    let asked: TurnView = owner.post(&wait(second), &turn("what is my boat called?")).await.expect("taken");
    assert!(
        asked.text.contains("you said: \u{201c}my boat is called Perseverance\u{201d}"),
        "{}",
        asked.text
    );
    assert_eq!(asked.attempts.len(), 1);
}
