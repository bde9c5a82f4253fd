//! The Store moves while somebody lives in the box: into a PostgreSQL of the box's own, and back, with all that was said;
//! and whatever goes wrong on the way leaves it where it was.

use super::scene::{ENGINE, POSTGRES, SOON, Scene};
use anyhow::{Context, ensure};
use serde_json::Value;
use tests::daemon::script::{Answer, Program};
use tests::talk::Talk;
use tests::wait;

/// Everything in the box itself, beside an engine that runs, with two things said.
async fn settled() -> anyhow::Result<(Scene, Talk)> {
    let mut scene = Scene::undecided()?;
    scene.begin().await?;
    let talk = Talk::open(scene.house.client()).await?;
    talk.exchange("one").await?;
    talk.exchange("two").await?;
    scene.sees_engine().await?;
    Ok((scene, talk))
}

async fn said(talk: &Talk) -> anyhow::Result<Vec<String>> {
    Ok(talk.exchanged().await?.into_iter().step_by(2).map(|message| message.text).collect())
}

impl Scene {
    /// The box has found its container engine.
    async fn sees_engine(&self) -> anyhow::Result<()> {
        let mut last = Value::Null;
        let found = wait::until("the container engine to be found", SOON, async || {
            let doctor = self.house.home.run(&["doctor", "--json"], SOON).await?;
            let told: Value = serde_json::from_str(&doctor.stdout)?;
            last = told["runtime"].clone();
            Ok((last["state"] == "running").then_some(()))
        })
        .await;
        found.with_context(|| format!("it is {last}"))
    }

    async fn moves(&self, to: &str) -> anyhow::Result<Value> {
        let moved = self.house.home.run(&["migrate-store", "--to", to, "--json"], SOON).await;
        let moved = moved.with_context(|| self.story_so_far())?;
        ensure!(moved.status.success(), "{}", moved.stderr);
        Ok(serde_json::from_str(&moved.stdout)?)
    }

    async fn database(&self) -> anyhow::Result<String> {
        let shown = self.house.home.run(&["config", "show", "--json"], SOON).await?;
        let shown: Value = serde_json::from_str(&shown.stdout)?;
        Ok(shown["derived"]["database"].as_str().context("a kind")?.to_owned())
    }

    fn kept(&self, beginning: &str) -> anyhow::Result<usize> {
        let folder = std::fs::read_dir(self.house.home.data_dir().join("backups"))?;
        let names = folder.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names = names.collect::<anyhow::Result<Vec<String>>>()?;
        Ok(names.iter().filter(|name| name.starts_with(beginning)).count())
    }

    /// How the newest move ended, once it has.
    async fn ended(&self) -> anyhow::Result<String> {
        wait::until("the move to end", SOON, async || {
            let question = "SELECT coalesce(outcome || ': ' || coalesce(detail, ''), '') FROM jobs \
                            WHERE kind = 'move' ORDER BY begun_at DESC LIMIT 1";
            let told = self.records(question)?;
            Ok((!told.is_empty()).then_some(told))
        })
        .await
    }

    /// The box's own file is the Store, nothing is left of a database, and people are answered.
    async fn stayed(&self, talk: &Talk, all: &[&str]) -> anyhow::Result<()> {
        ensure!(self.database().await? == "sqlite", "the store has moved");
        wait::until("the database's container to go", SOON, async || {
            Ok(self.engine.of(POSTGRES).is_empty().then_some(()))
        })
        .await?;
        ensure!(said(talk).await? == all, "what was said is {:?}", said(talk).await?);
        ensure!(self.kept("moved-away")? == 0, "the file was put away");
        let open = self.records("SELECT count(*) FROM jobs WHERE ended_at IS NULL")?;
        ensure!(open == "0", "{open} jobs are stuck");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_into_a_container_and_back_with_all_that_was_said() -> anyhow::Result<()> {
    let (mut scene, talk) = settled().await?;
    let moved = scene.moves("postgres").await?;
    ensure!(moved["rows"].as_u64() > Some(10), "{moved}");
    scene.house.until_ready().await?;
    ensure!(scene.database().await? == "postgres" && scene.engine.only(POSTGRES)?.runs);
    ensure!(said(&talk).await? == ["one", "two"], "{:?}", said(&talk).await?);
    talk.exchange("three").await?;
    ensure!(scene.kept("moved-away")? == 1 && !scene.house.home.data_dir().join("data/engine.db").exists());
    let left = scene.house.home.data_dir().join("data/engine.db-wal");
    ensure!(!left.exists(), "a part of what was moved from stays behind");
    wait::until("the companion to run beside its database", SOON, async || {
        Ok(scene.engine.only(ENGINE).is_ok().then_some(()))
    })
    .await?;

    // It is where everything is from now on, whoever dies.
    scene.house.kill()?;
    scene.house.up().await?;
    ensure!(said(&talk).await? == ["one", "two", "three"]);
    let refused = scene.house.home.run(&["migrate-store", "--to", "postgres"], SOON).await?;
    ensure!(refused.stderr.contains("everything is there already"), "{}", refused.stderr);

    // The companion's container is another engine on the same database: it ends before anything is carried.
    scene.engine.forget_calls();
    scene.moves("sqlite").await?;
    let done = scene.engine.done();
    ensure!(done.iter().any(|call| call == "DELETE /containers"), "the companion stayed: {done:?}");
    scene.house.until_ready().await?;
    talk.exchange("four").await?;
    ensure!(scene.database().await? == "sqlite");
    wait::until("its containers to go", SOON, async || {
        Ok(scene.engine.containers().is_empty().then_some(()))
    })
    .await?;

    // What the first move left in the volume is in the way of another one, and is kept.
    scene.moves("postgres").await?;
    scene.house.until_ready().await?;
    ensure!(said(&talk).await? == ["one", "two", "three", "four"], "{:?}", said(&talk).await?);
    ensure!(scene.kept("set-aside")? == 1 && scene.kept("moved-away")? == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_come_up_leaves_everything_where_it_was() -> anyhow::Result<()> {
    let (scene, talk) = settled().await?;
    scene.engine.answer("POST", "/images/create", Answer::Refusal(404, "manifest unknown"));
    let failed = scene.house.home.run(&["migrate-store", "--to", "postgres"], SOON).await;
    let failed = failed.with_context(|| scene.story_so_far())?;
    ensure!(!failed.status.success() && failed.stderr.contains("everything is where it was"), "{failed:?}");
    ensure!(scene.ended().await?.contains("PostgreSQL does not come up"), "{}", scene.ended().await?);
    scene.stayed(&talk, &["one", "two"]).await?;

    // The owner is asked about it, and the next try may do better.
    let doctor = scene.house.home.run(&["doctor", "--json"], SOON).await?;
    ensure!(doctor.stdout.contains("PostgreSQL does not come up"), "{}", doctor.stdout);
    scene.engine.be_honest();
    scene.moves("postgres").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_cut_off_has_not_happened() -> anyhow::Result<()> {
    let (mut scene, talk) = settled().await?;
    // It starts and never answers: people talk on meanwhile.
    scene.engine.run_in_containers(Program::Ends { code: 0, says: "not today" });
    let mut moving = scene.house.home.start(&["migrate-store", "--to", "postgres"])?;
    wait::until("the database to be tried", SOON, async || {
        Ok((!scene.engine.of(POSTGRES).is_empty()).then_some(()))
    })
    .await?;
    talk.exchange("three").await?;
    scene.house.kill()?;
    scene.house.up().await?;
    ensure!(scene.ended().await?.starts_with("interrupted"), "{}", scene.ended().await?);
    let told = moving.wait_for_exit(SOON).await?;
    ensure!(!told.success(), "a command said that it was done");
    scene.stayed(&talk, &["one", "two", "three"]).await?;
    scene.engine.be_honest();
    scene.moves("postgres").await?;
    scene.house.until_ready().await?;
    ensure!(said(&talk).await?.len() == 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_at_the_command_stops_the_move() -> anyhow::Result<()> {
    let (scene, talk) = settled().await?;
    scene.engine.run_in_containers(Program::Ends { code: 0, says: "not today" });
    let mut moving = scene.house.home.start(&["migrate-store", "--to", "postgres"])?;
    wait::until("the database to be tried", SOON, async || {
        Ok((!scene.engine.of(POSTGRES).is_empty()).then_some(()))
    })
    .await?;
    moving.interrupt()?;
    let told = moving.wait_for_exit(SOON).await?;
    ensure!(told.code() == Some(1), "{told}");
    ensure!(
        moving.stderr()?.contains("the move was stopped; everything is where it was"),
        "{}",
        moving.stderr()?
    );
    ensure!(scene.ended().await?.starts_with("cancelled"), "{}", scene.ended().await?);
    scene.stayed(&talk, &["one", "two"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_open_the_store_hears_a_wish_all_the_same() -> anyhow::Result<()> {
    let (mut scene, talk) = settled().await?;
    scene.moves("postgres").await?;
    scene.house.until_ready().await?;
    // Its engine goes while the box is away: the box starts, and waits for its database.
    scene.house.kill()?;
    scene.engine.stop_with_containers().await?;
    scene.house.start().await?;
    let mut moving = scene.house.home.start(&["migrate-store", "--to", "sqlite"])?;
    let open = "SELECT count(*) FROM jobs WHERE kind = 'move' AND ended_at IS NULL";
    wait::until("the move to begin", SOON, async || Ok((scene.records(open)? == "1").then_some(()))).await?;
    let second = scene.house.home.run(&["migrate-store", "--to", "sqlite"], SOON).await?;
    ensure!(second.stderr.contains("being moved already"), "{}", second.stderr);
    scene.engine.start()?;
    ensure!(moving.wait_for_exit(SOON).await?.success(), "{}", scene.story_so_far());
    scene.house.until_ready().await?;
    ensure!(scene.database().await? == "sqlite" && said(&talk).await? == ["one", "two"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_whose_last_word_was_cut_off_has_happened() -> anyhow::Result<()> {
    let (mut scene, talk) = settled().await?;
    scene.moves("postgres").await?;
    scene.house.until_ready().await?;
    scene.house.kill()?;
    // As a kill between the deed and its last word leaves them; and one that was never done.
    scene.records("UPDATE jobs SET ended_at = NULL, outcome = NULL WHERE kind = 'move'")?;
    scene.records(
        "INSERT INTO jobs (id, kind, subject, stage, done, begun_at, moved_at) \
         VALUES ('other', 'move', 'native', 'copying', 0, 1, 1)",
    )?;
    scene.house.up().await?;
    ensure!(scene.ended().await? == "done:", "{}", scene.ended().await?);
    let other = scene.records("SELECT outcome FROM jobs WHERE id = 'other'")?;
    ensure!(other == "interrupted", "{other}");
    ensure!(said(&talk).await? == ["one", "two"]);
    Ok(())
}
