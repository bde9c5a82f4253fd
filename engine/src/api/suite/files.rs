//! Files, streamed both ways.

use super::harness::{House, in_every_way};
use bytes::Bytes;
use engine_client::problem::ErrorCode;
use engine_client::wire::attachments::AttachmentView;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};

const MIB: usize = 1024 * 1024;

in_every_way!(
    twenty_five_mebibytes_come_back_as_they_went,
    one_byte_more_is_too_much,
    a_cut_upload_leaves_nothing,
);

/// Bytes that repeat nowhere near a chunk's length.
fn content(bytes: usize) -> Bytes {
    (0..bytes).map(|n| (n % 251) as u8 ^ (n / 65_521) as u8).collect()
}

fn pieces(
    content: &Bytes,
) -> impl futures::Stream<Item = Result<Bytes, engine_client::transport::BoxError>> + use<> {
    let pieces: Vec<_> = content.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

async fn twenty_five_mebibytes_come_back_as_they_went(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let sent = content(25 * MIB);
    let path = "/api/v1/attachments?name=a%20long%20film.mp4";
    let file: AttachmentView = owner.upload(path, "video/mp4", pieces(&sent)).await.expect("it fits");
    assert_eq!((file.name.as_str(), file.size), ("a long film.mp4", 25 * MIB as i64));
    let mut hash = Sha256::new();
    let mut back =
        Box::pin(owner.download(&format!("/api/v1/attachments/{}/content", file.id)).await.expect("mine"));
    while let Some(piece) = back.next().await {
        hash.update(piece.expect("a whole answer"));
    }
    assert_eq!(hash.finalize(), Sha256::digest(&sent));
}

async fn one_byte_more_is_too_much(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let sent = content(25 * MIB + 1);
    let refused =
        owner.upload::<AttachmentView, _>("/api/v1/attachments?name=x", "text/plain", pieces(&sent)).await;
    assert_eq!(refused.expect_err("too large").code(), Some(ErrorCode::TooLarge));
}

async fn a_cut_upload_leaves_nothing(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, false).await;
    let half = content(3 * MIB);
    let cut = pieces(&half).chain(stream::iter([Err("the sender broke off".into())]));
    let upload = owner.upload::<AttachmentView, _>("/api/v1/attachments?name=x", "text/plain", cut).await;
    upload.expect_err("it never ended");
    let whole =
        owner.upload::<AttachmentView, _>("/api/v1/attachments?name=x", "text/plain", pieces(&half)).await;
    whole.expect("the same again, whole, is fine");
}
