//! What travels, that it arrives as it was, and that nothing damaged is taken for whole.

use super::aside::{rows, set_aside};
use super::dump::{Manifest, export};
use super::failure::MoveError;
use super::load::{MoveProgress, import};
use super::moving::move_store;
use super::tables::{Kind, LEFT_OUT, TABLES, Table};
use crate::adapters::sql::db::Dialect;
use crate::adapters::sql::query::{Query, Row, Value, assembled, sql};
use crate::adapters::sql::suite::harness::Bench;
use crate::domain::memory::{Memory, Owner, Scope};
use crate::ports::access::Settings;
use crate::ports::attachments::{Attachments, NewAttachment};
use crate::ports::memories::Memories;
use crate::ports::store::StoreHealth as _;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use uuid::Uuid;

on_both_stores! {
    every_column_of_the_catalogue_travels_or_is_local,
    an_export_holds_one_moment,
    a_store_with_something_in_it_takes_no_import,
    a_damaged_export_leaves_the_target_empty,
    more_rows_than_one_statement_takes_travel,
    what_lies_in_the_way_is_kept_as_a_file_and_comes_back_whole,
}

const SOON: Duration = Duration::from_secs(30);

const NULLABLE: &[&str] = &[
    "plain",
    "password_hash",
    "sealed_key",
    "title",
    "head",
    "parent_id",
    "model",
    "turn_id",
    "failure_code",
    "failure_detail",
    "finished_at",
    "companion_id",
    "connection_id",
    "answered_by",
    "cost_micros",
    "first_token_us",
    "source_id",
    "last_used_at",
    "revoked_at",
    "person_id",
    "error",
    "removed_at",
    "recalled",
];

/// Three rows in every table, with the same bytes in all columns of one row, so that references hold.
async fn fill(bench: &Bench) {
    for table in TABLES {
        for row in 0..3 {
            let mut nullable = Vec::new();
            for name in NULLABLE.iter().copied() {
                let may_be_null = match name {
                    "model" => matches!(table.name, "messages" | "turns" | "usage_entries"),
                    "companion_id" => table.name == "usage_entries",
                    "person_id" => table.name == "audit",
                    _ => true,
                };
                if may_be_null {
                    nullable.push(name);
                }
            }
            let mut insert = assembled(table.insert(1));
            for (name, kind) in table.columns {
                insert =
                    insert.bind(awkward(*kind, row, row == 2 && nullable.contains(name) || *name == "plain"));
            }
            bench.store.db.run(insert).await.unwrap_or_else(|error| panic!("{}: {error}", table.name));
        }
    }
}

fn awkward(kind: Kind, row: usize, null: bool) -> Value {
    match kind {
        Kind::Bytes if null => Value::Bytes(None),
        Kind::Int if null => Value::Int(None),
        Kind::Text if null => Value::Text(None),
        Kind::Bytes => Value::from([vec![], vec![0; 16], (0..=255).collect::<Vec<u8>>()][row].clone()),
        Kind::Int => Value::from([i64::MIN, 0, i64::MAX][row]),
        Kind::Text => Value::from(["", "Z🦊 \"\\ \u{202e}\u{7f}\r\n\0 é", "a\u{2028}{\"end\":1}"][row]),
    }
}

/// What only the ports can tell: a file of several chunks and a memory that can be found.
async fn live(bench: &Bench, owner: Owner) -> (NewAttachment, Memory) {
    let new = || NewAttachment {
        id: owner.person.0.into(),
        tenant: owner.tenant,
        person: owner.person,
        name: "map.png".into(),
        media_type: "image/png".into(),
        created_at: bench.now(),
        quota_bytes: 10_000_000,
    };
    let memory = Memory {
        id: bench.id(),
        owner,
        scope: Scope::Private,
        source: None,
        text: "likes rain".into(),
        confidence_permille: 1,
        created_at: bench.now(),
        last_used_at: None,
    };
    bench.store.remember(&memory).await.expect("a memory is kept");
    let content = stream::iter([Ok(Bytes::from(vec![7; 700_000]))]).boxed();
    bench.store.store(new(), content).await.expect("a file is kept");
    (new(), memory)
}

async fn dumped(bench: &Bench) -> (Vec<u8>, Manifest) {
    let mut out = Vec::new();
    let manifest = export(&bench.store, &mut out).await.expect("a store can be exported");
    (out, manifest)
}

async fn imported(bench: &Bench, dump: &[u8]) -> Result<Manifest, MoveError> {
    import(&bench.store, &mut &*dump, |_| {}).await
}

async fn every_column_of_the_catalogue_travels_or_is_local(bench: &Bench) {
    let query = bench.store.db.dialect().pick(
        "SELECT m.name AS tab, c.name AS col, c.type AS kind
         FROM pragma_table_list l JOIN sqlite_schema m ON m.name = l.name JOIN pragma_table_xinfo(m.name) c
         WHERE l.type = 'table' AND l.schema = 'main' AND m.name NOT LIKE 'sqlite_%'",
        "SELECT table_name::text AS tab, column_name::text AS col, data_type::text AS kind
         FROM information_schema.columns WHERE table_schema = current_schema()",
    );
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in bench.store.db.all(sql(query)).await.expect("the catalogue is read") {
        let text = |row: &Row, name: &str| row.get::<String>(name).expect("a name");
        found
            .entry(text(&row, "tab"))
            .or_default()
            .insert(text(&row, "col"), text(&row, "kind").to_lowercase());
    }
    for name in LEFT_OUT {
        found.remove(*name).expect("a table that is left out is there");
    }
    for table in TABLES {
        let mut columns = found.remove(table.name).unwrap_or_else(|| panic!("{} is not there", table.name));
        for (name, kind) in table.columns {
            let there = columns.remove(*name).unwrap_or_else(|| panic!("{}.{name} is not there", table.name));
            assert_eq!(there, column_type(*kind, bench.store.db.dialect()), "{}.{name}", table.name);
        }
        columns.retain(|name, _| !table.local.contains(&name.as_str()));
        assert!(columns.is_empty(), "{} has columns that the export does not know: {columns:?}", table.name);
    }
    assert!(found.is_empty(), "the export does not know these tables: {found:?}");
}

fn column_type(kind: Kind, dialect: Dialect) -> &'static str {
    match kind {
        Kind::Bytes => dialect.pick("blob", "bytea"),
        Kind::Int => dialect.pick("integer", "bigint"),
        Kind::Text => "text",
    }
}

async fn moves_and_comes_back(here: &Bench, there: &Bench, back: &Bench) {
    fill(here).await;
    let owner = Owner { tenant: here.id(), person: here.id(), companion: here.id() };
    let (file, memory) = live(here, owner).await;
    let (_, before) = dumped(here).await;
    assert!(before.tables.iter().all(|table| table.rows >= 3), "no table is empty: {before:?}");

    let mut told: Vec<MoveProgress> = Vec::new();
    let report = move_store(&here.store, &there.store, |progress| told.push(progress)).await;
    assert_eq!(report.expect("the store moves"), before);
    let last = told.last().expect("progress is told");
    assert_eq!((last.step, last.rows), (TABLES.len(), before.rows()));
    let report = move_store(&there.store, &back.store, |_| {}).await.expect("and back");
    assert_eq!(report, before);
    let (_, after) = dumped(here).await;
    assert_eq!(after, before, "the source is as it was");

    for bench in [there, back] {
        let hits = bench.store.search(owner, &Scope::Private, &["rain".into()], 5).await.expect("a search");
        assert_eq!(hits.first().map(|hit| &hit.memory), Some(&memory), "the full text is there, too");
        let found = Attachments::find(&bench.store, file.tenant, file.person, file.id).await.expect("a look");
        let parts = bench.store.read(&found.expect("the file is there")).await.expect("reading begins");
        let size = parts.try_fold(0, |size, part| async move { Ok(size + part.len()) }).await;
        assert_eq!(size.expect("the file is whole"), 700_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_moves_to_postgres_and_back() {
    let (here, there, back) = (Bench::sqlite().await, Bench::postgres().await, Bench::sqlite().await);
    let behaviour = Box::pin(moves_and_comes_back(&here, &there, &back));
    here.show(Box::pin(there.show(Box::pin(back.show(behaviour))))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_moves_to_sqlite_and_back() {
    let (here, there, back) = (Bench::postgres().await, Bench::sqlite().await, Bench::postgres().await);
    let behaviour = Box::pin(moves_and_comes_back(&here, &there, &back));
    here.show(Box::pin(there.show(Box::pin(back.show(behaviour))))).await;
}

async fn an_export_holds_one_moment(bench: &Bench) {
    fill(bench).await;
    let (_, before) = dumped(bench).await;
    // So narrow that the export waits for its reader.
    let (mut out, input) = tokio::io::duplex(64);
    let exporting = async {
        let manifest = export(&bench.store, &mut out).await;
        drop(out);
        manifest
    };
    let reading = async {
        let mut input = BufReader::with_capacity(64, input);
        let mut header = String::new();
        input.read_line(&mut header).await.expect("the header is read");
        for key in ["a", "b"] {
            bench.store.set(bench.id(), key, "late", bench.now()).await.expect("a setting is kept");
        }
        input.read_to_end(&mut Vec::new()).await.expect("the rest is read");
    };
    let (manifest, ()) = tokio::join!(exporting, reading);
    assert_eq!(manifest.expect("the export ends"), before);
    let (_, after) = dumped(bench).await;
    assert_eq!(after.rows(), before.rows() + 2);
}

async fn a_store_with_something_in_it_takes_no_import(bench: &Bench) {
    bench.store.set(bench.id(), "theme", "dark", bench.now()).await.expect("a setting is kept");
    let (dump, before) = dumped(bench).await;
    let refused = imported(bench, &dump).await;
    assert!(matches!(refused, Err(MoveError::NotEmpty { table: "settings" })), "{refused:?}");
    let onto_itself = move_store(&bench.store, &bench.store, |_| {}).await;
    assert!(matches!(onto_itself, Err(MoveError::NotEmpty { .. })), "{onto_itself:?}");
    assert_eq!(dumped(bench).await.1, before);
}

async fn what_lies_in_the_way_is_kept_as_a_file_and_comes_back_whole(bench: &Bench) {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = set_aside(&bench.store, folder.path()).await.expect("looked at");
    assert_eq!((nothing, rows(&bench.store).await.expect("counted")), (None, 0));
    fill(bench).await;
    // A kill in the middle left this; what is not ours stays.
    std::fs::write(folder.path().join("set-aside-1.part"), "half of it").expect("written");
    std::fs::write(folder.path().join("notes.part"), "mine").expect("written");
    let (_, manifest) = dumped(bench).await;
    assert_eq!(rows(&bench.store).await.expect("counted"), manifest.rows());
    let file = set_aside(&bench.store, folder.path()).await.expect("set aside").expect("a file");
    assert_eq!(rows(&bench.store).await.expect("counted"), 0);
    let kept = std::fs::read(&file).expect("it is there");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing unfinished is left");
    assert!(folder.path().join("notes.part").exists());
    imported(bench, &kept).await.expect("what was set aside can be taken back");
    assert_eq!(dumped(bench).await.1.difference(&manifest), None);
    // What cannot be kept is not removed.
    let nowhere = file.join("no-folder");
    set_aside(&bench.store, &nowhere).await.expect_err("a file is no folder");
    assert_eq!(rows(&bench.store).await.expect("counted"), manifest.rows());
}

#[tokio::test]
async fn whoever_moves_knows_whether_somebody_else_is_there() {
    let alone = Bench::sqlite().await;
    assert!(alone.store.is_alone().await.expect("a file has one process"));
    let bench = Bench::postgres().await;
    let looking = async {
        // The server buries a connection a moment after it was closed: the one that migrated, for instance.
        let alone = async { while !bench.store.is_alone().await.expect("asked") {} };
        tokio::time::timeout(SOON, alone).await.expect("nobody else is there");
        let other = bench.another().await;
        other.ping().await.expect("it is connected");
        assert!(!bench.store.is_alone().await.expect("asked"));
        other.close().await;
    };
    bench.show(looking).await;
}

async fn more_rows_than_one_statement_takes_travel(bench: &Bench) {
    let source = Bench::sqlite().await;
    let audit = TABLES.iter().find(|table| table.name == "audit").expect("it is listed");
    let mut tx = source.store.db.begin().await.expect("a transaction begins");
    for number in 0..1_207 {
        let row = number % 3;
        let values = audit.columns.iter().map(|(name, kind)| match *name {
            "id" => Value::from(Uuid::from_u128(number as u128)),
            name => awkward(*kind, row, name == "person_id" && row == 2),
        });
        tx.run(values.fold(assembled(audit.insert(1)), Query::bind)).await.expect("a row is written");
    }
    tx.commit().await.expect("they are kept");
    let (dump, manifest) = dumped(&source).await;
    assert_eq!(imported(bench, &dump).await.expect("all are taken"), manifest);
    assert_eq!(dumped(bench).await.1.difference(&manifest), None);
    source.show(async {}).await;
}

async fn a_damaged_export_leaves_the_target_empty(bench: &Bench) {
    let source = Bench::sqlite().await;
    fill(&source).await;
    let (dump, manifest) = dumped(&source).await;
    let text = String::from_utf8(dump).expect("an export is UTF-8");
    let (_, nothing) = dumped(bench).await;
    let without = |n: usize| {
        text.lines()
            .enumerate()
            .filter(|(at, _)| *at != n)
            .flat_map(|(_, line)| [line, "\n"])
            .collect::<String>()
    };
    let lines = text.lines().count();
    let damaged = [
        ("a row is lost", without(2)),
        ("a trailer is lost", without(4)),
        ("the end is lost", without(lines - 1)),
        ("it is cut", text[..text.len() * 2 / 3].to_owned()),
        ("a word is changed", text.replacen("\"name\":\"Z", "\"name\":\"Y", 1)),
        ("a number is changed", text.replacen(&i64::MAX.to_string(), "1", 1)),
        ("a number is no number", text.replacen(&i64::MAX.to_string(), "1.5", 1)),
        ("a column is unknown", text.replacen("\"r\":{", "\"r\":{\"x\":1,", 1)),
        ("a table is unknown", text.replacen("\"t\":\"people\"", "\"t\":\"peoples\"", 1)),
        ("something follows", format!("{text}{{}}\n")),
        ("the format is another", text.replacen("\"format\":1", "\"format\":2", 1)),
        ("the schema is another", text.replacen("\"schema\":", "\"schema\":9", 1)),
        ("it is empty", String::new()),
        ("it is something else", "hello\n".to_owned()),
    ];
    for (what, dump) in damaged {
        assert!(dump != text, "{what}: the damage was done");
        let refused = imported(bench, dump.as_bytes()).await;
        assert!(refused.is_err(), "{what}");
        assert_eq!(dumped(bench).await.1, nothing, "{what}: nothing of it is kept");
    }
    assert_eq!(imported(bench, text.as_bytes()).await.expect("the whole one is taken"), manifest);
    source.show(async {}).await;
}

#[test]
fn every_table_has_its_rows_in_one_order() {
    let known = |table: &Table, name: &str| {
        table.columns.iter().any(|(column, _)| *column == name) || table.local.contains(&name)
    };
    for table in TABLES {
        assert!(table.order.iter().all(|name| known(table, name)), "{}", table.name);
    }
}
