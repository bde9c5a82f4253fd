//! How quickly a new process is of use, on a fresh data directory and on one that was used before.

use super::report::Figure;
use super::samples::Samples;
use super::subject::Subject;
use crate::process::Home;

const FRESH_STARTS: usize = 5;
const LATER_STARTS: usize = 10;

/// The program's pages are in the kernel's cache after the first start, as they are on a machine that
/// was started a while ago; the process is new each time.
pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut fresh = Samples::default();
    let mut home = None;
    for _ in 0..FRESH_STARTS {
        let (subject, started) = Subject::start(Home::new()?).await?;
        fresh.add(started.health.max(started.answer));
        home = Some(subject.stop().await?);
    }
    let (mut health, mut answer) = (Samples::default(), Samples::default());
    for _ in 0..LATER_STARTS {
        let again = match home.take() {
            Some(home) => home,
            None => Home::new()?,
        };
        let (subject, started) = Subject::start(again).await?;
        health.add(started.health);
        answer.add(started.answer);
        home = Some(subject.stop().await?);
    }
    let seen = |what: &str, samples: &Samples| {
        format!("median of {} starts {what}, slowest {:.0} ms", samples.len(), samples.slowest_ms())
    };
    Ok(vec![
        Figure::new("start_to_health", health.median_ms(), "ms", 300.0, seen("to /health", &health)),
        Figure::new("start_to_contract", answer.median_ms(), "ms", 300.0, seen("to its answer", &answer)),
        Figure::new("start_first_ever", fresh.median_ms(), "ms", 300.0, seen("on nothing to both", &fresh)),
        Figure::new(
            "startup_time",
            fresh.slowest_ms() / 1000.0,
            "s",
            10.0,
            format!("slowest of {} starts on an empty data directory", fresh.len()),
        ),
    ])
}
