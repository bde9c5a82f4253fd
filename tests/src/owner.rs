//! Somebody who looks after a box: what they are told of a trouble, in all the ways there are, and what they do about it.

use crate::house::{House, PASSWORD};
use crate::talk::Talk;
use crate::visitor::Visitor;
use crate::wait;
use crate::yard::{SOON, last_lines};
use anyhow::{Context, ensure};
use serde_json::Value;

/// One who has signed in with a browser.
pub async fn signed_in(house: &House) -> anyhow::Result<Visitor> {
    let mut ada = Visitor::at(house.address());
    ada.open("/sign-in").await?;
    ada.submit("/sign-in", &[("name", "Ada"), ("password", PASSWORD)]).await?;
    Ok(ada)
}

/// The issue of that id, as soon as it is told.
pub async fn is_told(house: &House, id: &str) -> anyhow::Result<Value> {
    let mut others = Vec::new();
    let told = wait::until(&format!("{id} to be told"), SOON, async || {
        // Right after a start the socket may not be there yet.
        let issues = house.client().get::<Vec<Value>>("/appliance/issues").await.unwrap_or_default();
        others = issues.iter().map(|issue| issue["id"].to_string()).collect();
        Ok(issues.into_iter().find(|issue| issue["id"] == id))
    })
    .await;
    told.with_context(|| format!("{others:?} are told\n{}", last_lines(house)))
}

/// The same by the page and at the terminal, with what the box offers to do. It must be one that stays.
pub async fn is_told_everywhere(
    house: &House,
    ada: &mut Visitor,
    id: &str,
    repair: &str,
) -> anyhow::Result<()> {
    let issue = is_told(house, id).await?;
    ensure!(issue["repair"] == repair, "{issue}");
    ada.open("/system/now").await?.says(&format!("action=\"/system/issues/{id}/repair\""))?;
    let doctor = house.home.run(&["doctor", "--json"], SOON).await?;
    let report: Value = serde_json::from_str(&doctor.stdout)?;
    let told = report["issues"].as_array().is_some_and(|issues| issues.iter().any(|issue| issue["id"] == id));
    ensure!(told, "doctor does not tell {id}: {report}");
    let listed = house.home.run(&["repair"], SOON).await?;
    ensure!(listed.stdout.contains(&format!("whisperengine repair {id}")), "{listed:?}");
    Ok(())
}

pub async fn repair(house: &House, id: &str) -> anyhow::Result<()> {
    let done = house.home.run(&["repair", id], SOON).await?;
    ensure!(done.status.success(), "repair {id}: {done:?}");
    Ok(())
}

/// The box answers, whatever becomes of its containers.
pub async fn is_answered(house: &House) -> anyhow::Result<()> {
    let talk = Talk::open(house.client()).await?;
    let turn = talk.exchange("Are you there?").await?;
    ensure!(talk.exchanged().await?.len() == 2, "it did not answer: {turn:?}");
    Ok(())
}
