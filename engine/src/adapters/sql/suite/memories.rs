//! Memories, their full text and their vectors.

use super::harness::Bench;
use crate::adapters::sql::query::sql;
use crate::domain::ids::MemoryId;
use crate::domain::memory::{Memory, Owner, Scope};
use crate::ports::housekeeping::Outbox;
use crate::ports::memories::Memories;
use crate::ports::vectors::{VECTOR_TOPIC, VectorNews, VectorRow, VectorRows};
use std::time::Duration;

on_both_stores! {
    memories_come_newest_first_and_are_counted,
    memories_are_seen_by_their_owner_only,
    search_finds_any_word_and_the_best_first,
    search_stays_in_its_scope,
    search_never_obeys_what_it_is_given,
    a_forgotten_memory_is_gone_everywhere,
    a_vector_is_kept_as_it_was_and_the_index_told,
    a_vector_for_a_forgotten_memory_is_dropped,
}

fn owner(bench: &Bench) -> Owner {
    Owner { tenant: bench.id(), person: bench.id(), companion: bench.id() }
}

async fn remembered(bench: &Bench, owner: Owner, scope: Scope, text: &str) -> Memory {
    bench.clock.advance(Duration::from_secs(1));
    let memory = Memory {
        id: bench.id(),
        owner,
        scope,
        source: Some(bench.id()),
        text: text.into(),
        confidence_permille: 900,
        created_at: bench.now(),
        last_used_at: None,
    };
    bench.store.remember(&memory).await.expect("a memory is kept");
    memory
}

async fn found(bench: &Bench, owner: Owner, scope: &Scope, words: &[&str]) -> Vec<MemoryId> {
    let words: Vec<String> = words.iter().map(|&word| word.into()).collect();
    let hits = bench.store.search(owner, scope, &words, 10).await.expect("a search never fails");
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "best first");
    hits.into_iter().map(|hit| hit.memory.id).collect()
}

fn vector(memory: &Memory, model: &str, vector: Vec<f32>) -> VectorRow {
    let (memory, owner, scope) = (memory.id, memory.owner, memory.scope.clone());
    VectorRow { memory, owner, scope, model: model.into(), vector }
}

async fn news(bench: &Bench) -> Vec<VectorNews> {
    let entries = bench.store.pending(VECTOR_TOPIC, 10).await.expect("a look");
    entries.iter().map(|entry| serde_json::from_str(&entry.payload).expect("news are JSON")).collect()
}

async fn memories_come_newest_first_and_are_counted(bench: &Bench) {
    let owner = owner(bench);
    let first = remembered(bench, owner, Scope::Private, "likes rain").await;
    let second = remembered(bench, owner, Scope::Channel("c:1".into()), "").await;
    assert_eq!(
        Memories::list(&bench.store, owner, 9).await.expect("a list"),
        [second.clone(), first.clone()]
    );
    assert_eq!(Memories::list(&bench.store, owner, 1).await.expect("a list"), [second]);
    assert_eq!(Memories::count(&bench.store, owner).await.expect("a count"), 2);

    bench.store.touch(owner, &[first.id], bench.now()).await.expect("it was used");
    bench.store.touch(owner, &[], bench.now()).await.expect("nothing was used");
    let used = Memories::find(&bench.store, owner, first.id).await.expect("a look");
    assert_eq!(used, Some(Memory { last_used_at: Some(bench.now()), ..first }));
}

async fn memories_are_seen_by_their_owner_only(bench: &Bench) {
    let ours = owner(bench);
    let memory = remembered(bench, ours, Scope::Private, "likes rain").await;
    bench.store.put(&vector(&memory, "mini", vec![1.0])).await.expect("a vector is kept");
    for other in [
        Owner { tenant: bench.id(), ..ours },
        Owner { person: bench.id(), ..ours },
        Owner { companion: bench.id(), ..ours },
    ] {
        assert_eq!(Memories::find(&bench.store, other, memory.id).await.expect("a look"), None);
        assert_eq!(Memories::list(&bench.store, other, 9).await.expect("a list"), []);
        assert_eq!(Memories::count(&bench.store, other).await.expect("a count"), 0);
        assert_eq!(found(bench, other, &Scope::Private, &["rain"]).await, []);
        assert_eq!(bench.store.of_owner(other, "mini").await.expect("vectors"), []);
        bench.store.touch(other, &[memory.id], bench.now()).await.expect("touches nothing");
        assert!(!bench.store.forget(other, memory.id).await.expect("forgets nothing"));
    }
    assert_eq!(Memories::find(&bench.store, ours, memory.id).await.expect("a look"), Some(memory));
}

async fn search_finds_any_word_and_the_best_first(bench: &Bench) {
    let owner = owner(bench);
    let rain = remembered(bench, owner, Scope::Private, "Likes RAIN and tea/coffee.").await;
    let both = remembered(bench, owner, Scope::Private, "rain rain on the café roof").await;
    remembered(bench, owner, Scope::Private, "has a cat").await;
    assert_eq!(found(bench, owner, &Scope::Private, &["rain", "cafe"]).await, [both.id, rain.id]);
    assert_eq!(found(bench, owner, &Scope::Private, &["coffee"]).await, [rain.id]);
    assert_eq!(found(bench, owner, &Scope::Private, &["dog"]).await, []);
    let arabic = remembered(bench, owner, Scope::Private, "يحب المطر").await;
    assert_eq!(found(bench, owner, &Scope::Private, &["المطر"]).await, [arabic.id]);
}

async fn search_stays_in_its_scope(bench: &Bench) {
    let owner = owner(bench);
    let private = remembered(bench, owner, Scope::Private, "rain").await;
    let empty = remembered(bench, owner, Scope::Channel(String::new()), "rain").await;
    let odd = remembered(bench, owner, Scope::Channel("private".into()), "rain").await;
    assert_eq!(found(bench, owner, &Scope::Private, &["rain"]).await, [private.id]);
    assert_eq!(found(bench, owner, &Scope::Channel(String::new()), &["rain"]).await, [empty.id]);
    assert_eq!(found(bench, owner, &Scope::Channel("private".into()), &["rain"]).await, [odd.id]);
}

async fn search_never_obeys_what_it_is_given(bench: &Bench) {
    let owner = owner(bench);
    let memory = remembered(bench, owner, Scope::Private, "rain drop near 🦊 אהבה").await;
    let hostile = [
        "\"",
        "*",
        "NEAR(",
        "'; DROP TABLE memories; --",
        "🦊",
        "\u{202e}אהבה",
        "",
        " ",
        "\0",
        "a\0b",
        "rain\"*",
        "text:rain",
        "-rain",
        "^rain",
        "rain:*",
        "!rain",
        "\\",
        "rain\\'",
        "{a b}",
        "%",
        "(((",
        "<->",
        "&|!",
    ];
    for word in hostile {
        found(bench, owner, &Scope::Private, &[word]).await;
        let with_good = found(bench, owner, &Scope::Private, &[word, "rain"]).await;
        assert_eq!(with_good, [memory.id], "{word:?} beside a good word");
    }
    assert_eq!(found(bench, owner, &Scope::Private, &["AND", "OR", "NOT"]).await, []);
    assert_eq!(found(bench, owner, &Scope::Private, &[]).await, []);
    assert_eq!(found(bench, owner, &Scope::Private, &hostile).await, [memory.id]);
}

async fn a_forgotten_memory_is_gone_everywhere(bench: &Bench) {
    let owner = owner(bench);
    let memory = remembered(bench, owner, Scope::Private, "likes rain").await;
    bench.store.put(&vector(&memory, "mini", vec![1.0, 0.5])).await.expect("a vector is kept");
    assert!(bench.store.forget(owner, memory.id).await.expect("it is forgotten"));
    assert!(!bench.store.forget(owner, memory.id).await.expect("it is forgotten already"));
    assert_eq!(Memories::find(&bench.store, owner, memory.id).await.expect("a look"), None);
    assert_eq!(found(bench, owner, &Scope::Private, &["rain"]).await, []);
    assert_eq!(bench.store.of_owner(owner, "mini").await.expect("vectors"), []);
    let left = bench.store.db.one(sql("SELECT COUNT(*) AS n FROM memory_vectors")).await.expect("a count");
    assert_eq!(left.expect("a count").get::<i64>("n").expect("a number"), 0);
    let last = news(bench).await.pop();
    assert_eq!(last, Some(VectorNews::Forget { owner, memory: memory.id }));
}

async fn a_vector_is_kept_as_it_was_and_the_index_told(bench: &Bench) {
    let owner = owner(bench);
    let memory = remembered(bench, owner, Scope::Channel("c".into()), "likes rain").await;
    let numbers = vec![0.1, -1.0e-30, f32::MAX, f32::MIN_POSITIVE, 0.0];
    let (row, other) = (vector(&memory, "mini", numbers), vector(&memory, "large", vec![0.25; 3]));
    for each in [&vector(&memory, "mini", vec![9.0]), &row, &other] {
        bench.store.put(each).await.expect("a vector is kept");
    }
    assert_eq!(bench.store.of_owner(owner, "mini").await.expect("vectors"), std::slice::from_ref(&row));
    assert_eq!(bench.store.of_owner(owner, "large").await.expect("vectors"), std::slice::from_ref(&other));
    assert_eq!(news(bench).await[1..], [VectorNews::Upsert(row), VectorNews::Upsert(other)]);
    let bad = bench.store.put(&vector(&memory, "mini", vec![f32::NAN])).await;
    assert!(bad.is_err(), "what is no number is refused");
}

async fn a_vector_for_a_forgotten_memory_is_dropped(bench: &Bench) {
    let owner = owner(bench);
    let memory = remembered(bench, owner, Scope::Private, "likes rain").await;
    bench.store.forget(owner, memory.id).await.expect("it is forgotten");
    bench.store.put(&vector(&memory, "mini", vec![1.0])).await.expect("the embedder came too late");
    assert_eq!(bench.store.of_owner(owner, "mini").await.expect("vectors"), []);
    assert_eq!(news(bench).await.len(), 1, "only the forgetting is told");
}
