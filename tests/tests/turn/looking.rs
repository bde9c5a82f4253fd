//! Somebody looks at a conversation at any moment: it is never between writing and written.

use anyhow::ensure;
use engine_client::wire::conversations::{AuthorView, MessagePage};
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

const TURNS: usize = 30;

tests::on_both_stores!(whoever_looks_sees_the_reply_or_that_it_is_being_written);

async fn whoever_looks_sees_the_reply_or_that_it_is_being_written(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.by_default(Script::tokens(2));
    let (client, talk) = (house.client(), Talk::open(house.client()).await?);
    let path = format!("/api/v1/conversations/{}/messages", talk.conversation);
    for number in 1..=TURNS {
        let turn = talk.say("hello").await?;
        loop {
            let page: MessagePage = client.get(&path).await?;
            let replied = page
                .messages
                .iter()
                .any(|message| message.turn == Some(turn.id) && message.author == AuthorView::Companion);
            ensure!(replied != page.running.is_some(), "turn {number}: {page:?}");
            if replied {
                break;
            }
        }
    }
    Ok(())
}
