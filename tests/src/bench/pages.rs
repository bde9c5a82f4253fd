//! What people see, and what it costs: the first page of a new process, a long conversation's page, many
//! pages that wait for the next word, and what a page weighs.

use super::exchange::{open_conversation, say};
use super::long_house::LongHouse;
use super::page_weight::Weight;
use super::prose::Prose;
use super::report::Figure;
use super::samples::Samples;
use super::subject::Subject;
use super::waiting_pages;
use crate::model_server::script::Script;
use crate::process::Home;
use crate::visitor::Visitor;
use anyhow::ensure;
use std::time::Instant;
use uuid::Uuid;

const STARTS: usize = 10;
const OPENINGS: usize = 50;
/// Half of the messages that a page shows.
const TYPICAL_TURNS: usize = 25;
const ASKED_WORDS: usize = 12;
const ANSWERED_WORDS: usize = 60;

pub async fn measure(house: &LongHouse) -> anyhow::Result<Vec<Figure>> {
    let mut figures = vec![first_page().await?];
    let mut visitor = house.subject.visitor().await?;
    figures.push(long_page(&mut visitor, house.long).await?);
    figures.extend(waiting_pages::measure(house, &visitor).await?);
    figures.extend(weight(house, &visitor).await?);
    house.model.server.by_default(Script::tokens(8));
    Ok(figures)
}

/// On a data directory that has been used, as all but the very first start are.
async fn first_page() -> anyhow::Result<Figure> {
    let (subject, _) = Subject::start(Home::new()?).await?;
    subject.set_up().await?;
    let mut home = subject.stop().await?;
    let mut samples = Samples::default();
    for _ in 0..STARTS {
        let (subject, took) = Subject::start_to_page(home).await?;
        samples.add(took);
        home = subject.stop().await?;
    }
    let seen =
        format!("median of {STARTS} starts to the page behind /, slowest {:.0} ms", samples.slowest_ms());
    Ok(Figure::new("start_to_first_page", samples.median_ms(), "ms", 300.0, seen))
}

/// From the click to the whole page, over a fresh connection.
async fn long_page(visitor: &mut Visitor, long: Uuid) -> anyhow::Result<Figure> {
    let path = format!("/chat/{long}");
    let mut samples = Samples::default();
    for _ in 0..OPENINGS {
        let begun = Instant::now();
        let page = visitor.open(&path).await?;
        samples.add(begun.elapsed());
        let shown = page.html.matches("<article ").count();
        ensure!(page.status.is_success() && shown >= 50, "{path}: {} with {shown} messages", page.status);
    }
    let seen = format!("the newest 50 of them, slowest of {OPENINGS} {:.1} ms", samples.slowest_ms());
    Ok(Figure::new("chat_page_of_10000_messages", samples.median_ms(), "ms", 50.0, seen))
}

async fn weight(house: &LongHouse, visitor: &Visitor) -> anyhow::Result<Vec<Figure>> {
    let client = &house.subject.client;
    let conversation = open_conversation(client).await?;
    let mut prose = Prose::new(5);
    for _ in 0..TYPICAL_TURNS {
        house.model.server.by_default(Script::words([prose.sentence(ANSWERED_WORDS)]));
        say(client, conversation, prose.sentence(ASKED_WORDS)).await?;
    }
    let path = format!("/chat/{conversation}");
    let plain = Weight::of(visitor, &path, "identity").await?;
    let sent = Weight::of(visitor, &path, "br, gzip").await?;
    Ok(vec![
        Figure::new("chat_page_weight", plain.kilobytes(), "kB", 100.0, format!("uncompressed: {plain}")),
        Figure::new("chat_page_weight_sent", sent.kilobytes(), "kB", 100.0, format!("as sent: {sent}")),
    ])
}
