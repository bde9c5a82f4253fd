//! Turns: taken once, written by one owner, ended once.

use super::harness::Bench;
use super::talk::{LEASE, Talk, entry, settlement};
use crate::domain::ids::ConversationId;
use crate::domain::job::{Job, JobState};
use crate::domain::time::Timestamp;
use crate::domain::turn::{Failure, TurnState};
use crate::domain::usage::{Outcome, Tokens};
use crate::ports::conversations::{ConversationEdit, Messages};
use crate::ports::error::StoreError;
use crate::ports::ledger::Ledger;
use crate::ports::turns::{Accepted, Ending, Turns};
use std::time::Duration;

on_both_stores! {
    an_accepted_turn_is_there_whole,
    the_same_turn_again_is_known_and_stored_once,
    the_same_id_with_other_words_is_different,
    a_second_turn_waits_for_the_first,
    a_turn_needs_its_conversation_and_its_parent,
    text_grows_only_where_it_ends,
    the_same_piece_again_is_fine,
    an_overtaken_owner_can_write_nothing,
    only_an_expired_lease_is_taken_over,
    a_takeover_settles_the_dead_attempt_once,
    a_new_attempt_goes_on_or_starts_again,
    the_same_attempt_begun_again_is_fine,
    a_stop_reaches_the_owner,
    an_ending_is_written_as_one,
    an_ending_again_is_fine_and_another_is_refused,
    a_failed_turn_tells_why_and_frees_the_conversation,
    an_ending_moves_no_head_the_person_moved,
    strangers_find_no_turn,
}

async fn an_accepted_turn_is_there_whole(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    assert_eq!(bench.store.find_turn(&asked.turn).await, asked.turn);
    let running = bench.store.running(talk.tenant, talk.conversation).await.expect("the store answers");
    assert_eq!(running.as_ref(), Some(&asked.turn));
    let message = Messages::find(&bench.store, talk.tenant, talk.conversation, asked.message.id).await;
    assert_eq!(message.expect("the store answers").as_ref(), Some(&asked.message));
    let conversation = bench.store.find_conversation(talk).await.expect("it is there");
    assert_eq!(conversation.head, Some(asked.message.id));
    let entries = bench.store.of_turn(talk.tenant, asked.turn.id).await.expect("the store answers");
    assert_eq!(entries, [asked.entry]);
}

async fn the_same_turn_again_is_known_and_stored_once(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "hello\0").await;
    let mut again = talk.exchange(bench, None, "hello\0");
    (again.turn.id, again.message.turn) = (first.turn.id, Some(first.turn.id));
    assert_eq!(again.accept(bench).await, Accepted::Known(first.turn.clone()));
    // Asked for "the newest message" again, the caller meets its own.
    again.message.parent = Some(first.message.id);
    assert_eq!(again.accept(bench).await, Accepted::Known(first.turn.clone()));
    bench.store.finish(&first.turn, &first.ending(bench, "hi")).await.expect("it ends");
    let Accepted::Known(ended) = again.accept(bench).await else {
        panic!("it is known when it has ended, too")
    };
    assert_eq!((ended.state, ended.text.as_str()), (TurnState::Done, "hi"));
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 2);
}

async fn the_same_id_with_other_words_is_different(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let root = talk.exchange_words(bench, None, "root", "reply").await;
    let first = talk.ask(bench, Some(root), "hello").await;
    let other_talk = Talk::between(bench, talk.owner()).await;
    let stranger = Talk::begin(bench).await;
    let mut others = vec![
        talk.exchange(bench, Some(root), "goodbye"),
        talk.exchange(bench, None, "hello"),
        other_talk.exchange(bench, Some(root), "hello"),
        stranger.exchange(bench, None, "hello"),
        talk.exchange(bench, Some(root), "hello"),
    ];
    others[4].message.attachments = vec![bench.id()];
    for (case, mut other) in others.into_iter().enumerate() {
        (other.turn.id, other.message.turn) = (first.turn.id, Some(first.turn.id));
        assert_eq!(other.accept(bench).await, Accepted::Different, "case {case}");
    }
    let mut taken = stranger.exchange(bench, None, "my own words");
    taken.message.id = first.message.id;
    taken.turn.message = first.message.id;
    assert_eq!(taken.accept(bench).await, Accepted::Different);
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 3);
    assert_eq!(bench.store.running(stranger.tenant, stranger.conversation).await.expect("answers"), None);
}

async fn a_second_turn_waits_for_the_first(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "hello").await;
    let second = talk.exchange(bench, None, "are you there?");
    assert_eq!(second.accept(bench).await, Accepted::Busy(first.turn.id));
    Talk::between(bench, talk.owner()).await.ask(bench, None, "elsewhere").await;
    bench.store.finish(&first.turn, &first.ending(bench, "yes")).await.expect("it ends");
    assert_eq!(second.accept(bench).await, Accepted::New(second.turn.clone()));
}

async fn a_turn_needs_its_conversation_and_its_parent(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let elsewhere = Talk::between(bench, talk.owner()).await;
    let foreign = elsewhere.exchange_words(bench, None, "over there", "yes").await;
    let nowhere = Talk { conversation: bench.id::<ConversationId>(), ..talk };
    let stranger = Talk { person: bench.id(), ..talk };
    for exchange in [
        nowhere.exchange(bench, None, "hello"),
        stranger.exchange(bench, None, "hello"),
        talk.exchange(bench, Some(bench.id()), "hello"),
        talk.exchange(bench, Some(foreign), "hello"),
    ] {
        assert_eq!(exchange.accept(bench).await, Accepted::Missing);
    }
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 0);
}

async fn text_grows_only_where_it_ends(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let turn = talk.ask(bench, None, "hello").await.turn;
    for (offset, piece) in [(0, "Ünd "), (5, "so "), (8, "👩‍👧 weiter")] {
        bench.store.append(&turn, offset, piece).await.expect("it follows the last byte");
    }
    for offset in [0, 4, 8, 9, 1_000] {
        let error = bench.store.append(&turn, offset, "elsewhere").await.expect_err("it does not follow");
        assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    }
    assert_eq!(bench.store.find_turn(&turn).await.text, "Ünd so 👩‍👧 weiter");
}

async fn the_same_piece_again_is_fine(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let turn = talk.ask(bench, None, "hello").await.turn;
    for _ in 0..2 {
        bench.store.append(&turn, 0, "one\0").await.expect("the first time or again");
    }
    for _ in 0..2 {
        bench.store.append(&turn, 4, "two").await.expect("the first time or again");
    }
    assert!(bench.store.append(&turn, 4, "twx").await.is_err());
    assert!(bench.store.append(&turn, 0, "one\0").await.is_err(), "it is not the last piece");
    assert_eq!(bench.store.find_turn(&turn).await.text, "one\u{1a}two");
}

async fn an_overtaken_owner_can_write_nothing(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let old = talk.ask(bench, None, "hello").await;
    bench.store.append(&old.turn, 0, "half ").await.expect("it owns the turn");
    bench.clock.advance(LEASE * 2);
    let until = bench.now().plus(LEASE);
    let new = bench.store.take_over(bench.now(), until).await.expect("answers").expect("the lease has ended");
    assert_eq!((new.fence, new.text.as_str(), new.lease_until), (2, "half ", until));
    assert_eq!((new.attempt, new.revision, new.kept_bytes), (1, 1, 5));

    let late = entry(bench, &old.turn, 2);
    let last = settlement(bench, Outcome::Failed);
    for error in [
        bench.store.append(&old.turn, 5, "late").await.expect_err("void"),
        bench.store.renew(&old.turn, bench.now().plus(LEASE * 9)).await.expect_err("void"),
        bench.store.begin_attempt(&old.turn, &last, &late, false).await.expect_err("void"),
        bench.store.begin_attempt(&old.turn, &last, &late, true).await.expect_err("void"),
        bench.store.finish(&old.turn, &old.ending(bench, "half late")).await.expect_err("void"),
    ] {
        assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    }
    assert_eq!(bench.store.find_turn(&new).await, new);
    bench.store.append(&new, 5, "and half").await.expect("the new owner writes on");
}

async fn only_an_expired_lease_is_taken_over(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let turn = talk.ask(bench, None, "hello").await.turn;
    let later = bench.now().plus(LEASE * 9);
    assert_eq!(bench.store.take_over(turn.lease_until, later).await.expect("the store answers"), None);
    bench.clock.advance(LEASE);
    assert!(!bench.store.renew(&turn, bench.now().plus(LEASE)).await.expect("it owns the turn"));
    bench.clock.advance(LEASE / 2);
    assert_eq!(bench.store.take_over(bench.now(), later).await.expect("the store answers"), None);
    bench.clock.advance(LEASE);
    assert!(bench.store.take_over(bench.now(), later).await.expect("the store answers").is_some());
    let everything = Timestamp(i64::MAX);
    let again = bench.store.take_over(everything, later).await.expect("the store answers");
    assert_eq!(again, None, "who holds the very lease that is given out is left alone");
    assert_eq!(bench.store.take_over(bench.now(), later).await.expect("the store answers"), None);
}

async fn a_takeover_settles_the_dead_attempt_once(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    bench.store.append(&asked.turn, 0, "exactly twenty bytes").await.expect("it owns the turn");
    bench.clock.advance(LEASE * 2);
    let died = bench.now();
    let new = bench.store.take_over(died, died.plus(LEASE)).await.expect("answers").expect("it has expired");
    let second = entry(bench, &new, 2);
    let new = bench.store.begin_attempt(&new, &settlement(bench, Outcome::Failed), &second, false).await;
    let new = new.expect("the new owner begins");
    assert_eq!((new.attempt, new.revision), (2, 1));
    bench.store.append(&new, 20, " and 9.").await.expect("it owns the turn");
    bench.clock.advance(LEASE * 2);
    let newest =
        bench.store.take_over(bench.now(), bench.now()).await.expect("answers").expect("expired again");
    assert_eq!((newest.fence, newest.kept_bytes), (3, 27));

    let entries = bench.store.of_turn(talk.tenant, asked.turn.id).await.expect("the store answers");
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            let settled = entry.settlement.as_ref().expect("each is settled");
            (entry.attempt, settled.outcome, settled.tokens, settled.cost_micros)
        })
        .collect();
    let guess = |completion| Tokens { prompt: 0, completion, estimated: true };
    assert_eq!(told, [(1, Outcome::Interrupted, guess(5), None), (2, Outcome::Interrupted, guess(2), None)]);
    assert_eq!(entries[0].settlement.as_ref().expect("it is settled").finished_at, died);
}

async fn a_new_attempt_goes_on_or_starts_again(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    bench.store.append(&asked.turn, 0, "kept").await.expect("it owns the turn");
    let failed = settlement(bench, Outcome::Failed);
    let turn = bench.store.begin_attempt(&asked.turn, &failed, &entry(bench, &asked.turn, 2), false).await;
    let turn = turn.expect("it goes on");
    assert_eq!((turn.attempt, turn.revision, turn.text.as_str(), turn.fence), (2, 0, "kept", 1));
    bench.store.append(&turn, 4, " on").await.expect("it owns the turn");
    // The number is the turn's own, whatever the entry says.
    let turn = bench.store.begin_attempt(&turn, &failed, &entry(bench, &turn, 77), true).await;
    let turn = turn.expect("it starts again");
    assert_eq!((turn.attempt, turn.revision, turn.kept_bytes, turn.text.as_str()), (3, 1, 0, ""));
    bench.store.append(&turn, 0, "fresh").await.expect("offsets start again, too");
    assert_eq!(bench.store.find_turn(&turn).await.text, "fresh");
    let entries = bench.store.of_turn(talk.tenant, turn.id).await.expect("the store answers");
    let told: Vec<_> =
        entries.iter().map(|e| (e.attempt, e.settlement.as_ref().map(|s| s.outcome))).collect();
    assert_eq!(told, [(1, Some(Outcome::Failed)), (2, Some(Outcome::Failed)), (3, None)]);
}

async fn the_same_attempt_begun_again_is_fine(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    let (failed, second) = (settlement(bench, Outcome::Failed), entry(bench, &asked.turn, 2));
    let first = bench.store.begin_attempt(&asked.turn, &failed, &second, true).await.expect("it begins");
    let again = bench.store.begin_attempt(&asked.turn, &failed, &second, true).await.expect("it has begun");
    assert_eq!(first, again);
    let other = entry(bench, &asked.turn, 2);
    let error =
        bench.store.begin_attempt(&asked.turn, &failed, &other, true).await.expect_err("another attempt");
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    assert_eq!(bench.store.of_turn(talk.tenant, asked.turn.id).await.expect("the store answers").len(), 2);
}

async fn a_stop_reaches_the_owner(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    let until = bench.now().plus(LEASE);
    assert!(!bench.store.renew(&asked.turn, until).await.expect("it owns the turn"));
    assert!(!bench.store.request_stop(talk.tenant, bench.id(), asked.turn.id).await.expect("answers"));
    assert!(!bench.store.request_stop(bench.id(), talk.person, asked.turn.id).await.expect("answers"));
    assert!(!bench.store.renew(&asked.turn, until).await.expect("strangers stop nothing"));
    assert!(bench.store.request_stop(talk.tenant, talk.person, asked.turn.id).await.expect("answers"));
    assert!(bench.store.renew(&asked.turn, until).await.expect("it owns the turn"));
    let ending = Ending { state: TurnState::Stopped, ..asked.ending(bench, "so far") };
    bench.store.finish(&asked.turn, &ending).await.expect("it ends");
    assert!(!bench.store.request_stop(talk.tenant, talk.person, asked.turn.id).await.expect("answers"));
}

async fn an_ending_is_written_as_one(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    bench.store.append(&asked.turn, 0, "hi the").await.expect("it owns the turn");
    bench.clock.advance(Duration::from_secs(3));
    let mut ending = asked.ending(bench, "hi there");
    ending.jobs.push(job(bench, talk));
    bench.store.finish(&asked.turn, &ending).await.expect("it ends");

    let turn = bench.store.find_turn(&asked.turn).await;
    assert_eq!(
        (turn.state, turn.text.as_str(), turn.finished_at),
        (TurnState::Done, "hi there", Some(ending.at))
    );
    assert_eq!((turn.model.as_deref(), turn.failure), (Some("parrot-1"), None));
    let reply = Messages::find(&bench.store, talk.tenant, talk.conversation, asked.turn.reply).await;
    assert_eq!(reply.expect("the store answers"), ending.reply);
    let conversation = bench.store.find_conversation(talk).await.expect("it is there");
    assert_eq!((conversation.head, conversation.updated_at), (Some(asked.turn.reply), ending.at));
    let entries = bench.store.of_turn(talk.tenant, turn.id).await.expect("the store answers");
    assert_eq!(
        entries.into_iter().map(|entry| entry.settlement).collect::<Vec<_>>(),
        [Some(ending.settlement)]
    );
    let jobs = crate::ports::housekeeping::Jobs::list(&bench.store, talk.tenant, 9)
        .await
        .expect("the store answers");
    assert_eq!(jobs, ending.jobs);
    assert_eq!(bench.store.running(talk.tenant, talk.conversation).await.expect("the store answers"), None);
}

async fn an_ending_again_is_fine_and_another_is_refused(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    let ending = asked.ending(bench, "hi");
    for _ in 0..2 {
        bench.store.finish(&asked.turn, &ending).await.expect("it ends, and has ended");
    }
    bench.clock.advance(Duration::from_secs(1));
    let other = Ending { state: TurnState::Failed, ..asked.ending(bench, "other") };
    let error = bench.store.finish(&asked.turn, &other).await.expect_err("it has ended otherwise");
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    assert!(bench.store.append(&asked.turn, 2, "!").await.is_err());
    assert!(bench.store.renew(&asked.turn, bench.now()).await.is_err());
    assert_eq!(
        bench.store.take_over(bench.now().plus(LEASE * 99), bench.now()).await.expect("answers"),
        None
    );
    assert_eq!(bench.store.find_turn(&asked.turn).await.text, "hi");
}

async fn a_failed_turn_tells_why_and_frees_the_conversation(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "hello").await;
    let failure = Failure { code: "model_silent".into(), detail: "the model said nothing for 30 s".into() };
    let ending = Ending {
        state: TurnState::Failed,
        reply: None,
        failure: Some(failure.clone()),
        settlement: settlement(bench, Outcome::Failed),
        ..asked.ending(bench, "")
    };
    bench.store.finish(&asked.turn, &ending).await.expect("it ends");
    let turn = bench.store.find_turn(&asked.turn).await;
    assert_eq!((turn.state, turn.failure), (TurnState::Failed, Some(failure)));
    let conversation = bench.store.find_conversation(talk).await.expect("it is there");
    assert_eq!(conversation.head, Some(asked.message.id));
    talk.ask(bench, Some(asked.message.id), "again").await;
}

async fn an_ending_moves_no_head_the_person_moved(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.exchange_words(bench, None, "one", "two").await;
    let asked = talk.ask(bench, Some(first), "three").await;
    assert!(bench.store.edit_conversation(talk, &ConversationEdit::Head(first)).await);
    bench.store.finish(&asked.turn, &asked.ending(bench, "four")).await.expect("it ends");
    assert_eq!(bench.store.find_conversation(talk).await.expect("it is there").head, Some(first));
}

async fn strangers_find_no_turn(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let turn = talk.ask(bench, None, "hello").await.turn;
    let store: &dyn Turns = &bench.store;
    assert_eq!(store.find(talk.tenant, bench.id(), turn.id).await.expect("answers"), None);
    assert_eq!(store.find(bench.id(), talk.person, turn.id).await.expect("answers"), None);
    assert_eq!(store.running(bench.id(), talk.conversation).await.expect("answers"), None);
    assert_eq!(bench.store.of_turn(bench.id(), turn.id).await.expect("answers"), []);
}

fn job(bench: &Bench, talk: Talk) -> Job {
    Job {
        id: bench.id(),
        tenant: talk.tenant,
        kind: "title_conversation".into(),
        subject: talk.conversation.to_string(),
        payload: "{}".into(),
        state: JobState::Waiting,
        stage: String::new(),
        progress_permille: 0,
        tries: 0,
        fence: 0,
        lease_until: bench.now(),
        not_before: bench.now(),
        error: None,
        created_at: bench.now(),
        finished_at: None,
    }
}
