//! Deaths in no order that anybody thought of: of the box, of its containers and of their engine, one after another, at
//! random moments. After each the box answers, everything serves again, and nothing is there twice.
//!
//! `scripts/soak` makes it a thousand kills and fifty restarts of the engine.

use super::scene::{SOON, Scene};
use anyhow::{Context, ensure};
use tests::chance::Chance;
use tests::soak::or_sample;
use tests::talk::Talk;
use tests::wait;

/// A service that fails more often within five minutes is set aside, until the box starts anew.
const MOST_IN_A_ROW: u64 = 3;

#[derive(Clone, Copy, Debug)]
enum Death {
    Box,
    Service(&'static str),
    /// With all of its containers.
    Engine,
}

fn drawn(chance: &mut Chance, in_a_row: u64, services: &[&'static str]) -> Death {
    // One place more than there are services is the box's own.
    let draw = chance.draw() % (services.len() as u64 + 1);
    match services.get(draw as usize) {
        Some(service) if in_a_row < MOST_IN_A_ROW => Death::Service(service),
        _ => Death::Box,
    }
}

impl Scene {
    async fn suffers(&mut self, death: Death) -> anyhow::Result<()> {
        match death {
            Death::Box => {
                self.house.kill()?;
                self.house.up().await
            }
            Death::Service(service) => {
                // One that is starting anew has nothing to be killed in.
                let Ok(before) = self.engine.only(service) else { return Ok(()) };
                if !before.runs || self.engine.kill(service).is_err() {
                    return Ok(());
                }
                // Its engine buries it a moment later; until then it seems to live.
                wait::until("the death to be seen", SOON, async || {
                    Ok(self.engine.only(service).map_or(true, |now| now != before).then_some(()))
                })
                .await
            }
            Death::Engine => {
                self.engine.stop_with_containers().await?;
                self.engine.start()
            }
        }
    }

    /// All of it runs, and somebody is answered; what was said before is there.
    async fn recovers(&self, talk: &Talk, said: &mut Vec<String>) -> anyhow::Result<()> {
        wait::until("everything to serve again", SOON, async || {
            let told = self.house.client().get::<Vec<serde_json::Value>>("/appliance/services").await;
            let serving = told.is_ok_and(|told| {
                told.iter().filter(|one| one["stage"] == "serving").count() == self.services.len()
            });
            // What has just died is not always known yet.
            let runs = |service: &&str| self.engine.only(service).is_ok_and(|one| one.runs);
            Ok((serving && self.services.iter().all(runs)).then_some(()))
        })
        .await
        .with_context(|| self.story_so_far())?;
        let words = format!("number {}", said.len());
        talk.exchange(&words).await?;
        said.push(words);
        let all = talk.exchanged().await?;
        let mine: Vec<&str> = all.iter().step_by(2).map(|message| message.text.as_str()).collect();
        ensure!(mine == *said, "what was said is {mine:?}");
        self.is_tidy().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_twice_whoever_dies_and_when() -> anyhow::Result<()> {
    let (kills, restarts) = or_sample((1000, 50), (8, 2));
    let mut chance = Chance::of_this_run("endurance")?;
    let mut scene = Scene::full()?;
    scene.begin().await?;
    scene.until_serving().await?;
    let (talk, mut said) = (Talk::open(scene.house.client()).await?, Vec::new());
    let mut in_a_row = 0;
    for number in 1..=kills {
        let is_engines_turn = number % (kills / restarts) == 0;
        let death =
            if is_engines_turn { Death::Engine } else { drawn(&mut chance, in_a_row, scene.services) };
        in_a_row = if let Death::Box = death { 0 } else { in_a_row + 1 };
        eprintln!("{number} of {kills}: {death:?}");
        scene.suffers(death).await.with_context(|| format!("{number}: {death:?}"))?;
        // Now and then the next one dies before the last one has recovered.
        if !chance.draw().is_multiple_of(4) {
            let recovered = scene.recovers(&talk, &mut said).await;
            recovered.with_context(|| format!("{number}: {death:?}"))?;
        }
    }
    scene.recovers(&talk, &mut said).await
}
