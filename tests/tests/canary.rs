//! Secrets and people's words stay out of every log, however badly things go.

use engine_client::wire::people::{KeyCreated, NewKey};
use engine_client::wire::turns::TurnStateView;
use std::path::{Path, PathBuf};
use tests::house::{House, PASSWORD, connection};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

tests::on_both_stores!(no_log_line_holds_a_secret_or_a_word_that_was_said);

const MODEL_KEY: &str = "sk-canary-1f0c6d0e9a";
const SAID: &str = "canary-said-7be21";
const REPLIED: &str = "canary-replied-90d4c";

async fn no_log_line_holds_a_secret_or_a_word_that_was_said(store: Store) -> anyhow::Result<()> {
    let model = ModelServer::start().await?;
    let mut house = House::new(store)?;
    // As much as it can be made to say.
    house.home.set("WHISPERENGINE_LOG_LEVEL", "trace");
    house.up().await?;
    let done = house.set_up().await?;
    let mut keyed = connection(&model.base_url(), "scripted");
    keyed.key = Some(MODEL_KEY.into());
    house.connect_as(keyed).await?;
    let key: KeyCreated = house.client().post("/api/v1/keys", &NewKey { name: "canary".into() }).await?;

    let talk = Talk::open(house.client()).await?;
    model.next(Script::words([REPLIED]));
    assert_eq!(talk.exchange(SAID).await?.state, TurnStateView::Done);
    for script in [Script::status(401), Script::invalid_utf8(), Script::words([REPLIED, " "]).broken_after(1)]
    {
        model.next(script);
        assert_eq!(talk.exchange(SAID).await?.state, TurnStateView::Failed);
    }
    model.next(Script::words([REPLIED, " more"]).hold_after(1));
    let turn = talk.say(SAID).await?;
    talk.reader(turn.id).read_until(REPLIED).await?;
    house.kill()?;
    house.up().await?;
    talk.reader(turn.id).to_end().await?;
    // A malformed call with words in it, and a turn that is refused.
    assert!(talk.send(uuid::Uuid::new_v4(), SAID).await.is_err());
    house.stop().await?;
    assert!(model.asked().iter().any(|asked| {
        asked
            .headers
            .get("authorization")
            .is_some_and(|value| value.as_bytes().ends_with(MODEL_KEY.as_bytes()))
    }));

    let mut told = vec![("its output".to_owned(), house.home.said()?)];
    for file in files_below(&house.home.data_dir().join("logs"))? {
        told.push((file.display().to_string(), String::from_utf8_lossy(&std::fs::read(&file)?).into_owned()));
    }
    assert!(told.iter().any(|(_, text)| text.contains(&turn.id.to_string())), "the logs tell of the turns");
    for secret in [MODEL_KEY, SAID, REPLIED, PASSWORD, &key.key, &done.recovery_code] {
        for (place, text) in &told {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{place} holds {secret}");
        }
    }
    Ok(())
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}
