//! `scripts/bench`: measures the built program and prints every figure beside its target.
//!
//! `bench [--json] [SUBJECT…]`; the subjects are those of `SUBJECTS`, all of them unless some are
//! named. Ends with 1 where a target is missed or a figure could not be had.

use anyhow::Context;
use std::process::ExitCode;
use tests::bench::long_house::LongHouse;
use tests::bench::report::{Figure, Report};
use tests::bench::resources::Machine;
use tests::bench::{chat, containers, long_conversation, moving, pages, rest, start, system, vector_scan};

const SUBJECTS: [&str; 9] =
    ["start", "rest", "chat", "containers", "system", "moving", "long-conversation", "pages", "vector-scan"];

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
    let mut long_house = None;
    for subject in SUBJECTS {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == subject) {
            continue;
        }
        eprintln!("measuring {subject} …");
        match measure(subject, &mut long_house).await {
            Ok(figures) => report.figures.extend(figures),
            Err(error) => report.failures.push(format!("{subject}: {error:#}")),
        }
    }
    println!("{}", if json { report.to_json()? } else { report.to_table() });
    Ok(if report.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The house with the long conversation takes minutes to build: it stays for the next subject that needs it.
async fn measure(subject: &str, long_house: &mut Option<LongHouse>) -> anyhow::Result<Vec<Figure>> {
    match subject {
        "start" => start::measure().await,
        "rest" => rest::measure().await,
        "chat" => chat::measure().await,
        "long-conversation" => long_conversation::measure(built(long_house).await?).await,
        "system" => system::measure().await,
        "moving" => moving::measure().await,
        "containers" => containers::measure().await,
        "pages" => pages::measure(built(long_house).await?).await,
        _ => {
            if let Some(house) = long_house.take() {
                house.leave().await?;
            }
            vector_scan::measure()
        }
    }
}

async fn built(house: &mut Option<LongHouse>) -> anyhow::Result<&LongHouse> {
    if house.is_none() {
        *house = Some(LongHouse::build().await?);
    }
    house.as_ref().context("a house was built")
}
