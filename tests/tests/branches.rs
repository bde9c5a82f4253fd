//! One conversation with many wordings, by its page: tried again, worded anew, carried on.

use crate::pages::{moved_in, until_it_says, up};
use anyhow::{Context, ensure};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::{Home, Process};
use tests::visitor::Visitor;

struct Room {
    _home: Home,
    _process: Process,
    model: ModelServer,
    ada: Visitor,
    chat: String,
}

async fn room() -> anyhow::Result<Room> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    let (mut process, address) = up(&home).await?;
    let ada = moved_in(&mut process, address, &model).await?;
    let chat = ada.page.path.clone();
    Ok(Room { _home: home, _process: process, model, ada, chat })
}

impl Room {
    async fn say(&mut self, words: &str, reply: &[&str]) -> anyhow::Result<()> {
        self.model.next(Script::words(reply.iter().copied()));
        self.ada.submit(&format!("{}/messages", self.chat), &[("text", words)]).await?;
        until_it_says(&mut self.ada, &self.chat, &reply.concat()).await
    }

    /// Where the page's buttons or links lead whose address has this in it.
    fn ways(&self, attribute: &str, with: &str) -> Vec<String> {
        let named = format!("{attribute}=\"");
        let all = self.ada.page.html.split(&named).skip(1).filter_map(|rest| rest.split('"').next());
        all.filter(|address| address.contains(with)).map(str::to_owned).collect()
    }

    fn first(&self, attribute: &str, with: &str) -> anyhow::Result<String> {
        self.ways(attribute, with).into_iter().next().with_context(|| format!("nothing leads to {with}"))
    }

    fn last(&self, attribute: &str, with: &str) -> anyhow::Result<String> {
        self.ways(attribute, with).pop().with_context(|| format!("nothing leads to {with}"))
    }
}

#[tokio::test]
async fn every_reply_stays_and_can_be_looked_at_again() -> anyhow::Result<()> {
    let mut room = room().await?;
    room.say("Name a bird.", &["A ", "wren."]).await?;
    room.model.next(Script::words(["A ", "robin."]));
    let again = room.last("formaction", "/again")?;
    room.ada.submit(&again, &[]).await?;
    until_it_says(&mut room.ada, &room.chat, "A robin.").await?;
    room.ada.page.says("2/2")?;
    ensure!(!room.ada.page.html.contains("A wren."), "both wordings are in view at once");

    let (before, after) = (room.first("formaction", "/look")?, room.last("formaction", "/look")?);
    ensure!(room.ada.submit(&after, &[]).await.is_err(), "there is no wording after the last");
    room.ada.submit(&before, &[]).await?.says("A wren.")?;
    room.ada.page.says("1/2")?;

    // What is said now follows on the wording in view, and the other keeps its own end.
    room.say("Where does it nest?", &["In ", "ivy."]).await?;
    let asked = room.model.asked();
    let last = asked.last().context("the model was asked")?.body.to_string();
    ensure!(
        last.contains("A wren.") && !last.contains("A robin."),
        "the model was told of another branch: {last}"
    );

    // What is found is shown where it was said, though another branch is in view.
    room.ada.open("/search?q=robin").await?;
    let found = room.first("href", "?until=")?;
    let (found, _) = found.split_once('#').context("the message's own place")?;
    room.ada.open(found).await?.says("A robin.")?;
    room.ada.page.says("To the newest words")?;
    ensure!(!room.ada.page.html.contains("ivy"), "what followed another wording is in view");
    Ok(())
}

#[tokio::test]
async fn an_attempt_that_fails_is_told_beside_the_reply_that_stays() -> anyhow::Result<()> {
    let mut room = room().await?;
    room.say("Name a bird.", &["A ", "wren."]).await?;
    room.model.next(Script::status(400));
    let again = room.last("formaction", "/again")?;
    room.ada.submit(&again, &[]).await?;
    let path = room.ada.page.path.clone();
    until_it_says(&mut room.ada, &path, "refused the request").await?;
    room.ada.page.says("A wren.")?;
    ensure!(!room.ada.page.html.contains("class=\"variants\""), "a reply that was never written has a place");
    Ok(())
}

#[tokio::test]
async fn a_message_worded_anew_begins_a_branch_of_its_own() -> anyhow::Result<()> {
    let mut room = room().await?;
    room.say("I live in Oslo.", &["Cold ", "there?"]).await?;
    room.say("Yes.", &["I ", "see."]).await?;
    let first = room.first("href", "?edit=")?;
    room.ada.open(first.trim_end_matches("#text")).await?.says("I live in Oslo.</textarea>")?;
    room.model.next(Script::words(["Warm ", "there?"]));
    let say = format!("{}/messages", room.chat);
    room.ada.submit(&say, &[("text", "I live in Rome.")]).await?;
    until_it_says(&mut room.ada, &room.chat, "Warm there?").await?;
    ensure!(!room.ada.page.html.contains("<p>I live in Oslo."), "the old wording is still in view");
    room.ada.page.says("2/2")?;
    let asked = room.model.asked().last().context("the model was asked")?.body.to_string();
    ensure!(!asked.contains("Oslo"), "the model was told of another branch: {asked}");

    let back = room.first("formaction", "/look")?;
    room.ada.submit(&back, &[]).await?.says("I see.")?;
    Ok(())
}

#[tokio::test]
async fn a_reply_that_was_stopped_is_carried_on() -> anyhow::Result<()> {
    let mut room = room().await?;
    room.model.next(Script::words(["Once ", "upon ", "a "]).hold_after(3));
    let say = format!("{}/messages", room.chat);
    room.ada.submit(&say, &[("text", "Tell me a story.")]).await?;
    room.model.until_held(1).await?;
    until_it_says(&mut room.ada, &room.chat, "Once upon a").await?;
    let stop = room.last("formaction", "/stop")?;
    room.ada.submit(&stop, &[]).await?;
    until_it_says(&mut room.ada, &room.chat, "Stopped here.").await?;

    room.model.next(Script::words(["time."]));
    let on = room.last("formaction", "/go-on")?;
    room.ada.submit(&on, &[]).await?;
    until_it_says(&mut room.ada, &room.chat, "Once upon a time.").await?;
    let link = room.last("href", "/turns/")?;
    room.ada.open(&link).await?.says("How this reply came about")?;
    room.ada.page.says("scripted")?;
    Ok(())
}
