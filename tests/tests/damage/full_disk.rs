//! The disk fills up while people talk: what cannot be kept is refused by its name, what was accepted
//! is answered as soon as there is room, and nobody restarts anything.

use anyhow::{Context, bail, ensure};
use engine_client::client::ClientError;
use engine_client::problem::ErrorCode;
use engine_client::wire::turns::TurnStateView;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::mount::Mount;
use tests::skip;
use tests::stores::Store;
use tests::talk::Talk;
use uuid::Uuid;

/// What is left of a log that was put back to its beginning holds a few of these.
const LETTER: usize = 96 * 1024;
const LETTERS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_by_name_and_goes_on_when_there_is_room() -> anyhow::Result<()> {
    let (mut house, model) = (House::new(Store::Sqlite)?, ModelServer::start().await?);
    let disk = house.home.data_dir();
    let mount = match Mount::of_memory(&disk, 32)? {
        Ok(mount) => mount,
        Err(reason) => return Ok(skip::report("damage::full_disk", &reason)?),
    };
    house.up().await?;
    house.set_up().await?;
    house.connect(&model.base_url(), "scripted").await?;
    let talk = Talk::open(house.client()).await?;
    talk.exchange("while there is room").await?;
    let mut talks = Vec::new();
    for _ in 0..LETTERS {
        talks.push(Talk::open(house.client()).await?);
    }

    let ballast = mount.fill()?;
    let mut accepted = Vec::new();
    let mut refused = None;
    for (number, talk) in talks.iter().enumerate() {
        let (id, text) = (Uuid::now_v7(), format!("{number} {}", "x".repeat(LETTER)));
        match talk.send(id, &text).await {
            Ok(_) => accepted.push((talk, id, text)),
            Err(ClientError::Refused(problem)) => {
                ensure!(problem.code == ErrorCode::DiskFull && problem.status == 507, "{problem:?}");
                refused = Some((talk, id, text));
                break;
            }
            Err(error) => bail!("letter {number}: {error}"),
        }
    }
    let (unkept, id, text) = refused.context("a full disk took everything")?;
    eprintln!("{} letters were accepted before the disk was full", accepted.len());
    // Reading goes on, and nothing of the refused letter is there.
    ensure!(unkept.exchanged().await?.is_empty(), "a refused letter is shown");
    ensure!(talk.exchanged().await?.len() == 2, "what was said before is away");

    std::fs::remove_file(&ballast)?;
    unkept.send(id, &text).await.context("there is room again")?;
    accepted.push((unkept, id, text));
    for (talk, id, text) in &accepted {
        let turn = talk.reader(*id).to_end().await?;
        ensure!(turn.state == TurnStateView::Done && turn.text == Script::tokens_text(8), "{turn:?}");
        let messages = talk.exchanged().await?;
        ensure!(messages.len() == 2 && messages[0].text == *text, "{} messages", messages.len());
    }
    house.stop().await
}
