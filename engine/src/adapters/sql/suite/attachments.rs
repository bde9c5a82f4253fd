//! Files: once per content, whole or not at all, under a quota.

use super::harness::Bench;
use crate::adapters::sql::query::sql;
use crate::domain::attachment::{Attachment, CHUNK_BYTES};
use crate::domain::ids::{PersonId, TenantId};
use crate::ports::attachments::{Attachments, NewAttachment, UploadError};
use crate::ports::error::{StoreError, Stored};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use std::io;
use std::time::Duration;
use tokio::sync::Notify;

on_both_stores! {
    files_of_any_size_come_back_as_they_were,
    the_same_content_is_kept_once_and_as_long_as_it_is_named,
    files_are_seen_by_their_person_only,
    a_file_over_quota_leaves_nothing,
    racing_uploads_stay_under_the_quota,
    a_cut_upload_leaves_nothing,
    an_upload_left_half_way_is_swept,
    a_slow_upload_that_was_swept_is_told_so,
    a_flipped_byte_never_looks_like_a_whole_file,
    a_file_removed_while_it_is_read_is_no_damage,
}

const MEBIBYTE: usize = 1024 * 1024;

/// No two chunks alike, and nothing that could be guessed from its length.
fn content(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ size as u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn new(bench: &Bench, tenant: TenantId, person: PersonId, quota: usize) -> NewAttachment {
    NewAttachment {
        id: bench.id(),
        tenant,
        person,
        name: "../🦊 \"map\".png".into(),
        media_type: "image/png".into(),
        created_at: bench.now(),
        quota_bytes: quota as i64,
    }
}

async fn upload(bench: &Bench, new: NewAttachment, bytes: &[u8]) -> Result<Attachment, UploadError> {
    // Parts that do not fit the chunks, as a network would bring them.
    let parts: Vec<_> = bytes.chunks(70_001).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    bench.store.store(new, stream::iter(parts).boxed()).await
}

async fn kept(bench: &Bench, tenant: TenantId, person: PersonId, bytes: &[u8]) -> Attachment {
    upload(bench, new(bench, tenant, person, 100 * MEBIBYTE), bytes).await.expect("a file is kept")
}

async fn read(bench: &Bench, attachment: &Attachment) -> Stored<Vec<u8>> {
    let parts = bench.store.read(attachment).await?;
    parts
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await
}

async fn count(bench: &Bench, table: &str) -> i64 {
    let query = match table {
        "blobs" => sql("SELECT COUNT(*) AS n FROM blobs"),
        "uploads" => sql("SELECT COUNT(*) AS n FROM uploads"),
        _ => sql("SELECT COUNT(*) AS n FROM blob_chunks"),
    };
    let row = bench.store.db.one(query).await.expect("a count").expect("a count");
    row.get("n").expect("a number")
}

async fn rows_left(bench: &Bench) -> [i64; 3] {
    [count(bench, "blobs").await, count(bench, "uploads").await, count(bench, "chunks").await]
}

async fn files_of_any_size_come_back_as_they_were(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    let sizes = [
        (0, 0),
        (1, 1),
        (CHUNK_BYTES, 1),
        (CHUNK_BYTES + 1, 2),
        (4 * CHUNK_BYTES, 4),
        (5 * CHUNK_BYTES - 1, 5),
        (25 * MEBIBYTE, 100),
    ];
    for (size, chunks) in sizes {
        let before = count(bench, "chunks").await;
        let bytes = content(size);
        let file = kept(bench, tenant, person, &bytes).await;
        assert_eq!((file.size, file.hash), (size as i64, Sha256::digest(&bytes).into()));
        assert!(read(bench, &file).await.expect("it is read") == bytes, "{size} bytes came back otherwise");
        assert_eq!(count(bench, "chunks").await - before, chunks, "{size} bytes");
        let found = bench.store.find(tenant, person, file.id).await.expect("a look");
        assert_eq!(found, Some(file));
    }
    assert_eq!(count(bench, "uploads").await, 0);
}

async fn the_same_content_is_kept_once_and_as_long_as_it_is_named(bench: &Bench) {
    let (tenant, elena, marcus) = (bench.id(), bench.id(), bench.id());
    let bytes = content(CHUNK_BYTES * 5 + 9);
    let first = kept(bench, tenant, elena, &bytes).await;
    // The quota is full, yet the same content takes no second place.
    let second = upload(bench, new(bench, tenant, marcus, bytes.len()), &bytes).await;
    let second = second.expect("the same content");
    let abroad = kept(bench, bench.id(), elena, &bytes).await;
    assert_eq!(rows_left(bench).await, [2, 0, 12], "one copy for each tenant");

    assert!(bench.store.remove(tenant, elena, first.id).await.expect("the first is removed"));
    assert!(!bench.store.remove(tenant, elena, first.id).await.expect("it is removed already"));
    assert!(read(bench, &second).await.expect("it is read") == bytes);
    assert!(bench.store.remove(tenant, marcus, second.id).await.expect("the second is removed"));
    assert_eq!(rows_left(bench).await, [1, 0, 6]);
    assert!(read(bench, &abroad).await.expect("it is read") == bytes);
}

async fn files_are_seen_by_their_person_only(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    let file = kept(bench, tenant, person, b"mine").await;
    for (tenant, person) in [(bench.id(), person), (tenant, bench.id())] {
        assert_eq!(bench.store.find(tenant, person, file.id).await.expect("a look"), None);
        assert!(!bench.store.remove(tenant, person, file.id).await.expect("removes nothing"));
    }
    let stolen = Attachment { tenant: bench.id(), ..file.clone() };
    assert!(read(bench, &stolen).await.is_err(), "another tenant's content is not read");
    assert_eq!(read(bench, &file).await.expect("it is read"), b"mine");
}

async fn a_file_over_quota_leaves_nothing(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    kept(bench, tenant, person, &content(2 * MEBIBYTE)).await;
    let before = rows_left(bench).await;
    // Too large for what is left, and too large for any store of this quota.
    for size in [MEBIBYTE + 1, 4 * MEBIBYTE] {
        let refused = upload(bench, new(bench, tenant, person, 3 * MEBIBYTE), &content(size)).await;
        assert!(matches!(refused, Err(UploadError::Store(StoreError::OverQuota { .. }))), "{refused:?}");
        assert_eq!(rows_left(bench).await, before);
    }
    let exact = upload(bench, new(bench, tenant, person, 3 * MEBIBYTE), &content(MEBIBYTE)).await;
    exact.expect("what just fits is kept");
}

async fn racing_uploads_stay_under_the_quota(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    let (one, other) = (content(MEBIBYTE), content(MEBIBYTE + 1));
    let (a, b) = tokio::join!(
        upload(bench, new(bench, tenant, person, 3 * MEBIBYTE / 2), &one),
        upload(bench, new(bench, tenant, person, 3 * MEBIBYTE / 2), &other),
    );
    assert_eq!([&a, &b].iter().filter(|outcome| outcome.is_ok()).count(), 1, "{a:?} {b:?}");
    assert_eq!(rows_left(bench).await[..2], [1, 0]);
}

async fn a_cut_upload_leaves_nothing(bench: &Bench) {
    let parts = [Ok(Bytes::from(content(3 * MEBIBYTE))), Err(io::Error::other("connection reset"))];
    let cut = bench
        .store
        .store(new(bench, bench.id(), bench.id(), 9 * MEBIBYTE), stream::iter(parts).boxed())
        .await;
    assert!(matches!(cut, Err(UploadError::Cut(_))), "{cut:?}");
    assert_eq!(rows_left(bench).await, [0, 0, 0]);
}

async fn an_upload_left_half_way_is_swept(bench: &Bench) {
    let (tenant, person) = (bench.id(), bench.id());
    let file = kept(bench, tenant, person, &content(10)).await;
    let endless = stream::iter([Ok(Bytes::from(content(3 * MEBIBYTE)))]).chain(stream::pending()).boxed();
    let uploading = bench.store.store(new(bench, tenant, person, 9 * MEBIBYTE), endless);
    let half_way = async { while rows_left(bench).await != [1, 1, 13] {} };
    let dropped = async {
        tokio::select! {
            _ = uploading => panic!("the sender went silent, and has not ended"),
            () = half_way => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(60), dropped).await.expect("it comes half way");

    assert_eq!(bench.store.sweep(bench.now()).await.expect("it is not old yet"), 0);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.store.sweep(bench.now()).await.expect("it is old"), 1);
    assert_eq!(rows_left(bench).await, [1, 0, 1]);
    assert_eq!(read(bench, &file).await.expect("it is read"), content(10));
}

async fn a_slow_upload_that_was_swept_is_told_so(bench: &Bench) {
    let swept = Notify::new();
    let (swept, asked) = (std::sync::Arc::new(swept), std::sync::Arc::new(Notify::new()));
    let (wait, ask) = (swept.clone(), asked.clone());
    let last = stream::once(async move {
        ask.notify_one();
        wait.notified().await;
        Ok(Bytes::from(content(2 * MEBIBYTE)))
    });
    let slow = stream::iter([Ok(Bytes::from(content(2 * MEBIBYTE)))]).chain(last).boxed();
    let uploading = bench.store.store(new(bench, bench.id(), bench.id(), 9 * MEBIBYTE), slow);
    let sweeping = async {
        asked.notified().await;
        let later = bench.now().plus(Duration::from_secs(1));
        assert_eq!(bench.store.sweep(later).await.expect("it is swept"), 1);
        swept.notify_one();
    };
    let (outcome, ()) = tokio::join!(uploading, sweeping);
    assert!(matches!(outcome, Err(UploadError::Cut(_))), "{outcome:?}");
    assert_eq!(rows_left(bench).await, [0, 0, 0]);
}

async fn a_flipped_byte_never_looks_like_a_whole_file(bench: &Bench) {
    let bytes = content(2 * CHUNK_BYTES);
    let file = kept(bench, bench.id(), bench.id(), &bytes).await;
    let mut chunk = bytes[..CHUNK_BYTES].to_vec();
    chunk[1000] ^= 1;
    let flip = sql("UPDATE blob_chunks SET bytes = $1 WHERE position = 0").bind(chunk);
    bench.store.db.run(flip).await.expect("a byte is flipped");
    let parts: Vec<_> = bench.store.read(&file).await.expect("reading begins").collect().await;
    assert!(matches!(parts.last(), Some(Err(StoreError::Corrupt { .. }))), "it ends in Corrupt");
    let handed_out: usize = parts.iter().flatten().map(Bytes::len).sum();
    assert!(handed_out < bytes.len(), "never all of it");

    bench.store.db.run(sql("DELETE FROM blob_chunks WHERE position = 1")).await.expect("a chunk is lost");
    let lost = read(bench, &file).await;
    assert!(matches!(lost, Err(StoreError::Corrupt { .. })), "a lost chunk is damage, too");
}

async fn a_file_removed_while_it_is_read_is_no_damage(bench: &Bench) {
    let file = kept(bench, bench.id(), bench.id(), &content(2 * CHUNK_BYTES)).await;
    let mut parts = bench.store.read(&file).await.expect("reading begins");
    parts.next().await.expect("a first part").expect("the first part is read");
    assert!(bench.store.remove(file.tenant, file.person, file.id).await.expect("it is removed"));
    let next = parts.next().await.expect("an end");
    assert!(matches!(next, Err(StoreError::Unavailable { .. })), "{next:?}");
}
