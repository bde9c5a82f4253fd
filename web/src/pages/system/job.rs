//! One piece of long work, in words: how far, how fast, how long still.

use super::service::{Moment, kind};
use super::told::{Mark, ago, sentence, shortened, size, span};
use crate::pages::moment;
use crate::ports::system::{IMAGE_JOB, Job, JobEnd, MOVE_JOB, Outcome, Unit};
use crate::words::Words;

/// Nothing new for so long is worth a word.
const STILL: i64 = 10_000_000;
/// A speed over less would be a guess.
const FIRST_SPEED: i64 = 1_000_000;
const LONGEST_DETAIL: usize = 300;

pub struct JobTold {
    pub id: String,
    pub what: String,
    pub mark: Mark,
    /// Its stage, or how it ended.
    pub state: String,
    /// Bytes, speed and time left, as far as they are known.
    pub figures: Vec<String>,
    /// Of a thousand.
    pub part_done: Option<u64>,
    pub when: Moment,
    pub detail: Option<String>,
    pub may_cancel: bool,
}

pub fn told(words: &Words, job: &Job, now: i64) -> JobTold {
    let what = match job.kind.as_str() {
        IMAGE_JOB => words.say_with("system-job-image", "subject", &kind(words, &job.subject)),
        MOVE_JOB => words.say("system-job-move"),
        other => format!("{other} {}", job.subject),
    };
    let from = job.end.as_ref().map_or(job.begun_at, |end| end.at);
    let when = Moment { exact: moment::exact(from), told: ago(words, now - from) };
    let id = job.id.clone();
    match &job.end {
        None => JobTold {
            id,
            what,
            mark: Mark::Busy,
            state: stage(words, &job.stage),
            figures: figures(words, job, now),
            part_done: job.total.filter(|total| *total > 0).map(|total| {
                // Wide enough for any disk, and never beyond its end.
                let part = u128::from(job.done.min(total)) * 1000 / u128::from(total);
                u64::try_from(part).unwrap_or(1000)
            }),
            when,
            detail: None,
            may_cancel: true,
        },
        Some(JobEnd { at, outcome, detail }) => {
            let (mark, state) = match outcome {
                Outcome::Done => (Mark::Well, "system-job-done"),
                Outcome::Failed => (Mark::Bad, "system-job-failed"),
                Outcome::Cancelled => (Mark::Idle, "system-job-cancelled"),
                Outcome::Interrupted => (Mark::Warn, "system-job-interrupted"),
            };
            let took = words.say_with("system-job-took", "span", &span(words, at - job.begun_at));
            let done = (job.done > 0).then(|| amount(words, job.unit, job.done));
            JobTold {
                id,
                what,
                mark,
                state: words.say(state),
                figures: done.into_iter().chain([took]).collect(),
                part_done: None,
                when,
                detail: detail.as_ref().map(|detail| sentence(&shortened(detail, LONGEST_DETAIL))),
                may_cancel: false,
            }
        }
    }
}

/// A stage that is new to us is shown as it is called.
fn stage(words: &Words, stage: &str) -> String {
    match stage {
        "looking" => words.say("system-job-looking"),
        "downloading" => words.say("system-job-downloading"),
        "verifying" => words.say("system-job-verifying"),
        "unpacking" => words.say("system-job-unpacking"),
        "loading" => words.say("system-job-loading"),
        "preparing" => words.say("system-job-preparing"),
        "copying" => words.say("system-job-copying"),
        "building" => words.say("system-job-building"),
        other => shortened(other, 80),
    }
}

fn figures(words: &Words, job: &Job, now: i64) -> Vec<String> {
    let mut figures = Vec::new();
    let total = job.total.filter(|total| *total > 0);
    if job.done > 0 || total.is_some() {
        let done = amount(words, job.unit, job.done);
        figures.push(match total {
            Some(total) => {
                words.say_all("system-job-of", &[("done", &done), ("total", &amount(words, job.unit, total))])
            }
            None => done,
        });
    }
    let silent = now - job.moved_at;
    if silent >= STILL {
        figures.push(words.say_with("system-job-still", "span", &span(words, silent)));
        return figures;
    }
    let Some(speed) = speed(job, now) else { return figures };
    figures.push(words.say_with("system-job-speed", "size", &size(words, speed)));
    let left = total.map(|total| total.saturating_sub(job.done)).filter(|left| *left > 0);
    if let Some(left) = left {
        let micros = i64::try_from(left / speed).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        figures.push(words.say_with("system-job-left", "span", &span(words, micros)));
    }
    figures
}

fn amount(words: &Words, unit: Unit, amount: u64) -> String {
    match unit {
        Unit::Bytes => size(words, amount),
        Unit::Rows => words.say_counting("system-rows", &[("count", amount as f64)]),
    }
}

/// Bytes a second since it began. Only a download has one.
fn speed(job: &Job, now: i64) -> Option<u64> {
    let micros = u64::try_from(now - job.begun_at).ok().filter(|_| now - job.begun_at >= FIRST_SPEED)?;
    let speed = u128::from(job.done) * 1_000_000 / u128::from(micros);
    u64::try_from(speed).ok().filter(|speed| *speed > 0 && job.stage == "downloading")
}
