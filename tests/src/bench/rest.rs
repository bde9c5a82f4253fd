//! The box at rest, with no model connected: what it holds, what it takes of the disk, and how soon it
//! says its first words.

use super::exchange::{open_conversation, through_the_box};
use super::report::Figure;
use super::resources::{MEGABYTE, memory, on_disk, processes};
use super::subject::Subject;
use crate::binary;
use crate::process::Home;
use anyhow::bail;
use std::time::Duration;

const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// Two looks that differ by less than this show the same.
const NOISE: u64 = 128 * 1024;
const MOST_LOOKS: usize = 12;

pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let (subject, _) = Subject::start(Home::new()?).await?;
    subject.set_up().await?;
    let idle = settled_memory(&subject).await?;
    let idle_mb = idle as f64 / MEGABYTE;
    let seen = format!("PSS of {} process(es), native, no model", processes(subject.pid())?);

    let conversation = open_conversation(&subject.client).await?;
    let first = through_the_box(&subject.client, conversation, "hello".into()).await?;

    let (program, data) = (on_disk(&binary::whisperengine()?)?, on_disk(&subject.home.data_dir())?);
    let footprint = (program + data) as f64 / MEGABYTE;
    let parts = format!(
        "program {:.1} MB, new data directory {:.1} MB",
        program as f64 / MEGABYTE,
        data as f64 / MEGABYTE
    );
    subject.stop().await?;
    Ok(vec![
        Figure::new("idle_memory", idle_mb, "MB", 60.0, seen.clone()),
        Figure::new("memory_usage_baseline", idle_mb, "MB", 500.0, seen),
        Figure::new("first_response_time", first.as_secs_f64(), "s", 2.0, "hello, without a model".into()),
        Figure::new("storage_footprint", footprint, "MB", 2000.0, parts),
    ])
}

/// Idle is when a while changes nothing.
async fn settled_memory(subject: &Subject) -> anyhow::Result<u64> {
    let mut last = memory(subject.pid())?;
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let now = memory(subject.pid())?;
        if now.abs_diff(last) <= NOISE {
            return Ok(now);
        }
        last = now;
    }
    bail!("the memory of an idle box does not settle: {last} bytes at last")
}
