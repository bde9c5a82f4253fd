//! A conversation of ten thousand messages: opening it, and going on in it.
//!
//! Going on is compared twice. With a conversation just long enough to fill the window that a reply is
//! made from, because from there on nothing may grow: that is the design's promise. And with a new
//! conversation, which has no window to read, to show what the window itself costs.

use super::exchange::{open_conversation, through_the_box};
use super::long_house::{LONG_TURNS, LongHouse, WORDS, conversation_of};
use super::prose::Prose;
use super::report::Figure;
use super::samples::Samples;
use anyhow::ensure;
use engine_client::client::EngineClient;
use engine_client::wire::conversations::{ConversationView, MessagePage};
use std::time::Instant;
use uuid::Uuid;

const WINDOW_TURNS: usize = 100;
const OPENINGS: usize = 50;
const SENDINGS: usize = 50;

pub async fn measure(house: &LongHouse) -> anyhow::Result<Vec<Figure>> {
    let (client, long, filling) = (&house.subject.client, house.long, house.filling);
    let window = conversation_of(client, WINDOW_TURNS, 2).await?;
    let opening = openings(client, long).await?;
    let [in_long, in_window, in_new] = sendings(client, long, window).await?;

    let messages = 2 * LONG_TURNS;
    let ratio = |other: &Samples| in_long.median_ms() / other.median_ms();
    let seen = |what: &str, other: &Samples| {
        format!("first token {:.2} ms, {what} {:.2} ms", in_long.median_ms(), other.median_ms())
    };
    Ok(vec![
        Figure::new(
            "open_10000_messages",
            opening.median_ms(),
            "ms",
            50.0,
            format!(
                "conversation and newest page, slowest of {} {:.1} ms; {messages} messages sent in {:.0} s",
                opening.len(),
                opening.slowest_ms(),
                filling.as_secs_f64()
            ),
        ),
        Figure::new(
            "send_in_10000_to_window",
            ratio(&in_window),
            "x",
            1.2,
            seen(&format!("in one of {}", 2 * WINDOW_TURNS), &in_window),
        ),
        Figure::new("send_in_10000_to_new", ratio(&in_new), "x", 1.5, seen("in a new one", &in_new)),
    ])
}

/// What a page asks for when the conversation is clicked.
async fn openings(client: &EngineClient, conversation: Uuid) -> anyhow::Result<Samples> {
    let path = format!("/api/v1/conversations/{conversation}");
    let messages = format!("{path}/messages");
    let mut samples = Samples::default();
    for _ in 0..OPENINGS {
        let begun = Instant::now();
        client.get::<ConversationView>(&path).await?;
        let page: MessagePage = client.get(&messages).await?;
        samples.add(begun.elapsed());
        ensure!(page.messages.len() >= 50 && page.next.is_some(), "the newest page is not whole");
    }
    Ok(samples)
}

/// First-token times in the long conversation, in one that fills the window, and in new ones, in turns.
async fn sendings(client: &EngineClient, long: Uuid, window: Uuid) -> anyhow::Result<[Samples; 3]> {
    let mut samples = [Samples::default(), Samples::default(), Samples::default()];
    let mut prose = Prose::new(3);
    for _ in 0..SENDINGS {
        let places = [long, window, open_conversation(client).await?];
        for (place, samples) in places.into_iter().zip(&mut samples) {
            samples.add(through_the_box(client, place, prose.sentence(WORDS)).await?);
        }
    }
    Ok(samples)
}
