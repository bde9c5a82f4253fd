//! `scripts/bench`: measures the built program and prints every figure beside its target.
//!
//! `bench [--json] [SUBJECT…]`; the subjects are those of `SUBJECTS`, all of them unless some are
//! named. Ends with 1 where a target is missed or a figure could not be had.

use std::process::ExitCode;
use tests::bench::report::{Figure, Report};
use tests::bench::resources::Machine;
use tests::bench::{chat, long_conversation, rest, start, vector_scan};

const SUBJECTS: [&str; 5] = ["start", "rest", "chat", "long-conversation", "vector-scan"];

/// One thread: the measured program needs the other core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut json = false;
    let mut wanted = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            subject if SUBJECTS.contains(&subject) => wanted.push(argument),
            _ => {
                eprintln!("usage: bench [--json] [{}]…", SUBJECTS.join("|"));
                return Ok(ExitCode::from(2));
            }
        }
    }
    let mut report = Report { machine: Machine::this()?, figures: Vec::new(), failures: Vec::new() };
    for subject in SUBJECTS {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == subject) {
            continue;
        }
        eprintln!("measuring {subject} …");
        match measure(subject).await {
            Ok(figures) => report.figures.extend(figures),
            Err(error) => report.failures.push(format!("{subject}: {error:#}")),
        }
    }
    println!("{}", if json { report.to_json()? } else { report.to_table() });
    Ok(if report.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(subject: &str) -> anyhow::Result<Vec<Figure>> {
    match subject {
        "start" => start::measure().await,
        "rest" => rest::measure().await,
        "chat" => chat::measure().await,
        "long-conversation" => long_conversation::measure().await,
        _ => vector_scan::measure(),
    }
}
