//! Many streams at once: each begins anew when it has ended, until the round is over.

use super::samples::Samples;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// One stream's side: asks and tells how long the first token took.
pub trait Ask {
    fn ask(&mut self) -> impl Future<Output = anyhow::Result<Duration>> + Send;
}

/// The first beginnings are spread over `period`, as those of people are: fifty questions in the same
/// instant would measure a queue.
pub async fn side_by_side<A>(askers: Vec<A>, lasting: Duration, period: Duration) -> anyhow::Result<Samples>
where
    A: Ask + Send + 'static,
{
    let streams = askers.len() as u32;
    let end = Instant::now() + lasting;
    let mut asking = JoinSet::new();
    for (number, mut asker) in (0..).zip(askers) {
        asking.spawn(async move {
            tokio::time::sleep(period * number / streams).await;
            let mut samples = Samples::default();
            while Instant::now() < end {
                samples.add(asker.ask().await?);
            }
            anyhow::Ok(samples)
        });
    }
    let mut all = Samples::default();
    while let Some(samples) = asking.join_next().await {
        all.join(samples??);
    }
    Ok(all)
}
