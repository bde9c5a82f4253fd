//! The tree: several replies to the same words, what a reply begins with, and which branch is in view.

use super::harness::Bench;
use super::talk::{Exchange, LEASE, Talk, entry, settlement};
use crate::domain::ids::MessageId;
use crate::domain::turn::{Reference, TurnState};
use crate::domain::usage::Outcome;
use crate::ports::conversations::{ConversationEdit, Messages};
use crate::ports::turns::{Accepted, Ending, Turns};

on_both_stores! {
    words_that_are_there_are_answered_once_more,
    only_words_of_this_conversation_are_answered_once_more,
    the_same_turn_anew_is_known_and_no_other,
    a_given_beginning_outlives_every_attempt,
    without_a_reply_the_newest_earlier_one_comes_back,
    an_ending_names_what_was_recalled,
    a_branch_comes_into_view_to_its_newest_end,
    an_answer_being_written_is_the_newest_end,
}

/// Another turn for the words of `earlier`.
fn anew(bench: &Bench, talk: Talk, earlier: &Exchange) -> Exchange {
    let mut anew = talk.exchange(bench, earlier.message.parent, "");
    anew.message = earlier.message.clone();
    anew.turn.message = earlier.message.id;
    anew
}

async fn head(bench: &Bench, talk: Talk) -> Option<MessageId> {
    bench.store.find_conversation(talk).await.expect("it is there").head
}

async fn answered(bench: &Bench, exchange: &Exchange, words: &str) {
    bench.store.finish(&exchange.turn, &exchange.ending(bench, words)).await.expect("it ends");
    bench.clock.advance(std::time::Duration::from_secs(1));
}

fn unanswered(bench: &Bench, exchange: &Exchange) -> Ending {
    Ending { state: TurnState::Stopped, reply: None, ..exchange.ending(bench, "") }
}

async fn words_that_are_there_are_answered_once_more(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "name it").await;
    answered(bench, &first, "Pepper").await;
    talk.exchange_words(bench, Some(first.turn.reply), "why?", "so").await;

    let second = anew(bench, talk, &first);
    assert_eq!(second.accept(bench).await, Accepted::New(second.turn.clone()));
    assert_eq!(head(bench, talk).await, Some(first.message.id));
    let third = anew(bench, talk, &first);
    assert_eq!(third.accept(bench).await, Accepted::Busy(second.turn.id));
    answered(bench, &second, "Salt").await;
    assert_eq!(head(bench, talk).await, Some(second.turn.reply));
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("answers"), 5);
    let message = Messages::find(&bench.store, talk.tenant, talk.conversation, first.message.id).await;
    assert_eq!(message.expect("answers"), Some(first.message.clone()), "the words are as they were");
    assert_eq!(bench.store.find_turn(&first.turn).await.text, "Pepper");
    assert_eq!(bench.store.find_turn(&second.turn).await.text, "Salt");
}

async fn only_words_of_this_conversation_are_answered_once_more(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let elsewhere = Talk::between(bench, talk.owner()).await;
    let first = elsewhere.ask(bench, None, "over there").await;
    answered(bench, &first, "yes").await;
    let mut foreign = talk.exchange(bench, None, "");
    foreign.message = first.message.clone();
    foreign.turn.message = first.message.id;
    assert_eq!(foreign.accept(bench).await, Accepted::Missing);
    foreign.message.id = bench.id();
    assert_eq!(foreign.accept(bench).await, Accepted::Missing);
}

async fn the_same_turn_anew_is_known_and_no_other(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "name it").await;
    answered(bench, &first, "Pepper").await;
    let second = anew(bench, talk, &first);
    second.accept(bench).await;
    let mut again = anew(bench, talk, &first);
    again.turn.id = second.turn.id;
    assert_eq!(again.accept(bench).await, Accepted::Known(second.turn.clone()));
    answered(bench, &second, "Salt").await;
    assert!(matches!(again.accept(bench).await, Accepted::Known(turn) if turn.text == "Salt"));

    let mut going_on = again.clone();
    (going_on.turn.text, going_on.turn.given_bytes) = ("Pepper".into(), 6);
    let mut said = talk.exchange(bench, None, "name it");
    said.turn.id = second.turn.id;
    said.message.turn = Some(second.turn.id);
    for (case, other) in [going_on, said].into_iter().enumerate() {
        assert_eq!(other.accept(bench).await, Accepted::Different, "case {case}");
    }
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("answers"), 3);
}

async fn a_given_beginning_outlives_every_attempt(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "tell").await;
    answered(bench, &first, "Ünd\0").await;
    let mut second = anew(bench, talk, &first);
    (second.turn.text, second.turn.given_bytes) = ("Ünd\u{1a}".into(), 5);
    assert_eq!(second.accept(bench).await, Accepted::New(second.turn.clone()));
    assert_eq!(bench.store.find_turn(&second.turn).await, second.turn);
    bench.store.append(&second.turn, 5, " weiter").await.expect("it goes on at its end");

    bench.clock.advance(LEASE * 2);
    let turn = bench.store.take_over(bench.now(), bench.now().plus(LEASE)).await;
    let turn = turn.expect("answers").expect("the lease has ended");
    assert_eq!((turn.text.as_str(), turn.given_bytes, turn.kept_bytes), ("Ünd\u{1a} weiter", 5, 12));
    let failed = settlement(bench, Outcome::Failed);
    for attempt in 2..4 {
        let turn = bench.store.find_turn(&turn).await;
        let begun = bench.store.begin_attempt(&turn, &failed, &entry(bench, &turn, attempt), true).await;
        let begun = begun.expect("it starts again");
        assert_eq!((begun.text.as_str(), begun.kept_bytes, begun.attempt), ("Ünd\u{1a}", 5, attempt));
        bench.store.append(&begun, 5, " anders").await.expect("from where the beginning ends");
    }
    let entries = crate::ports::ledger::Ledger::of_turn(&bench.store, talk.tenant, turn.id).await;
    let settled = entries.expect("answers")[0].settlement.clone().expect("it was interrupted");
    assert_eq!(settled.tokens.completion, 2, "seven bytes were its own");
}

async fn without_a_reply_the_newest_earlier_one_comes_back(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "name it").await;
    answered(bench, &first, "Pepper").await;
    let second = anew(bench, talk, &first);
    second.accept(bench).await;
    answered(bench, &second, "Salt").await;
    let end = talk.exchange_words(bench, Some(second.turn.reply), "why?", "so").await;
    let third = anew(bench, talk, &first);
    third.accept(bench).await;
    bench.store.finish(&third.turn, &unanswered(bench, &third)).await.expect("it ends");
    assert_eq!(head(bench, talk).await, Some(end));

    // New words stay in view, answered or not.
    let new = talk.ask(bench, Some(end), "and?").await;
    bench.store.finish(&new.turn, &unanswered(bench, &new)).await.expect("it ends");
    assert_eq!(head(bench, talk).await, Some(new.message.id));
}

async fn an_ending_names_what_was_recalled(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.exchange_words(bench, None, "one", "two").await;
    let elsewhere = Talk::between(bench, talk.owner()).await;
    let second = elsewhere.exchange_words(bench, None, "three", "four").await;
    let asked = talk.ask(bench, Some(first), "five").await;
    let recalled =
        vec![Reference::Memory(bench.id()), Reference::Message(second), Reference::Message(bench.id())];
    let ending = Ending { recalled: recalled.clone(), ..asked.ending(bench, "six") };
    bench.store.finish(&asked.turn, &ending).await.expect("it ends");
    assert_eq!(bench.store.find_turn(&asked.turn).await.recalled, recalled);

    let messages: Vec<MessageId> = recalled.iter().copied().filter_map(Reference::message).collect();
    let found = async |person| {
        let found = bench.store.find_all(talk.tenant, person, &messages).await.expect("answers");
        found.into_iter().map(|message| message.text).collect::<Vec<_>>()
    };
    assert_eq!(found(talk.person).await, ["four"]);
    assert!(found(bench.id()).await.is_empty());
    assert_eq!(bench.store.find_all(bench.id(), talk.person, &messages).await.expect("answers"), []);
    assert_eq!(bench.store.find_all(talk.tenant, talk.person, &[]).await.expect("answers"), []);
}

async fn through(bench: &Bench, talk: Talk, message: MessageId) -> Option<MessageId> {
    assert!(bench.store.edit_conversation(talk, &ConversationEdit::Through(message)).await);
    head(bench, talk).await
}

async fn a_branch_comes_into_view_to_its_newest_end(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let root = talk.exchange_words(bench, None, "one", "two").await;
    let old = talk.exchange_words(bench, Some(root), "left", "left it is").await;
    let left = talk.exchange_words(bench, Some(old), "further left", "and further").await;
    let right = talk.exchange_words(bench, Some(root), "right", "right it is").await;
    assert_eq!(through(bench, talk, old).await, Some(left));
    assert_eq!(through(bench, talk, root).await, Some(right));
    assert_eq!(through(bench, talk, left).await, Some(left));
    let elsewhere = Talk::between(bench, talk.owner()).await;
    let foreign = elsewhere.exchange_words(bench, None, "over there", "yes").await;
    for (who, message) in [
        (talk, foreign),
        (talk, bench.id()),
        (Talk { person: bench.id(), ..talk }, root),
        (Talk { tenant: bench.id(), ..talk }, root),
    ] {
        assert!(!bench.store.edit_conversation(who, &ConversationEdit::Through(message)).await);
    }
    assert_eq!(head(bench, talk).await, Some(left));
}

async fn an_answer_being_written_is_the_newest_end(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.ask(bench, None, "name it").await;
    answered(bench, &first, "Pepper").await;
    let second = anew(bench, talk, &first);
    second.accept(bench).await;
    // Looks away, and comes back to the words that are being answered.
    assert_eq!(through(bench, talk, first.turn.reply).await, Some(first.turn.reply));
    assert_eq!(through(bench, talk, first.message.id).await, Some(first.message.id));
    answered(bench, &second, "Salt").await;
    assert_eq!(head(bench, talk).await, Some(second.turn.reply));
    assert_eq!(through(bench, talk, first.message.id).await, Some(second.turn.reply));
}
