//! Without a language model: memory search alone, and it says so.

use engine_client::wire::conversations::AuthorView;
use engine_client::wire::turns::TurnStateView;
use tests::house::House;
use tests::stores::Store;
use tests::talk::Talk;

tests::on_both_stores!(
    without_a_model_a_hello_gets_a_greeting_and_the_next_step,
    without_a_model_a_question_is_answered_with_dated_quotes_from_elsewhere,
);

async fn without_a_model_a_hello_gets_a_greeting_and_the_next_step(store: Store) -> anyhow::Result<()> {
    let house = House::inhabited(store).await?;
    let talk = Talk::open(house.client()).await?;
    // The companion opens the conversation, and says it once.
    let greeting = talk.messages().await?.remove(0);
    assert_eq!(greeting.author, AuthorView::Companion);
    assert!(greeting.text.contains("Ada") && greeting.text.contains("Wren"), "{}", greeting.text);
    let turn = talk.exchange("Hello").await?;
    assert_eq!((turn.state, turn.model), (TurnStateView::Done, None));
    let (answer, next_step) = turn.text.split_once("\n\n").expect("an answer and what to do next");
    assert!(answer.contains("Ada") && !answer.contains(&greeting.text), "{answer}");
    assert!(next_step.contains("no language model is connected"), "{next_step}");
    assert!(next_step.contains("whisperengine "), "the next step is a command: {next_step}");
    Ok(())
}

async fn without_a_model_a_question_is_answered_with_dated_quotes_from_elsewhere(
    store: Store,
) -> anyhow::Result<()> {
    const SAID: &str = "My sister's boat is called Kittiwake and it leaks.";
    let house = House::inhabited(store).await?;
    let told = Talk::open(house.client()).await?;
    told.exchange(SAID).await?;
    told.exchange("We painted the shed green in the autumn.").await?;
    let said_at = told.exchanged().await?[0].created_at;
    let asking = Talk::open(house.client()).await?;
    let turn = asking.exchange("What is the name of my sister's boat?").await?;
    assert_eq!((turn.state, turn.model), (TurnStateView::Done, None));
    let quote = format!("On {} you said: \u{201c}{SAID}\u{201d}", date(said_at)?);
    assert!(turn.text.contains(&quote), "{} has not {quote}", turn.text);
    assert!(!turn.text.contains("shed"), "what has nothing to do with it is not quoted: {}", turn.text);
    let unknown = Talk::open(house.client()).await?.exchange("Anything on zeppelins?").await?;
    assert!(unknown.text.contains("no language model is connected"), "{}", unknown.text);
    assert!(!unknown.text.contains("Kittiwake"), "{}", unknown.text);
    Ok(())
}

/// As `date` writes it: the calendar is not ours to get wrong twice in the same way.
fn date(micros: i64) -> anyhow::Result<String> {
    let seconds = format!("@{}", micros.div_euclid(1_000_000));
    let told = std::process::Command::new("date").args(["-u", "-d", &seconds, "+%F"]).output()?;
    Ok(String::from_utf8(told.stdout)?.trim().to_owned())
}
