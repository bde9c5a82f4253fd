//! Messages: a tree walked branch by branch, and words that are found again.

use super::harness::Bench;
use super::talk::Talk;
use crate::adapters::sql::db::Dialect;
use crate::adapters::sql::messages::{BRANCH, children_of, insert_message, owner_word};
use crate::adapters::sql::query::assembled;
use crate::domain::ids::MessageId;
use crate::domain::memory::Owner;
use crate::domain::message::{Author, Message, MessageState};
use crate::domain::time::Timestamp;
use crate::ports::conversations::{ConversationEdit, MessageSearch, Messages};
use crate::ports::turns::Turns;
use std::time::Duration;

on_both_stores! {
    a_branch_is_told_from_its_leaf_upwards,
    variants_share_their_parent,
    any_of_the_words_finds_and_more_words_find_better,
    case_and_accents_do_not_matter,
    words_inside_addresses_and_pairs_are_found,
    words_are_never_obeyed,
    what_was_said_is_found_once_it_is_answered,
    what_was_quoted_is_not_first_hand,
    what_is_in_the_window_is_left_out,
    only_this_person_and_companion_are_searched,
    text_of_any_kind_comes_back_as_it_was,
    a_text_larger_than_an_index_row_is_kept_and_found_by_its_beginning,
    a_long_history_costs_only_what_is_asked_for,
}

async fn branch(bench: &Bench, talk: Talk, leaf: MessageId, limit: i64) -> Vec<String> {
    let branch = bench.store.branch(talk.tenant, talk.conversation, leaf, limit).await;
    branch.expect("the store answers").into_iter().map(|message| message.text).collect()
}

async fn found(bench: &Bench, owner: Owner, words: &[&str]) -> Vec<String> {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let search = MessageSearch { owner, words, except: None, first_hand: false, limit: 10 };
    let found = bench.store.search(&search).await.expect("a search never fails on words");
    assert!(found.is_sorted_by(|a, b| a.score >= b.score), "best first");
    found.into_iter().map(|found| found.message.text).collect()
}

async fn a_branch_is_told_from_its_leaf_upwards(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.exchange_words(bench, None, "one", "two").await;
    let left = talk.exchange_words(bench, Some(first), "three", "four").await;
    let right = talk.exchange_words(bench, Some(first), "three again", "four again").await;
    assert_eq!(branch(bench, talk, left, 10).await, ["four", "three", "two", "one"]);
    assert_eq!(branch(bench, talk, right, 10).await, ["four again", "three again", "two", "one"]);
    assert_eq!(branch(bench, talk, right, 3).await, ["four again", "three again", "two"]);
    assert!(branch(bench, talk, right, 0).await.is_empty());
    assert!(branch(bench, talk, bench.id(), 10).await.is_empty());
    let elsewhere = Talk::between(bench, talk.owner()).await;
    assert!(branch(bench, elsewhere, right, 10).await.is_empty());
}

async fn variants_share_their_parent(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let first = talk.exchange_words(bench, None, "one", "two").await;
    let mut newest = first;
    for words in ["a", "b", "c"] {
        newest = talk.exchange_words(bench, Some(first), words, "so").await;
    }
    talk.exchange_words(bench, None, "another beginning", "so").await;
    let branch = bench.store.branch(talk.tenant, talk.conversation, newest, 10).await.expect("answers");
    let variants = bench.store.variants(talk.tenant, talk.conversation, &branch).await.expect("answers");
    let mut told = Vec::new();
    for message in branch.iter().rev() {
        let ids = variants.get(&message.id).cloned().unwrap_or_default();
        let texts = futures::future::join_all(ids.into_iter().map(async |id| {
            let found = Messages::find(&bench.store, talk.tenant, talk.conversation, id).await;
            found.expect("the store answers").expect("it is there").text
        }));
        told.push((message.text.clone(), texts.await.join(", ")));
    }
    let told: Vec<_> = told.iter().map(|(text, variants)| (text.as_str(), variants.as_str())).collect();
    assert_eq!(told, [("one", "one, another beginning"), ("two", ""), ("c", "a, b, c"), ("so", "")]);
    let none = bench.store.variants(talk.tenant, talk.conversation, &[]).await.expect("answers");
    assert!(none.is_empty());
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 10);
}

async fn any_of_the_words_finds_and_more_words_find_better(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let reply = talk.exchange_words(bench, None, "my cat is called Pepper", "what a name").await;
    talk.exchange_words(bench, Some(reply), "my dog barks", "dogs do").await;
    assert_eq!(
        found(bench, talk.owner(), &["cat", "pepper", "dog"]).await,
        ["my cat is called Pepper", "my dog barks"]
    );
    assert_eq!(found(bench, talk.owner(), &["giraffe", "Pepper"]).await, ["my cat is called Pepper"]);
    assert!(found(bench, talk.owner(), &["giraffe"]).await.is_empty());
    assert!(found(bench, talk.owner(), &[]).await.is_empty());
}

async fn case_and_accents_do_not_matter(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    talk.exchange_words(bench, None, "Crème BRÛLÉE in Ærø, ΑΘΗΝΑ und Übermut", "ok").await;
    for word in ["creme", "crème", "CRÈME", "brulee", "ærø", "αθηνα", "ubermut", "ÜBERMUT"] {
        assert_eq!(found(bench, talk.owner(), &[word]).await.len(), 1, "{word}");
    }
}

async fn words_inside_addresses_and_pairs_are_found(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let said =
        "see https://example.org/garden/path.html, tea/coffee, foo_bar, well-known, anna@example.com 12.5";
    talk.exchange_words(bench, None, said, "ok").await;
    for word in
        ["garden", "path", "coffee", "bar", "known", "anna", "12", "tea/coffee", "well-known", "foo_bar"]
    {
        assert_eq!(found(bench, talk.owner(), &[word]).await.len(), 1, "{word}");
    }
    assert!(found(bench, talk.owner(), &["coffee/tea"]).await.is_empty(), "one asked word stays together");
}

async fn words_are_never_obeyed(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    talk.exchange_words(bench, None, "plain words", "other things").await;
    let long = "x".repeat(5_000);
    let many: Vec<&str> = std::iter::repeat_n("nothing", 500).collect();
    for words in [
        &["\"", "'", "*", "NEAR(", ")", ":", "^", "-", "\\", "%", "_", "$1", "?"][..],
        &["a\" OR \"plain", "a' | 'plain", "plain:*x", "owner : x", "{text} : x", "plai*", "!other & x"],
        &[
            "x'); DROP TABLE messages; --",
            "\0",
            "\0plainx",
            "\u{202e}",
            "\u{FFFF}x",
            "😀",
            "AND",
            "OR",
            "NOT",
        ],
        &[&long],
        &many,
    ] {
        assert!(found(bench, talk.owner(), words).await.is_empty(), "{words:?}");
    }
    assert_eq!(found(bench, talk.owner(), &["AND", "(", "plain"]).await, ["plain words"]);
}

async fn what_was_said_is_found_once_it_is_answered(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let asked = talk.ask(bench, None, "an aardvark").await;
    assert!(found(bench, talk.owner(), &["aardvark"]).await.is_empty());
    let ending = asked.ending(bench, "a fine animal");
    bench.store.finish(&asked.turn, &ending).await.expect("the turn is finished");
    assert_eq!(found(bench, talk.owner(), &["aardvark"]).await, ["an aardvark"]);
    assert_eq!(found(bench, talk.owner(), &["animal"]).await, ["a fine animal"]);
}

async fn what_was_quoted_is_not_first_hand(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    for (text, model) in [("the heron flew", Some("scripted")), ("you said: heron", None)] {
        let asked = talk.ask(bench, None, "a heron").await;
        let mut ending = asked.ending(bench, text);
        ending.reply.iter_mut().for_each(|reply| reply.model = model.map(str::to_owned));
        bench.store.finish(&asked.turn, &ending).await.expect("the turn is finished");
    }
    let search = MessageSearch {
        owner: talk.owner(),
        words: vec!["heron".into()],
        except: None,
        first_hand: true,
        limit: 9,
    };
    let found = bench.store.search(&search).await.expect("answers");
    let mut texts: Vec<_> = found.into_iter().map(|found| found.message.text).collect();
    texts.sort();
    assert_eq!(texts, ["a heron", "a heron", "the heron flew"]);
}

async fn what_is_in_the_window_is_left_out(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let old = talk.exchange_words(bench, None, "umbrella old", "ok").await;
    let edge = bench.now();
    talk.exchange_words(bench, Some(old), "umbrella edge", "ok").await;
    talk.exchange_words(bench, None, "umbrella new", "ok").await;
    let elsewhere = Talk::between(bench, talk.owner()).await;
    elsewhere.exchange_words(bench, None, "umbrella elsewhere", "ok").await;
    let words = vec!["umbrella".to_owned()];
    let search = MessageSearch {
        owner: talk.owner(),
        words,
        except: Some((talk.conversation, edge)),
        first_hand: false,
        limit: 10,
    };
    let mut texts: Vec<_> = bench
        .store
        .search(&search)
        .await
        .expect("answers")
        .into_iter()
        .map(|found| found.message.text)
        .collect();
    texts.sort();
    assert_eq!(texts, ["umbrella edge", "umbrella elsewhere", "umbrella old"]);
}

async fn only_this_person_and_companion_are_searched(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    talk.exchange_words(bench, None, "my secret garden", "safe").await;
    let owner = talk.owner();
    for stranger in [
        Owner { tenant: bench.id(), ..owner },
        Owner { person: bench.id(), ..owner },
        Owner { companion: bench.id(), ..owner },
    ] {
        assert!(
            found(bench, stranger, &["secret", "garden", &owner_word(owner.person, owner.companion)])
                .await
                .is_empty()
        );
    }
    assert!(found(bench, owner, &[&owner_word(owner.person, owner.companion)]).await.is_empty());
    assert_eq!(found(bench, owner, &["garden"]).await, ["my secret garden"]);
}

async fn text_of_any_kind_comes_back_as_it_was(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let (mut parent, mut expected) = (None, Vec::new());
    for text in
        ["", " \r\n\t", "שלום 'quotes' \"and\" \\slashes\\ %s $1 ?", "e\u{301} 👩‍👩‍👧 \u{10FFFF}", "<script>"]
    {
        parent = Some(talk.exchange_words(bench, parent, text, text).await);
        expected.extend([text, text]);
    }
    expected.reverse();
    assert_eq!(branch(bench, talk, parent.expect("something was said"), 20).await, expected);
    // NUL, which one store cannot hold, becomes SUBSTITUTE on both.
    let last = talk.exchange_words(bench, None, "a\0b", "c\0").await;
    assert_eq!(branch(bench, talk, last, 2).await, ["c\u{1a}", "a\u{1a}b"]);
}

async fn a_text_larger_than_an_index_row_is_kept_and_found_by_its_beginning(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let words: Vec<String> = (0..120_000).map(|n| format!("wörd{n}/x")).collect();
    let text = words.join(" ");
    let reply = talk.exchange_words(bench, None, &text, "long").await;
    assert_eq!(branch(bench, talk, reply, 2).await[1].len(), text.len());
    assert_eq!(found(bench, talk.owner(), &["word17"]).await.len(), 1);
}

/// Ten thousand messages one after the other, written as an import would.
async fn long_history(bench: &Bench, talk: Talk) -> MessageId {
    let owner = owner_word(talk.person, talk.companion);
    let (mut parent, mut tx) = (None, bench.store.db.begin().await.expect("a transaction begins"));
    for n in 0..10_000 {
        let message = Message {
            id: bench.id(),
            tenant: talk.tenant,
            conversation: talk.conversation,
            parent,
            author: if n % 2 == 0 { Author::Person } else { Author::Companion },
            text: format!("message {n} about the weather and a number{n}"),
            state: MessageState::Complete,
            model: None,
            turn: None,
            attachments: Vec::new(),
            created_at: Timestamp(bench.now().0 + n),
        };
        tx.run(insert_message(&message, &owner, true)).await.expect("it is written");
        parent = Some(message.id);
    }
    tx.commit().await.expect("it is kept");
    bench.clock.advance(Duration::from_mins(1));
    parent.expect("something was written")
}

async fn a_long_history_costs_only_what_is_asked_for(bench: &Bench) {
    let talk = Talk::begin(bench).await;
    let leaf = long_history(bench, talk).await;
    let (explain, column) = match bench.store.db.dialect() {
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Dialect::Postgres => {
            bench.store.db.run(assembled("ANALYZE".into())).await.expect("the planner learns the sizes");
            ("EXPLAIN", "QUERY PLAN")
        }
    };
    let of = |text: String| assembled(text).bind(talk.tenant).bind(talk.conversation);
    for query in [
        of(format!("{explain} {BRANCH}")).bind(leaf).bind(50),
        of(format!("{explain} {}", children_of(2, true))).bind(leaf).bind(leaf),
    ] {
        let plan = bench.store.db.all(query).await.expect("the plan is told");
        let plan: Vec<String> = plan.iter().map(|row| row.get(column).expect("a line of the plan")).collect();
        let plan = plan.join("\n");
        assert!(!plan.contains("SCAN m") && !plan.contains("Seq Scan on messages"), "{plan}");
    }

    let page = bench.store.branch(talk.tenant, talk.conversation, leaf, 50).await.expect("answers");
    let variants = bench.store.variants(talk.tenant, talk.conversation, &page).await.expect("answers");
    assert_eq!((page.len(), variants.len()), (50, 0));
    let all = bench.store.branch(talk.tenant, talk.conversation, leaf, 10_000).await.expect("answers");
    let through = ConversationEdit::Through(all.last().expect("the beginning").id);
    assert!(bench.store.edit_conversation(talk, &through).await);
    assert_eq!(bench.store.find_conversation(talk).await.expect("it is there").head, Some(leaf));
    assert_eq!(bench.store.count(talk.tenant, talk.conversation).await.expect("the store answers"), 10_000);
    assert_eq!(found(bench, talk.owner(), &["number4711"]).await.len(), 1);
    assert_eq!(found(bench, talk.owner(), &["the", "weather", "number17"]).await.len(), 10);
    talk.ask(bench, Some(leaf), "and today?").await;
}
