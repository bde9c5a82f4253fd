//! Many read one reply, from the beginning, from the middle and late: all read the same.

use futures::future::try_join_all;
use std::time::Duration;
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

tests::on_both_stores!(
    fifty_readers_of_one_reply_read_the_same,
    a_reader_that_reads_nothing_for_long_holds_nobody_up,
);

const WORDS: usize = 300;

async fn fifty_readers_of_one_reply_read_the_same(store: Store) -> anyhow::Result<()> {
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::tokens(WORDS).every(Duration::from_millis(4)));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("for everybody").await?;
    // Each comes at another moment: after the word with its number, as the first reader sees it.
    let mut first = talk.reader(turn.id);
    let mut readers = Vec::new();
    for n in 1..50 {
        first.read_until(&format!("t{}", n * 4)).await?;
        let mut reader = talk.reader(turn.id);
        reader.open().await?;
        readers.push(reader);
    }
    readers.push(first);
    let whole = Script::tokens_text(WORDS);
    let ended = try_join_all(readers.iter_mut().map(tests::reader::Reader::read_to_end)).await?;
    assert!(ended.iter().all(|turn| turn.text == whole));
    for reader in &readers {
        assert_eq!((reader.text.as_str(), reader.resets, reader.breaks), (&*whole, 0, 0));
    }
    assert_eq!(model.counts().asked, 1);
    Ok(())
}

async fn a_reader_that_reads_nothing_for_long_holds_nobody_up(store: Store) -> anyhow::Result<()> {
    // More than the sockets between hold, so that the engine really meets a full one.
    let words = (0..600).map(|n| format!("{n} {}", "\u{e9}\u{4e16}".repeat(300)));
    let (house, model) = (House::inhabited(store).await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    model.next(Script::words(words.clone()));
    let talk = Talk::open(house.client()).await?;
    let turn = talk.say("at length").await?;
    let mut slow = talk.reader(turn.id);
    slow.open().await?;
    let turn = talk.reader(turn.id).to_end().await?;
    assert_eq!(turn.text, words.collect::<String>());
    assert_eq!(talk.exchange("and you?").await?.attempts.len(), 1);
    assert_eq!(slow.read_to_end().await?, turn);
    assert_eq!((slow.resets, slow.breaks), (0, 0));
    Ok(())
}
