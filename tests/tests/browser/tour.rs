//! Every page, by day, by night and on a phone: looked at, measured, and kept as a picture.
//!
//! The pages on the way to a conversation are visited as a person comes by them; then every link is
//! followed, so a page that is new is looked at without being named here. The pictures are left in
//! `target/screenshots`.

use super::world::{World, no_browser};
use anyhow::ensure;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tests::browser::looks::Light;
use tests::browser::place::{button, field};
use tests::built;
use tests::house::PASSWORD;
use tests::model_server::script::Script;

const LEAST_TARGET: u32 = 40;
/// A model of the world in which links lead on without end is no page.
const MOST_PAGES: usize = 60;

const RICH: &str = "# A plan\n\nFirst **wood**, then *water*. See https://example.org/a/rather/long/address/that/goes/on.\n\n\
    - one\n- two\n  1. inside\n\n> What was said before.\n\n```rust\nfn main() { println!(\"a line of code that is a \
    good deal wider than any phone that pages are made for\"); }\n```\n\n| What | How many | Where | And a long heading |\n\
    |---|---|---|---|\n| wood | 12 | in the shed behind the house | 1 |\n\nDonaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel\
    donaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel. مرحبا بالعالم";

/// What following the links must have come by, whatever else there is.
const FOLLOWED: [&str; 10] = [
    "/chat/one/turns/one",
    "/settings",
    "/settings/appearance",
    "/settings/keys",
    "/settings/models",
    "/settings/models/add",
    "/settings/people",
    "/shortcuts",
    "/system",
    "/system/logs",
];

struct Tour {
    world: World,
    pictures: PathBuf,
    seen: BTreeSet<String>,
    found: Vec<String>,
}

impl Tour {
    async fn begin() -> anyhow::Result<Self> {
        let pictures = built::folder().join("screenshots");
        std::fs::create_dir_all(&pictures)?;
        Ok(Self { world: World::empty().await?, pictures, seen: BTreeSet::new(), found: Vec::new() })
    }

    /// Looks at the page in view.
    async fn look(&mut self, name: &str) -> anyhow::Result<()> {
        let window = &self.world.window;
        let mut colours = Vec::new();
        for (light, look) in [(Light::Bright, "light"), (Light::Dark, "dark")] {
            window.light(light).await?;
            window.screenshot(&self.pictures.join(format!("{name}-{look}.png"))).await?;
            colours.push(
                window.run("return getComputedStyle(document.documentElement).backgroundColor", &[]).await?,
            );
            let barriers = match light {
                Light::Bright => window.barriers().await?,
                Light::Dark => window.faint_text().await?,
            };
            for barrier in barriers {
                if barrier.is_serious() {
                    self.found.push(format!("{name} ({look}): {barrier}"));
                } else {
                    eprintln!("{name} ({look}) could be better: {barrier}");
                }
            }
        }
        if colours[0] == colours[1] {
            self.found.push(format!("{name} is as bright at night: {}", colours[0]));
        }
        window.light(Light::Bright).await?;
        window.as_phone().await?;
        if !window.path().await?.starts_with("/setup") {
            // As somebody with a phone comes by it. A step of the set-up is the answer to a form.
            window.reload().await?;
        }
        window.screenshot(&self.pictures.join(format!("{name}-360.png"))).await?;
        let wide = window.too_wide().await?.into_iter().map(|what| format!("{name} is too wide: {what}"));
        self.found.extend(wide);
        let small = window.too_small(LEAST_TARGET).await?;
        self.found.extend(small.into_iter().map(|what| format!("{name} is too small to touch: {what}")));
        window.as_desk().await?;
        let headings = window.run("return document.querySelectorAll('h1').length", &[]).await?;
        if headings != 1 {
            self.found.push(format!("{name} has {headings} h1"));
        }
        Ok(())
    }

    /// Every page of ours that a link on this one, or on one behind it, leads to.
    async fn follow(&mut self, from: &str) -> anyhow::Result<()> {
        let mut ahead = vec![from.to_owned()];
        self.seen.insert(shape(from));
        while let Some(path) = ahead.pop() {
            let window = &self.world.window;
            window.open(&path).await?;
            if window.run("return document.contentType", &[]).await? != "text/html" {
                continue;
            }
            let links: Vec<String> = serde_json::from_value(window.run(LINKS, &[]).await?)?;
            if path != from {
                let name = shape(&path).trim_matches('/').replace(['/', '?', '='], "-");
                self.look(&name).await?;
            }
            for link in links {
                if self.seen.insert(shape(&link)) {
                    ahead.push(link);
                }
            }
            ensure!(self.seen.len() < MOST_PAGES, "the links lead on and on: {:?}", self.seen);
        }
        Ok(())
    }
}

const LINKS: &str = "return [...document.querySelectorAll('a[href]:not([download])')]
  .filter((one) => one.origin === location.origin && !/\\.[a-z]+$/.test(one.pathname))
  .map((one) => one.pathname + one.search);";

/// A path without what differs between two pages of one kind.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let segment = |part: &str| {
        if part.len() == 36 && part.matches('-').count() == 4 { "one".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_page_is_fit_to_be_seen_by_day_by_night_and_on_a_phone() -> anyhow::Result<()> {
    if no_browser("every_page")? {
        return Ok(());
    }
    let mut tour = Tour::begin().await?;
    first_visit(&mut tour).await?;
    conversation(&mut tour).await?;
    let chat = tour.world.window.path().await?;
    tour.follow(&chat).await?;
    for page in FOLLOWED {
        ensure!(tour.seen.contains(page), "no link leads to {page}, only to {:?}", tour.seen);
    }
    tour.world.window.open("/search?q=wood").await?;
    tour.look("search-found").await?;
    tour.world.window.open("/nowhere").await?;
    tour.look("not-found").await?;
    tour.world.window.open(&chat).await?;
    tour.world.window.click(&button("Sign out")).await?;
    tour.world.window.until_at("/sign-in").await?;
    tour.look("sign-in").await?;
    for page in ["join", "certificate"] {
        tour.world.window.open(&format!("/{page}")).await?;
        tour.look(page).await?;
    }
    ensure!(tour.found.is_empty(), "{}", tour.found.join("\n"));
    tour.world.window.close_but_for(&["404"]).await
}

async fn first_visit(tour: &mut Tour) -> anyhow::Result<()> {
    tour.world.window.open("/").await?;
    tour.world.window.until_it_says("Set-up token").await?;
    tour.look("set-up-token").await?;
    let token = tour.world.token()?;
    tour.world.window.fill(&field("Set-up token"), &token).await?;
    tour.world.window.click(&button("Continue")).await?;
    tour.world.window.fill(&field("Name"), "Ada").await?;
    tour.look("set-up-owner").await?;
    for label in ["Password", "Password, once more"] {
        tour.world.window.fill(&field(label), PASSWORD).await?;
    }
    tour.world.window.click(&button("Make my account")).await?;
    tour.world.window.until_it_says("Keep this code").await?;
    tour.look("set-up-recovery").await?;
    tour.world.window.click(&button("I have kept it")).await?;
    tour.world.window.until_it_says("What was found").await?;
    tour.look("set-up-machine").await?;
    tour.world.window.click(&button("Continue")).await?;
    tour.world.window.until_shown(&field("Model")).await?;
    tour.look("set-up-model").await?;
    let url = tour.world.model.base_url();
    tour.world.window.fill(&field("Address, as for any OpenAI-shaped client"), &url).await?;
    tour.world.window.fill(&field("Model"), "scripted").await?;
    tour.world.window.click(&button("Test and connect")).await?;
    tour.world.window.until_at("/chat/").await.map(drop)
}

async fn conversation(tour: &mut Tour) -> anyhow::Result<()> {
    tour.look("chat-empty").await?;
    tour.world.model.next(Script::words([RICH]));
    tour.world.say("What do we need for the winter?").await?;
    tour.world.window.until_it_says("in the shed").await?;
    tour.world.window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    tour.look("chat-rich").await?;
    tour.world.model.next(Script::tokens(8).hold_after(4));
    tour.world.say("Count.").await?;
    tour.world.window.until_it_says("t1 t2 t3 t4").await?;
    tour.look("chat-writing").await?;
    tour.world.window.click(&button("Stop")).await?;
    tour.world.window.until_it_says("Stopped here.").await?;
    tour.look("chat-stopped").await
}
