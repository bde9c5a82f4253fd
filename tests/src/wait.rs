//! Waiting for something to become true, with an end.

use anyhow::bail;
use std::time::Duration;
use tokio::time::Instant;

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(10);

/// Asks `condition` again and again until it answers `Some`, and fails, naming `what`, when it has
/// not within the time. An error of the condition itself ends the waiting at once.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut condition: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("waited {within:?} for {what}");
        }
        tokio::time::sleep(PACE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn answers_as_soon_as_the_condition_holds() -> anyhow::Result<()> {
        let mut asked = 0;
        let answer = until("three questions", Duration::from_secs(1), async || {
            asked += 1;
            Ok((asked == 3).then_some("here"))
        })
        .await?;
        assert_eq!((answer, asked), ("here", 3));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_and_names_what_it_waited_for() {
        let gave_up = until("rain", Duration::from_secs(1), async || Ok(None::<()>)).await;
        assert_eq!(gave_up.expect_err("it never rains").to_string(), "waited 1s for rain");
    }
}
