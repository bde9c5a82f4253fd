//! What is one's own, taken along and taken away, by somebody whose browser runs no script.

use anyhow::ensure;
use http::StatusCode;
use std::time::Duration;
use tests::house::{House, PASSWORD};
use tests::stores::Store;
use tests::talk::Talk;
use tests::visitor::Visitor;
use tests::wait;

tests::on_both_stores!(what_was_said_is_taken_along_and_then_goes_even_through_a_crash);

const SOON: Duration = Duration::from_secs(30);
const DATA: &str = "/settings/data";

async fn signed_in(house: &House) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

async fn what_was_said_is_taken_along_and_then_goes_even_through_a_crash(store: Store) -> anyhow::Result<()> {
    let mut house = House::inhabited(store).await?;
    let (first, second) = (Talk::open(house.client()).await?, Talk::open(house.client()).await?);
    first.exchange("the heron stands still").await?;
    second.exchange("the otter does not").await?;
    let mut ada = signed_in(&house).await?;
    ada.open(DATA).await?.says("Nothing was removed")?;
    let file = ada.open("/settings/data/export").await?.html.clone();
    ensure!(file.contains("heron") && file.contains("otter") && !file.contains("$argon2"), "{file}");
    let last = file.lines().last().unwrap_or_default();
    ensure!(last.contains("\"kind\":\"end\""), "the file is cut short: {last}");

    // Removed, it is brought back; removed again, it is deleted for good.
    let chat = format!("/chat/{}", second.conversation);
    let removed = format!("{DATA}/removed/{}", second.conversation);
    for deed in ["restore", "delete"] {
        ada.open(&chat).await?;
        ada.submit(&format!("{chat}/remove"), &[]).await?.says("was removed")?;
        ada.open(DATA).await?.says("the otter does not</strong>")?;
        if deed == "delete" {
            ada.open(&format!("{removed}/delete")).await?.says("cannot be brought back")?;
        }
        ada.submit(&format!("{removed}/{deed}"), &[]).await?.says("Nothing was removed")?;
        let status = ada.open(&chat).await?.status;
        let expected = if deed == "restore" { StatusCode::OK } else { StatusCode::NOT_FOUND };
        ensure!(status == expected, "after {deed}: {status}");
    }

    ada.open("/settings/data/erase").await?.says("deleted for good")?;
    ada.submit("/settings/data/erase", &[("current", "a guess")]).await?.says("not your password")?;
    ada.submit("/settings/data/erase", &[("current", PASSWORD)]).await?.says("is being deleted")?;
    house.kill()?;
    house.up().await?;
    wait::until("everything to be gone", SOON, async || {
        Ok((!ada.open(DATA).await?.html.contains("/settings/data/erase")).then_some(()))
    })
    .await?;
    let file = ada.open("/settings/data/export").await?.html.clone();
    ensure!(!file.contains("heron") && !file.contains("otter"), "{file}");
    ada.open(DATA).await?.says("only owner")
}
