//! A box in use: what it adds to a model's first token, what it holds at most, what it takes of the
//! processor.
//!
//! The model is scripted and answers at once, so all that is measured is ours. Both ways ask the same
//! server in turns within one run: what the machine is busy with burdens both. The direct way sends the
//! very prompt that the box had made, over a connection that is kept.

use super::exchange::{Direct, open_conversation, say, through_the_box};
use super::model_thread::ModelThread;
use super::prose::Prose;
use super::report::Figure;
use super::resources::{MEGABYTE, peak_memory, processor_time};
use super::samples::Samples;
use super::side_by_side::{Ask, side_by_side};
use super::subject::Subject;
use crate::model_server::script::Script;
use crate::process::Home;
use bytes::Bytes;
use engine_client::client::EngineClient;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

const STREAMS: usize = 50;
/// One person's and one companion's messages before the first measurement; half are replies.
const STORED_MESSAGES: usize = 1000;
const STORED_CONVERSATIONS: usize = 10;
const WORDS: usize = 12;

/// Asked one after the other; a new conversation every so often keeps the prompt the size it had when
/// the direct way took it over.
const ALONE_QUESTIONS: usize = 200;
const ALONE_TURNS_EACH: usize = 10;

/// A reply of half a second, at the pace of a quick model.
const TOKENS: usize = 25;
const BETWEEN_TOKENS: Duration = Duration::from_millis(20);
const PERIOD: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(6);

const RESTING: Duration = Duration::from_secs(10);
const LIGHT_QUESTIONS: u32 = 10;
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(2);

pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let model = ModelThread::start()?;
    let (subject, _) = Subject::start(Home::new()?).await?;
    subject.set_up().await?;
    subject.connect(model.server.base_url()).await?;
    fill(&subject.client).await?;
    let question = typical_question(&subject.client, &model).await?;

    let mut figures = alone(&subject.client, &model, &question).await?;
    figures.extend(together(&subject.client, &model, &question).await?);
    figures.push(processor(&subject).await?);
    let peak = peak_memory(subject.pid())? as f64 / MEGABYTE;
    let seen = format!("after {STREAMS} streams at once and {STORED_MESSAGES} stored messages");
    figures.push(Figure::new("memory_usage_peak", peak, "MB", 2000.0, seen));
    subject.stop().await?;
    Ok(figures)
}

/// One stream at a time.
async fn alone(client: &EngineClient, model: &ModelThread, question: &Bytes) -> anyhow::Result<Vec<Figure>> {
    model.server.by_default(Script::tokens(8));
    let mut direct = Direct::connect(model.server.address()).await?;
    let mut prose = Prose::new(2);
    let (mut through, mut past) = (Samples::default(), Samples::default());
    let mut conversation = Uuid::nil();
    for number in 0..ALONE_QUESTIONS {
        if number % ALONE_TURNS_EACH == 0 {
            conversation = open_conversation(client).await?;
        }
        past.add(direct.ask(question.clone()).await?);
        through.add(through_the_box(client, conversation, prose.sentence(WORDS)).await?);
    }
    Ok(added(["first_token_added_p50", "first_token_added_p99"], &through, &past))
}

/// Fifty streams, each beginning anew when it ends, in rounds of either way. What a round has said is
/// removed, so that the next one finds as many messages stored.
async fn together(
    client: &EngineClient,
    model: &ModelThread,
    question: &Bytes,
) -> anyhow::Result<Vec<Figure>> {
    model.server.by_default(Script::tokens(TOKENS).then_every(BETWEEN_TOKENS));
    let (mut through, mut past) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        let (mut ours, mut theirs, mut conversations) = (Vec::new(), Vec::new(), Vec::new());
        for stream in 0..STREAMS {
            let direct = Direct::connect(model.server.address()).await?;
            theirs.push(PastTheBox { direct, question: question.clone() });
            let conversation = open_conversation(client).await?;
            conversations.push(conversation);
            ours.push(ThroughTheBox {
                client: client.clone(),
                conversation,
                prose: Prose::new((100 + round * STREAMS + stream) as u64),
            });
        }
        past.join(side_by_side(theirs, ROUND, PERIOD).await?);
        through.join(side_by_side(ours, ROUND, PERIOD).await?);
        for conversation in conversations {
            client.delete(&format!("/api/v1/conversations/{conversation}?forever=true")).await?;
        }
    }
    Ok(added(["first_token_added_50_streams_p50", "first_token_added_50_streams_p99"], &through, &past))
}

fn added(names: [&'static str; 2], through: &Samples, past: &Samples) -> Vec<Figure> {
    let shares = [(0.5, 3.0), (0.99, 15.0)];
    let figures = names.into_iter().zip(shares).map(|(name, (share, at_most))| {
        let (ours, direct) = (through.quantile_ms(share), past.quantile_ms(share));
        let seen = format!(
            "{ours:.2} ms of {} through the box less {direct:.2} ms of {} directly",
            through.len(),
            past.len()
        );
        Figure::new(name, ours - direct, "ms", at_most, seen)
    });
    figures.collect()
}

/// The share of one core over a rest and a light chat.
async fn processor(subject: &Subject) -> anyhow::Result<Figure> {
    let conversation = open_conversation(&subject.client).await?;
    let mut prose = Prose::new(3);
    let (begun, before) = (Instant::now(), processor_time(subject.pid())?);
    tokio::time::sleep(RESTING).await;
    let mut pace = tokio::time::interval(BETWEEN_QUESTIONS);
    for _ in 0..LIGHT_QUESTIONS {
        pace.tick().await;
        through_the_box(&subject.client, conversation, prose.sentence(WORDS)).await?;
    }
    let took = begun.elapsed();
    let used = processor_time(subject.pid())?.saturating_sub(before);
    let percent = 100.0 * used.as_secs_f64() / took.as_secs_f64();
    let seen = format!(
        "of one core, {:.0} s at rest and {LIGHT_QUESTIONS} streamed replies in {:.0} s",
        RESTING.as_secs_f64(),
        took.saturating_sub(RESTING).as_secs_f64()
    );
    Ok(Figure::new("cpu_usage_average", percent, "%", 15.0, seen))
}

async fn fill(client: &EngineClient) -> anyhow::Result<()> {
    let mut filling = JoinSet::new();
    for number in 0..STORED_CONVERSATIONS {
        let client = client.clone();
        filling.spawn(async move {
            let conversation = open_conversation(&client).await?;
            let mut prose = Prose::new(1000 + number as u64);
            for _ in 0..STORED_MESSAGES / STORED_CONVERSATIONS / 2 {
                say(&client, conversation, prose.sentence(WORDS)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(filled) = filling.join_next().await {
        filled??;
    }
    Ok(())
}

/// What the box asks the model in the middle of such a conversation as `alone` holds.
async fn typical_question(client: &EngineClient, model: &ModelThread) -> anyhow::Result<Bytes> {
    let conversation = open_conversation(client).await?;
    let mut prose = Prose::new(4);
    for _ in 0..=ALONE_TURNS_EACH / 2 {
        say(client, conversation, prose.sentence(WORDS)).await?;
    }
    model.last_question()
}

struct ThroughTheBox {
    client: EngineClient,
    conversation: Uuid,
    prose: Prose,
}

impl Ask for ThroughTheBox {
    async fn ask(&mut self) -> anyhow::Result<Duration> {
        through_the_box(&self.client, self.conversation, self.prose.sentence(WORDS)).await
    }
}

struct PastTheBox {
    direct: Direct,
    question: Bytes,
}

impl Ask for PastTheBox {
    async fn ask(&mut self) -> anyhow::Result<Duration> {
        self.direct.ask(self.question.clone()).await
    }
}
