//! What is written is said, and what was said is heard: with the box and without it, by the terminal and by programs.

use super::hearing::{key, refuses, says};
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Duration;
use tests::house::House;
use tests::speech::add_recogniser;
use tests::stores::Store;
use tests::{http as plain, python};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_is_said_is_heard_as_it_was_written_whether_a_box_runs_or_not() -> anyhow::Result<()> {
    let mut house = House::new(Store::Sqlite)?;
    add_recogniser(&house.home, "words").await?;
    let place = |name: &str| house.home.path().join(name).display().to_string();
    let files = ["said.wav", "said.mp3", "said.opus"].map(place);
    let (lost, text) = (place("nowhere/said.wav"), place("said.txt"));
    for runs in [false, true] {
        if runs {
            house.up().await?;
        }
        for file in &files {
            says(&house.home, &["speak", "**Turn on** the light.", "--out", file]).await?;
            assert_eq!(says(&house.home, &["transcribe", file]).await?, "turn on the light\n", "{file}");
            std::fs::remove_file(file)?;
        }
        let refused =
            refuses(&house.home, &["speak", "hello", "--out", &files[0], "--voice", "nobody"]).await?;
        assert!(refused.contains("no voice nobody"), "{refused}");
        assert!(refuses(&house.home, &["speak", "hello", "--out", &text]).await?.contains(".wav, .mp3"));
        assert!(
            refuses(&house.home, &["speak", "hello", "--out", &lost]).await?.contains("cannot be written")
        );
        assert!(refuses(&house.home, &["speak", " *** ", "--out", &files[0]]).await?.contains("input:"));
        ensure!(!std::path::Path::new(&files[0]).exists(), "what was not said has no file");
    }
    house.stop().await
}

#[tokio::test]
async fn a_box_without_espeak_says_what_to_install_and_goes_on() -> anyhow::Result<()> {
    let mut house = House::new(Store::Sqlite)?;
    // Programs are looked for here, and there is none.
    house.home.set("PATH", "/nonexistent");
    house.up().await?;
    let file = house.home.path().join("said.wav").display().to_string();
    let refused = refuses(&house.home, &["speak", "hello", "--out", &file]).await?;
    assert!(refused.contains("eSpeak NG is not installed") && refused.contains("apt install"), "{refused}");
    assert_eq!(plain::get(house.address(), "/ready").await?.status(), 200);
    house.stop().await
}

#[tokio::test]
async fn openais_own_client_is_spoken_to_as_it_listens() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    add_recogniser(&house.home, "words").await?;
    let (script, address) =
        (python::script("openai_speech.py").display().to_string(), house.address().to_string());
    let folder = house.home.path().display().to_string();
    let arguments = ["-I", &script, &address, &key(&house).await?, &folder];
    let mut client = house.home.start_neighbour(python::interpreter()?, &arguments)?;
    let status = client.wait_for_exit(SOON).await?;
    ensure!(status.success(), "it ended with {status}: {}", client.stderr()?);
    let said: Vec<Value> = client.stdout()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let heard = "what is my name";
    assert_eq!(
        said,
        [
            json!(["mp3", heard]),
            json!(["wav", heard]),
            json!(["opus", heard]),
            json!(["pcm", true]),
            json!(["refused", "BadRequestError", 400]),
        ]
    );
    Ok(())
}
