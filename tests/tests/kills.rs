//! SIGKILL at random moments under eight conversations: what was acknowledged is there, once and in
//! order, after every restart, and nobody repairs anything by hand.
//!
//! Each conversation is held by a client that behaves as any should: it sends again, under the same
//! id, until it is answered, and reads each reply to its end. What was acknowledged is written down
//! out here, the moment the answer came.

use anyhow::{Context, ensure};
use engine_client::client::EngineClient;
use engine_client::wire::conversations::{AuthorView, MessageStateView};
use engine_client::wire::turns::{AttemptView, TurnStateView, TurnView};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tests::chance::Chance;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::soak::or_sample;
use tests::stores::Store;
use tests::talk::Talk;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

tests::on_both_stores!(every_acknowledged_word_survives_kills_at_random_moments);

const CONVERSATIONS: usize = 8;
const WORDS: usize = 20;
/// Slow enough that most kills hit replies in the middle, and that 200 of them leave a history that can
/// be read through after each.
const PACE: Duration = Duration::from_millis(30);
/// A client gives up on a box that does not come back.
const PATIENCE: Duration = Duration::from_secs(90);

/// What one client was told is safe, in the order it was told.
type Log = Arc<Mutex<Vec<(Uuid, String)>>>;

struct Witness {
    talk: Talk,
    acknowledged: Log,
}

async fn every_acknowledged_word_survives_kills_at_random_moments(store: Store) -> anyhow::Result<()> {
    let kills = or_sample(200, 20);
    let mut chance = Chance::of_this_run("kills")?;
    let (mut house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.by_default(Script::tokens(WORDS).every(PACE));
    let (enough, stop) = watch::channel(false);
    let (mut witnesses, mut clients) = (Vec::new(), JoinSet::new());
    for number in 0..CONVERSATIONS {
        let talk = Talk::open(house.client()).await?;
        let acknowledged = Log::default();
        witnesses.push(Witness { talk: talk.clone(), acknowledged: acknowledged.clone() });
        clients.spawn(converse(number, talk, house.client(), acknowledged, stop.clone()));
    }
    let begun = Instant::now();
    for kill in 1..=kills {
        let wait = chance.span(Duration::ZERO, Duration::from_millis(3000));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            ended = clients.join_next() => {
                ended.context("a client is at work")???;
                anyhow::bail!("a client left before the end");
            }
        }
        house.kill()?;
        house.up().await?;
        for witness in &witnesses {
            witness.check().await.with_context(|| format!("after kill {kill}, {wait:?} after the start"))?;
        }
    }
    enough.send_replace(true);
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let asked = asked_attempts(&model)?;
    let mut turns = 0;
    for witness in &witnesses {
        witness.check().await?;
        turns += witness.check_ended(&asked).await?;
    }
    let (took, asked) = (begun.elapsed(), asked.values().map(BTreeSet::len).sum::<usize>());
    eprintln!("{store:?}: {kills} kills, {turns} turns, {asked} attempts in {took:.1?}");
    ensure!(turns >= kills, "{turns} turns are too few to have shown anything");
    Ok(())
}

/// Talks until it has been enough; the last turn is read to its end.
async fn converse(
    number: usize,
    talk: Talk,
    client: EngineClient,
    acknowledged: Log,
    enough: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let talk = talk.through(client.with_patience(Duration::from_secs(10)));
    let mut said = 0;
    while !*enough.borrow() {
        said += 1;
        let (id, text) = (Uuid::now_v7(), format!("conversation {number}, message {said}"));
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = talk.send(id, &text).await {
            // Whatever the box says while it dies and comes back, only an acceptance counts.
            ensure!(Instant::now() < deadline, "{text} was not taken within {PATIENCE:?}: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push((id, text));
        talk.reader(id).to_end().await?;
    }
    Ok(())
}

impl Witness {
    fn acknowledged(&self) -> Vec<(Uuid, String)> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was acknowledged before the look is there once and in order; of what came after it, at
    /// most a word is under way.
    async fn check(&self) -> anyhow::Result<()> {
        let acknowledged = self.acknowledged();
        let messages = self.talk.messages().await?;
        let said: Vec<_> = messages
            .iter()
            .filter(|message| message.author == AuthorView::Person)
            .map(|message| (message.turn.unwrap_or_default(), message.text.clone()))
            .collect();
        ensure!(said.starts_with(&acknowledged), "acknowledged {acknowledged:?}, and there is {said:?}");
        let (ids, texts): (BTreeSet<_>, BTreeSet<_>) = said.iter().cloned().unzip();
        ensure!(ids.len() == said.len() && texts.len() == said.len(), "something is there twice: {said:?}");
        let replies: Vec<_> = messages
            .iter()
            .filter(|message| message.author == AuthorView::Companion && message.turn.is_some())
            .collect();
        let answered: BTreeSet<_> = replies.iter().map(|message| message.turn).collect();
        ensure!(answered.len() == replies.len(), "a turn has two replies: {replies:?}");
        for reply in replies {
            let whole = reply.text == Script::tokens_text(WORDS);
            ensure!(whole || reply.state == MessageStateView::Cut, "half a reply looks whole: {reply:?}");
        }
        Ok(())
    }

    /// Every turn has ended, with one reply or a recorded failure, and its ledger is what the model
    /// server saw. Returns how many there are.
    async fn check_ended(&self, asked: &BTreeMap<Uuid, BTreeSet<i64>>) -> anyhow::Result<usize> {
        let messages = self.talk.messages().await?;
        let acknowledged = self.acknowledged();
        for (id, text) in &acknowledged {
            let turn = self.talk.turn(*id).await?;
            let replies = messages.iter().filter(|message| message.id == turn.reply).count();
            match turn.state {
                TurnStateView::Done => ensure!(replies == 1, "{replies} replies to {text:?}: {turn:?}"),
                TurnStateView::Failed => ensure!(turn.failure.is_some(), "no cause is recorded: {turn:?}"),
                TurnStateView::Running | TurnStateView::Stopped => anyhow::bail!("nobody ended {turn:?}"),
            }
            check_ledger(&turn, asked.get(id))?;
        }
        Ok(acknowledged.len())
    }
}

fn check_ledger(turn: &TurnView, asked: Option<&BTreeSet<i64>>) -> anyhow::Result<()> {
    let entries: Vec<_> = turn.attempts.iter().map(|entry| entry.attempt).collect();
    ensure!(entries == (1..=entries.len() as i64).collect::<Vec<_>>(), "one entry per attempt: {turn:?}");
    ensure!(turn.attempts.iter().all(|entry| entry.outcome != "open"), "an entry was left open: {turn:?}");
    let done = |entry: &&AttemptView| entry.outcome == "done";
    let expected = usize::from(turn.state == TurnStateView::Done);
    ensure!(turn.attempts.iter().filter(done).count() == expected, "{turn:?}");
    // An attempt may die before it reaches the model server, but none reaches it unrecorded.
    for attempt in asked.into_iter().flatten() {
        ensure!(entries.contains(attempt), "attempt {attempt} was made and is not in the ledger: {turn:?}");
    }
    Ok(())
}

/// From the ids that came with the requests: which attempts of which turns the server has seen.
fn asked_attempts(model: &ModelServer) -> anyhow::Result<BTreeMap<Uuid, BTreeSet<i64>>> {
    let mut attempts: BTreeMap<Uuid, BTreeSet<i64>> = BTreeMap::new();
    for asked in model.asked() {
        let id = asked.headers.get("x-request-id").context("a request has no id")?.to_str()?.to_owned();
        let (turn, attempt) = id.rsplit_once('-').context("the id names no attempt")?;
        // Background work has ids of its own kind.
        let Ok(turn) = turn.parse() else { continue };
        ensure!(attempts.entry(turn).or_default().insert(attempt.parse()?), "attempt {id} was made twice");
    }
    Ok(attempts)
}
