//! Conversations: kept, listed, edited, removed, each for its own person only.

use super::harness::Bench;
use super::talk::Talk;
use crate::domain::conversation::Summary;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::memory::Owner;
use crate::domain::message::{Author, Message, MessageState};
use crate::ports::conversations::{
    Before, ConversationEdit, Conversations, ListFilter, MessageSearch, Messages, Removals,
};
use crate::ports::error::StoreError;
use crate::ports::ledger::Ledger;
use crate::ports::turns::Turns;
use std::time::Duration;

on_both_stores! {
    a_greeting_is_the_first_message_and_the_head,
    an_id_that_is_taken_is_a_conflict_and_changes_nothing,
    lists_newest_first_page_by_page,
    each_edit_changes_one_thing,
    a_head_must_be_a_message_of_this_conversation,
    nobody_else_sees_or_changes_it,
    deleting_takes_everything_said_and_leaves_the_ledger,
    its_first_words_name_it_until_somebody_does,
    a_summary_is_replaced_by_the_next,
}

async fn a_greeting_is_the_first_message_and_the_head(bench: &Bench) {
    let talk =
        Talk { tenant: bench.id(), person: bench.id(), companion: bench.id(), conversation: bench.id() };
    let greeting = Message {
        id: bench.id(),
        tenant: talk.tenant,
        conversation: talk.conversation,
        parent: None,
        author: Author::Companion,
        text: "Hello, I am glad you are here — “really”.".into(),
        state: MessageState::Complete,
        model: None,
        turn: None,
        attachments: vec![bench.id(), bench.id()],
        created_at: bench.now(),
    };
    let mut expected = talk.new_conversation(bench.now());
    expected.title = Some("Första".into());
    bench.store.add(&expected, Some(&greeting)).await.expect("it is stored");
    expected.head = Some(greeting.id);
    let found = bench.store.find_conversation(talk).await;
    assert_eq!(found, Some(expected));
    let message = Messages::find(&bench.store, talk.tenant, talk.conversation, greeting.id).await;
    assert_eq!(message.expect("the store answers"), Some(greeting));
}

async fn an_id_that_is_taken_is_a_conflict_and_changes_nothing(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let mut other = talk.new_conversation(bench.now());
    other.title = Some("another".into());
    let error = bench.store.add(&other, None).await.expect_err("the id is taken");
    assert!(matches!(error, StoreError::Conflict { what: "this conversation" }), "{error}");
    assert_eq!(bench.store.find_conversation(talk).await.expect("it is there").title, None);
}

async fn lists_newest_first_page_by_page(bench: &Bench) {
    let first = Talk::begin(bench).await;
    let mut made = vec![first.conversation];
    for step in 0..6 {
        // Some share their moment: the id decides.
        bench.clock.advance(Duration::from_secs(step % 2));
        made.push(Talk::between(bench, first.owner()).await.conversation);
    }
    Talk::between(bench, Owner { person: bench.id(), ..first.owner() }).await;
    made.reverse();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page =
            Conversations::list(&bench.store, first.tenant, first.person, ListFilter::default(), before, 3)
                .await;
        let page = page.expect("the store answers");
        let Some(last) = page.last() else { break };
        before = Some(Before { updated_at: last.updated_at, id: last.id });
        seen.extend(page.iter().map(|conversation| conversation.id));
    }
    assert_eq!(seen, made);
}

async fn each_edit_changes_one_thing(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let reply = talk.exchange_words(bench, None, "hello", "hi").await;
    for edit in [ConversationEdit::Title(Some("Greetings".into())), ConversationEdit::Pinned(true)] {
        assert!(bench.store.edit_conversation(talk, &edit).await);
    }
    let found = bench.store.find_conversation(talk).await.expect("it is there");
    assert_eq!((found.title.as_deref(), found.pinned, found.head), (Some("Greetings"), true, Some(reply)));
    assert!(bench.store.edit_conversation(talk, &ConversationEdit::Title(None)).await);
    assert_eq!(bench.store.find_conversation(talk).await.expect("it is there").title, None);
}

async fn a_head_must_be_a_message_of_this_conversation(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let reply = talk.exchange_words(bench, None, "hello", "hi").await;
    let first = Messages::find(&bench.store, talk.tenant, talk.conversation, reply).await;
    let first =
        first.expect("the store answers").expect("the reply is there").parent.expect("it answers something");
    let elsewhere = Talk::between(bench, talk.owner()).await;
    let foreign = elsewhere.exchange_words(bench, None, "hello", "hi").await;
    assert!(bench.store.edit_conversation(talk, &ConversationEdit::Head(first)).await);
    for head in [foreign, bench.id::<MessageId>()] {
        assert!(!bench.store.edit_conversation(talk, &ConversationEdit::Head(head)).await);
    }
    let both = [ConversationEdit::Pinned(true), ConversationEdit::Head(foreign)];
    assert!(!bench.store.edit(talk.tenant, talk.person, talk.conversation, &both).await.expect("answers"));
    let found = bench.store.find_conversation(talk).await.expect("it is there");
    assert_eq!((found.head, found.pinned), (Some(first), false), "all or none");
}

async fn nobody_else_sees_or_changes_it(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let reply = talk.exchange_words(bench, None, "a secret", "kept").await;
    for stranger in [Talk { person: bench.id(), ..talk }, Talk { tenant: bench.id(), ..talk }] {
        assert_eq!(bench.store.find_conversation(stranger).await, None);
        assert!(!bench.store.edit_conversation(stranger, &ConversationEdit::Pinned(true)).await);
        assert!(!bench.store.edit_conversation(stranger, &ConversationEdit::Head(reply)).await);
        let (tenant, person, at) = (stranger.tenant, stranger.person, bench.now());
        assert!(!bench.store.remove(tenant, person, talk.conversation, at).await.expect("answers"));
        assert!(!bench.store.delete(tenant, person, talk.conversation).await.expect("answers"));
    }
    let foreign = bench.id();
    let messages: &dyn Messages = &bench.store;
    assert_eq!(messages.find(foreign, talk.conversation, reply).await.expect("answers"), None);
    assert_eq!(messages.branch(foreign, talk.conversation, reply, 9).await.expect("answers"), []);
    let known = messages.branch(talk.tenant, talk.conversation, reply, 9).await.expect("answers");
    assert!(messages.variants(foreign, talk.conversation, &known).await.expect("answers").is_empty());
    assert_eq!(messages.count(foreign, talk.conversation).await.expect("answers"), 0);
    let summary = Summary { text: "theirs".into(), up_to: reply };
    bench.store.set_summary(foreign, talk.conversation, &summary).await.expect("nothing happens");
    assert_eq!(bench.store.summary(talk.tenant, talk.conversation).await.expect("answers"), None);
    assert_eq!(messages.count(talk.tenant, talk.conversation).await.expect("answers"), 2);
}

async fn deleting_takes_everything_said_and_leaves_the_ledger(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let kept = Talk::between(bench, talk.owner()).await;
    let reply = talk.exchange_words(bench, None, "the zanzibar plan", "zanzibar it is").await;
    kept.exchange_words(bench, None, "another zanzibar", "yes").await;
    let summary = Summary { text: "They spoke of zanzibar.".into(), up_to: reply };
    bench.store.set_summary(talk.tenant, talk.conversation, &summary).await.expect("it is stored");
    let running = talk.ask(bench, Some(reply), "and then").await;

    for there in [true, false] {
        let deleted = bench.store.delete(talk.tenant, talk.person, talk.conversation).await;
        assert_eq!(deleted.expect("the store answers"), there);
    }
    assert_eq!(bench.store.find_conversation(talk).await, None);
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 0);
    assert_eq!(bench.store.summary(talk.tenant, talk.conversation).await.expect("the store answers"), None);
    let turn = Turns::find(&bench.store, talk.tenant, talk.person, running.turn.id).await;
    assert_eq!(turn.expect("the store answers"), None);
    let error = bench.store.append(&running.turn, 0, "late").await.expect_err("its turn is gone");
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    let search = MessageSearch {
        owner: talk.owner(),
        words: vec!["zanzibar".into()],
        except: None,
        first_hand: false,
        limit: 9,
    };
    let found = bench.store.search(&search).await.expect("the store answers");
    let places: Vec<ConversationId> = found.iter().map(|found| found.message.conversation).collect();
    assert_eq!(places, [kept.conversation]);
    let entries = bench.store.of_turn(talk.tenant, running.turn.id).await.expect("the store answers");
    assert_eq!(entries.len(), 1);
}

async fn its_first_words_name_it_until_somebody_does(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let title = async || bench.store.find_conversation(talk).await.expect("it is there").title;
    let first = talk.exchange_words(bench, None, "Where is the lighthouse?", "there").await;
    let second = talk.exchange_words(bench, Some(first), "And the boat?", "gone").await;
    assert_eq!(title().await.as_deref(), Some("Where is the lighthouse?"));
    let edits = [ConversationEdit::Title(Some("Lights".into()))];
    let edited = bench.store.edit(talk.tenant, talk.person, talk.conversation, &edits).await;
    assert!(edited.expect("the store answers"));
    talk.exchange_words(bench, Some(second), "Why?", "so").await;
    assert_eq!(title().await.as_deref(), Some("Lights"));
}

async fn a_summary_is_replaced_by_the_next(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    for text in ["first", "second"] {
        let summary = Summary { text: text.into(), up_to: bench.id() };
        bench.store.set_summary(talk.tenant, talk.conversation, &summary).await.expect("it is stored");
        let found = bench.store.summary(talk.tenant, talk.conversation).await.expect("the store answers");
        assert_eq!(found, Some(summary));
    }
}
