//! Everything that is one person's: all of it, and nothing of anybody else's.

use super::harness::Bench;
use super::talk::Talk;
use crate::domain::access::Session;
use crate::domain::conversation::Summary;
use crate::domain::holdings::Holdings;
use crate::domain::ids::{AttachmentId, CompanionId};
use crate::domain::memory::{Memory, Owner, Scope};
use crate::domain::person::{Person, PersonState, Role};
use crate::domain::time::Timestamp;
use crate::people::export::{Export, Thing};
use crate::ports::access::{Sessions, Settings};
use crate::ports::attachments::{Attachments, NewAttachment};
use crate::ports::belongings::{Belongings, Erasure};
use crate::ports::conversations::{Conversations, Removals};
use crate::ports::housekeeping::Outbox;
use crate::ports::memories::Memories;
use crate::ports::people::People;
use crate::ports::vectors::VECTOR_TOPIC;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::sync::Arc;
use std::time::Duration;

on_both_stores! {
    everything_of_one_person_is_told_and_nothing_of_anybody_elses,
    pages_follow_each_other_without_gaps,
    a_damaged_file_keeps_nothing_else_back,
    what_was_there_by_then_goes_and_nothing_else,
    a_person_goes_when_nothing_of_theirs_is_left,
}

const FILE: &[u8] = b"a map of the harbour";

/// Somebody with a little of everything: two wordings of one question, a removed conversation, a file, two
/// memories, and a summary.
pub struct Life {
    pub talk: Talk,
    pub removed: Talk,
    pub file: AttachmentId,
    pub memories: Vec<Memory>,
}

impl Life {
    pub async fn lived(bench: &Bench, owner: Owner, name: &str) -> Self {
        let talk = Talk::between(bench, owner).await;
        let mut replies = Vec::new();
        for wording in ["one wording", "another wording"] {
            let reply = talk.exchange_words(bench, None, &format!("{name} {wording}"), "well").await;
            replies.push(reply);
        }
        let summary = Summary { text: format!("{name} in short"), up_to: replies[0] };
        bench.store.set_summary(talk.tenant, talk.conversation, &summary).await.expect("a summary is kept");
        let removed = Talk::between(bench, owner).await;
        removed.exchange_words(bench, None, &format!("{name} regrets this"), "so be it").await;
        let (tenant, person) = (talk.tenant, talk.person);
        let gone = Removals::remove(&bench.store, tenant, person, removed.conversation, bench.now()).await;
        assert!(gone.expect("the store answers"));
        let new = NewAttachment {
            id: bench.id(),
            tenant,
            person,
            name: format!("{name}.txt"),
            media_type: "text/plain".into(),
            created_at: bench.now(),
            quota_bytes: 1_000_000,
        };
        let content = stream::iter([Ok(Bytes::from_static(FILE))]).boxed();
        let file = bench.store.store(new, content).await.expect("a file is kept").id;
        let mut memories = Vec::new();
        for scope in [Scope::Private, Scope::Channel("the:market".into())] {
            let memory = Memory {
                id: bench.id(),
                owner,
                scope,
                source: Some(replies[0]),
                text: format!("{name} likes maps"),
                confidence_permille: 900,
                created_at: bench.now(),
                last_used_at: None,
            };
            bench.store.remember(&memory).await.expect("a memory is kept");
            memories.push(memory);
        }
        Self { talk, removed, file, memories }
    }

    pub async fn holdings(&self, bench: &Bench) -> Holdings {
        let counted = bench.store.count_of(self.talk).await;
        counted.expect("the store answers")
    }

    fn person(&self) -> Person {
        Person {
            id: self.talk.person,
            tenant: self.talk.tenant,
            name: "Ada".into(),
            role: Role::Member,
            state: PersonState::Active,
            created_at: Timestamp(0),
        }
    }
}

impl crate::adapters::sql::store::SqlStore {
    pub async fn count_of(&self, talk: Talk) -> crate::ports::error::Stored<Holdings> {
        Belongings::count(self, talk.tenant, talk.person).await
    }
}

/// Two people who share a companion, and somebody of the same id in another house.
pub async fn three_lives(bench: &Bench) -> [Life; 3] {
    let (home, away, companion) = (bench.id(), bench.id(), bench.id::<CompanionId>());
    let (ada, ben) = (bench.id(), bench.id());
    [
        Life::lived(bench, Owner { tenant: home, person: ada, companion }, "ada").await,
        Life::lived(bench, Owner { tenant: home, person: ben, companion }, "ben").await,
        Life::lived(bench, Owner { tenant: away, person: ada, companion }, "eve").await,
    ]
}

async fn told(bench: &Bench, life: &Life) -> Vec<Thing> {
    let store = Arc::new(bench.store.clone()).ports();
    let export = Export {
        belongings: store.belongings,
        attachments: store.attachments,
        companions: store.companions,
        identities: store.identities,
        keys: store.keys,
    };
    export.of(&life.person()).try_collect().await.expect("the store answers")
}

async fn everything_of_one_person_is_told_and_nothing_of_anybody_elses(bench: &Bench) {
    let lives = three_lives(bench).await;
    for (life, name) in lives.iter().zip(["ada", "ben", "eve"]) {
        let size = FILE.len() as i64;
        let expected =
            Holdings { conversations: 2, messages: 6, attachments: 1, attachment_bytes: size, memories: 2 };
        assert_eq!(life.holdings(bench).await, expected);
        let told = told(bench, life).await;
        let conversations: Vec<_> = told.iter().filter_map(conversation).collect();
        let summary = Some(format!("{name} in short"));
        assert_eq!(conversations.len(), 2);
        assert!(conversations.contains(&(life.talk.conversation, summary, false)), "{conversations:?}");
        assert!(conversations.contains(&(life.removed.conversation, None, true)), "{conversations:?}");
        let said: Vec<_> = told.iter().filter_map(said).collect();
        let expected = [
            &format!("{name} one wording"),
            "well",
            &format!("{name} another wording"),
            "well",
            &format!("{name} regrets this"),
            "so be it",
        ];
        assert_eq!(said, expected);
        let memories: Vec<_> = told.iter().filter_map(memory).collect();
        assert_eq!(memories, life.memories.iter().collect::<Vec<_>>());
        let files = told.iter().filter(|thing| matches!(thing, Thing::Attachment(_))).count();
        let part = Thing::Part(life.file, Bytes::from_static(FILE));
        assert!(files == 1 && told.contains(&part), "{told:?}");
        let spent = |thing: &&Thing| {
            matches!(thing, Thing::Usage(entry) if entry.person == life.talk.person
            && entry.tenant == life.talk.tenant)
        };
        assert_eq!(told.iter().filter(spent).count(), 3);
        let usage = |thing: &&Thing| matches!(thing, Thing::Usage(_));
        assert_eq!(told.iter().filter(usage).count(), 3);
        assert_eq!(told.len(), 2 + 6 + 2 + 2 + 3, "{told:?}");
    }
}

fn conversation(thing: &Thing) -> Option<(crate::domain::ids::ConversationId, Option<String>, bool)> {
    match thing {
        Thing::Conversation(held) => {
            Some((held.conversation.id, held.summary.clone(), held.removed_at.is_some()))
        }
        _ => None,
    }
}

fn said(thing: &Thing) -> Option<&str> {
    if let Thing::Message(message) = thing { Some(&message.text) } else { None }
}

fn memory(thing: &Thing) -> Option<&Memory> {
    if let Thing::Memory(memory) = thing { Some(memory) } else { None }
}

async fn pages_follow_each_other_without_gaps(bench: &Bench) {
    let [ada, ..] = three_lives(bench).await;
    let Talk { tenant, person, .. } = ada.talk;
    let mut more = vec![ada.talk.conversation, ada.removed.conversation];
    for _ in 0..5 {
        more.push(Talk::between(bench, ada.talk.owner()).await.conversation);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = Belongings::conversations(&bench.store, tenant, person, after, 3).await;
        let page = page.expect("the store answers");
        let Some(last) = page.last() else { break };
        after = Some(last.conversation.id);
        seen.extend(page.iter().map(|held| held.conversation.id));
    }
    more.sort();
    assert_eq!(seen, more);
    let ids = bench.store.message_ids(tenant, person, ada.talk.conversation).await.expect("it answers");
    assert_eq!(ids.len(), 4);
    let some = Belongings::messages(&bench.store, tenant, person, &ids[1..3]).await.expect("it answers");
    assert_eq!(some.iter().map(|message| message.id).collect::<Vec<_>>(), ids[1..3]);
    let nobodys = Belongings::messages(&bench.store, tenant, bench.id(), &ids).await.expect("it answers");
    assert_eq!(nobodys, []);
}

async fn a_damaged_file_keeps_nothing_else_back(bench: &Bench) {
    let [ada, ..] = three_lives(bench).await;
    let spoil = crate::adapters::sql::query::sql("UPDATE blob_chunks SET bytes = $1 WHERE tenant_id = $2")
        .bind(b"a map of the harbouR".as_slice())
        .bind(ada.talk.tenant);
    assert!(bench.store.db.run(spoil).await.expect("it is spoiled") > 0);
    let told = told(bench, &ada).await;
    assert!(told.contains(&Thing::Damaged(ada.file)), "{told:?}");
    assert!(matches!(told.last(), Some(Thing::Usage(_))), "{told:?}");
}

/// Takes everything of theirs away that was there by then, a piece at a time.
async fn erase(bench: &Bench, life: &Life, by: Timestamp) {
    let Talk { tenant, person, .. } = life.talk;
    for id in bench.store.begun_by(tenant, person, by, 100).await.expect("it answers") {
        assert!(bench.store.delete(tenant, person, id).await.expect("it answers"));
    }
    for id in bench.store.files_by(tenant, person, by, 100).await.expect("it answers") {
        assert!(Attachments::remove(&bench.store, tenant, person, id).await.expect("it answers"));
    }
    assert_eq!(bench.store.forget_some(tenant, person, by, 1).await.expect("it answers"), 1);
    while bench.store.forget_some(tenant, person, by, 1).await.expect("it answers") > 0 {}
}

async fn what_was_there_by_then_goes_and_nothing_else(bench: &Bench) {
    let [ada, ben, eve] = three_lives(bench).await;
    let before = [ben.holdings(bench).await, eve.holdings(bench).await];
    let by = bench.now();
    bench.clock.advance(Duration::from_secs(1));
    let later = Talk::between(bench, ada.talk.owner()).await;
    erase(bench, &ada, by).await;
    assert_eq!(ada.holdings(bench).await, Holdings { conversations: 1, ..Holdings::default() });
    assert!(bench.store.find_conversation(later).await.is_some());
    assert_eq!([ben.holdings(bench).await, eve.holdings(bench).await], before);
    // The content they all had in common is there as long as somebody names it.
    assert!(told(bench, &ben).await.contains(&Thing::Part(ben.file, Bytes::from_static(FILE))));
    let news = bench.store.pending(VECTOR_TOPIC, 10).await.expect("it answers");
    for memory in &ada.memories {
        let news = news.iter().filter(|entry| entry.payload.contains(&memory.id.to_string()));
        assert_eq!(news.count(), 1, "the index is told of each");
    }
    let spent = Belongings::usage(&bench.store, ada.talk.tenant, ada.talk.person, None, 9).await;
    assert_eq!(spent.expect("it answers").len(), 3, "what was spent is not forgotten");
}

async fn a_person_goes_when_nothing_of_theirs_is_left(bench: &Bench) {
    let [ada, ben, _] = three_lives(bench).await;
    let Talk { tenant, person, .. } = ada.talk;
    let other = Person { id: ben.talk.person, name: "Ben".into(), ..ada.person() };
    for person in [&ada.person(), &other] {
        People::add(&bench.store, person, Some("$argon2id$…")).await.expect("a person is added");
        let session = Session {
            id: bench.id(),
            tenant,
            person: person.id,
            hash: person.id.0.as_bytes().repeat(2).try_into().expect("32 bytes"),
            created_at: bench.now(),
            expires_at: bench.now().plus(Duration::from_secs(9)),
        };
        Sessions::add(&bench.store, &session).await.expect("a session begins");
        bench
            .store
            .set(tenant, &format!("look:{}", person.id), "dark", bench.now())
            .await
            .expect("it is kept");
    }
    let hers = [format!("look:{person}")];
    assert!(!bench.store.remove_person(tenant, person, &hers).await.expect("it answers"), "things are left");
    assert!(People::find(&bench.store, tenant, person).await.expect("it answers").is_some());
    erase(bench, &ada, bench.now()).await;
    for _ in 0..2 {
        assert!(bench.store.remove_person(tenant, person, &hers).await.expect("it answers"));
    }
    assert_eq!(People::list(&bench.store, tenant).await.expect("it answers"), [other]);
    assert_eq!(Settings::list(&bench.store, tenant).await.expect("it answers").len(), 1);
    for (id, sessions) in [(person, 0), (ben.talk.person, 1)] {
        assert_eq!(bench.store.end_all(tenant, id).await.expect("it answers"), sessions);
    }
}
