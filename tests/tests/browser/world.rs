//! A house, a scripted model and a browser before it.

use anyhow::Context;
use tests::browser::driver;
use tests::browser::place::{button, field};
use tests::browser::window::Window;
use tests::house::{House, PASSWORD};
use tests::model_server::server::ModelServer;
use tests::skip;
use tests::speech::{add_recogniser, spoken};
use tests::stores::Store;

pub struct World {
    pub house: House,
    pub model: ModelServer,
    pub window: Window,
}

/// Whether this machine has no browser; then the story that asks has been reported as skipped.
pub fn no_browser(story: &str) -> anyhow::Result<bool> {
    let Some(reason) = driver::lacking() else { return Ok(false) };
    skip::report(&format!("browser::{story}"), &reason)?;
    Ok(true)
}

impl World {
    /// On an empty directory: nobody lives here yet.
    pub async fn empty() -> anyhow::Result<Self> {
        let mut house = House::new(Store::Sqlite)?;
        house.up().await?;
        let (model, window) = (ModelServer::start().await?, Window::at(house.address()).await?);
        Ok(Self { house, model, window })
    }

    /// Ada lives here, a model is connected, and she has signed in.
    pub async fn at_home() -> anyhow::Result<Self> {
        let world = Self::empty().await?;
        world.move_in().await?;
        Ok(world)
    }

    /// The same where somebody says this by the browser's microphone, in a box that knows its words.
    pub async fn spoken_to(words: &str) -> anyhow::Result<Self> {
        let mut house = House::new(Store::Sqlite)?;
        house.up().await?;
        add_recogniser(&house.home, "words").await?;
        let sound = house.home.path().join("spoken.wav");
        std::fs::write(&sound, spoken(words)?)?;
        let window = Window::spoken_to(house.address(), &sound).await?;
        let world = Self { model: ModelServer::start().await?, house, window };
        world.move_in().await?;
        Ok(world)
    }

    /// Ada comes to live here, with a model, and signs in.
    pub async fn move_in(&self) -> anyhow::Result<()> {
        self.house.set_up().await?;
        self.house.connect(&self.model.base_url(), "scripted").await?;
        self.window.open("/sign-in").await?;
        self.sign_in().await?;
        self.window.until_at("/chat/").await.map(drop)
    }

    /// On the page that asks for it.
    pub async fn sign_in(&self) -> anyhow::Result<()> {
        self.window.fill(&field("Name"), "Ada").await?;
        self.window.fill(&field("Password"), PASSWORD).await?;
        self.window.click(&button("Sign in")).await
    }

    /// From the first visit to what was found.
    pub async fn to_the_machine(&self) -> anyhow::Result<()> {
        let window = &self.window;
        window.open("/").await?;
        window.fill(&field("Set-up token"), &self.token()?).await?;
        window.click(&button("Continue")).await?;
        window.fill(&field("Name"), "Ada").await?;
        window.fill(&field("Password"), PASSWORD).await?;
        window.fill(&field("Password, once more"), PASSWORD).await?;
        window.click(&button("Make my account")).await?;
        window.until_it_says("Keep this code").await?;
        window.click(&button("I have kept it")).await?;
        window.until_it_says("What was found").await
    }

    /// From the first visit to an empty conversation with a model; tells its path.
    pub async fn first_run(&self) -> anyhow::Result<String> {
        self.to_the_machine().await?;
        let window = &self.window;
        window.click(&button("Continue")).await?;
        window.fill(&field("Address, as for any OpenAI-shaped client"), &self.model.base_url()).await?;
        window.fill(&field("Model"), "scripted").await?;
        window.click(&button("Test and connect")).await?;
        window.until_at("/chat/").await
    }

    pub fn token(&self) -> anyhow::Result<String> {
        let said = self.house.process()?.stdout()? + &self.house.process()?.stderr()?;
        let line = said.lines().find(|line| line.contains("enter the set-up token"));
        let token = line.and_then(|line| line.split_whitespace().last());
        Ok(token.context("no set-up token was printed")?.to_owned())
    }

    /// In the conversation in view.
    pub async fn say(&self, words: &str) -> anyhow::Result<()> {
        self.window.fill(&field("Message"), words).await?;
        self.window.click(&button("Send")).await
    }
}
