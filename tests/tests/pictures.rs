//! Pictures, from the composer to the model and back onto the page.

use crate::pages::{moved_in, until_it_says, up};
use anyhow::{Context, ensure};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::Home;

const GIF: &str = "GIF89a, or so its first bytes say";

#[tokio::test]
async fn a_picture_reaches_the_model_and_stays_with_its_message() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    let (mut process, address) = up(&home).await?;
    let mut ada = moved_in(&mut process, address, &model).await?;
    let chat = ada.page.path.clone();
    let say = format!("{chat}/messages");
    model.by_default(Script::words(["A ", "cat."]));
    let fields = [("text", "What is this?"), ("picture;cat <b>.gif", GIF), ("picture;", "")];
    ada.submit(&say, &fields).await?;
    until_it_says(&mut ada, &chat, "A cat.").await?;
    ada.page.says("alt=\"cat &#60;b&#62;.gif\"")?;

    let asked = model.asked().pop().context("the model was asked")?.body;
    let newest = asked["messages"].as_array().and_then(|all| all.last()).context("messages")?.clone();
    ensure!(newest["content"][0]["text"] == "What is this?", "{newest}");
    let url = newest["content"][1]["image_url"]["url"].as_str().context("a picture")?;
    ensure!(url.starts_with("data:image/gif;base64,R0lGODlh"), "{url}");

    // A later question still sees it, and words alone are told as before.
    ada.submit(&say, &[("text", "Whose is it?")]).await?;
    until_it_says(&mut ada, &chat, "Whose is it?").await?;
    model.until_asked(2).await?;
    let asked = model.asked().pop().context("the model was asked again")?.body;
    let told = asked["messages"].as_array().context("messages")?;
    ensure!(told.iter().any(|message| message["content"][1]["type"] == "image_url"), "{asked}");
    ensure!(told.last().is_some_and(|newest| newest["content"] == "Whose is it?"), "{asked}");
    Ok(())
}

#[tokio::test]
async fn a_model_that_takes_no_pictures_is_named_as_the_reason() -> anyhow::Result<()> {
    let (home, model) = (Home::new()?, ModelServer::start().await?);
    let (mut process, address) = up(&home).await?;
    let mut ada = moved_in(&mut process, address, &model).await?;
    let chat = ada.page.path.clone();
    model.by_default(Script::status(400));
    ada.submit(&format!("{chat}/messages"), &[("text", "Look."), ("picture;cat.gif", GIF)]).await?;
    until_it_says(&mut ada, &chat, "takes no pictures").await?;
    ada.page.says("/again")?;
    Ok(())
}
