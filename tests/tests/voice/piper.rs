//! Voices of Piper's: added, listed, spoken with, and refused.

use super::hearing::{key, refuses, says};
use anyhow::{Context, ensure};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tests::house::House;
use tests::http as plain;
use tests::piper::{bomb, duo, tones};
use tests::process::Home;
use tests::stores::Store;
use voice_client::contract::{SPEECH, VOICES};

/// Of a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);
const RATE: f64 = 22_050.0;
/// Seconds of each phoneme of the voice of tones.
const TONE: f64 = 0.06;

async fn ask(house: &House, key: &str, path: &str, body: Option<Value>) -> anyhow::Result<Response<Bytes>> {
    let request = match &body {
        Some(_) => Request::post(path).header(header::CONTENT_TYPE, "application/json"),
        None => Request::get(path),
    };
    let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    plain::send_within(SOON, house.address(), request.body(Full::new(Bytes::from(body)))?).await
}

/// The samples of a wav file that is written as it is made, at the voice's own rate.
fn samples(wav: &[u8]) -> anyhow::Result<Vec<i16>> {
    ensure!(wav.get(..4) == Some(b"RIFF") && wav.get(36..40) == Some(b"data"), "it is no wav file");
    ensure!(wav[24..28] == 22_050_u32.to_le_bytes(), "at another rate");
    Ok(wav[44..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}

/// How high its first tone is, in times a second: `t` of `turn` has number 23, and a mark of stress before it may have one.
fn first_tone(samples: &[i16]) -> f64 {
    // The beginning and what is behind it are silent.
    let tone = &samples[(RATE * TONE * 2.15) as usize..(RATE * TONE * 2.85) as usize];
    let rises = tone.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    rises as f64 * RATE / tone.len() as f64
}

fn models(home: &Home) -> std::path::PathBuf {
    home.data_dir().join("data/models")
}

/// The names of everything in the folder.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn a_voice_is_added_listed_spoken_with_and_removed() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let voice = tones(house.home.path(), "en_US-tones")?.display().to_string();
    says(&house.home, &["model", "add", &voice]).await?;
    let two = duo(house.home.path(), "two")?.display().to_string();
    says(&house.home, &["model", "add", &two, "--name", "pair"]).await?;
    let listed: Value = serde_json::from_str(&says(&house.home, &["model", "list", "--json"]).await?)?;
    let listed: Vec<_> = listed["models"]
        .as_array()
        .context("models")?
        .iter()
        .map(|model| (model["name"].as_str().unwrap_or_default(), model["task"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(listed, [("en_US-tones", "speak"), ("pair", "speak")]);

    let key = key(&house).await?;
    let answer = ask(&house, &key, VOICES, None).await?;
    let voices: Value = serde_json::from_slice(answer.body())?;
    let voices = voices["voices"].as_array().context("voices")?;
    let find = |id: &str| voices.iter().find(|voice| voice["id"] == id).context("it is listed");
    assert_eq!(
        (&find("en_US-tones")?["engine"], &find("en-us")?["engine"]),
        (&json!("piper"), &json!("espeak-ng"))
    );
    assert_eq!(
        (&find("pair")?["speakers"], &find("pair")?["language"]),
        (&json!(["low", "high"]), &json!("en-us"))
    );

    let body = |voice: &str, model: &str| {
        Some(json!({ "input": "Two.", "model": model, "voice": voice, "response_format": "wav" }))
    };
    let say = async |voice: &str, model: &str| {
        let answer = ask(&house, &key, SPEECH, body(voice, model)).await?;
        ensure!(answer.status() == StatusCode::OK, "{voice}: {:?}", answer.body());
        samples(answer.body())
    };
    let named = say("en_US-tones", "piper").await?;
    let (first, seconds) = (first_tone(&named), named.len() as f64 / RATE);
    // `t`, `ˈ`, `u`, `ː` and the mark behind them, with something between all.
    assert!((first - 660.0).abs() < 30.0 && (seconds - 13.0 * TONE).abs() < 0.02, "{first} {seconds}");
    // Whoever names none has Piper's voice of the usual language, and eSpeak NG where they want that.
    let usual = say("alloy", "tts-1").await?;
    assert_eq!((usual.len() as f64 / named.len() as f64 * 20.0).round() as i64, 20);
    let espeak = say("en-us", "").await?;
    assert_ne!((espeak.len() as f64 / named.len() as f64 * 20.0).round() as i64, 20);
    assert_eq!(say("", "espeak-ng").await?, espeak);
    let [low, high] = [say("pair#low", "").await?, say("pair#high", "").await?].map(|one| first_tone(&one));
    assert!((high / low - 1.25).abs() < 0.08, "{low} {high}");
    for wrong in ["pair#nobody", "nobody"] {
        let answer = ask(&house, &key, SPEECH, body(wrong, "")).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    says(&house.home, &["model", "remove", "en_US-tones"]).await?;
    assert_eq!(names(&models(&house.home).join("voices"))?, ["pair.onnx", "pair.onnx.json"]);
    let answer = ask(&house, &key, SPEECH, body("en_US-tones", "")).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn a_file_speaks_from_the_shelf_or_from_where_it_lies_with_a_box_or_without_one() -> anyhow::Result<()>
{
    let mut house = House::new(Store::Sqlite)?;
    let voice = duo(house.home.path(), "loose")?.display().to_string();
    let out = house.home.path().join("said.wav").display().to_string();
    let said = || samples(&std::fs::read(&out)?).map(|samples| first_tone(&samples));
    for runs in [false, true] {
        if runs {
            house.up().await?;
        }
        says(&house.home, &["speak", "Two.", "--out", &out, "--model", &voice]).await?;
        let low = said()?;
        says(&house.home, &["speak", "Two.", "--out", &out, "--model", &voice, "--voice", "high"]).await?;
        assert!((said()? / low - 1.25).abs() < 0.08);
        let refused =
            refuses(&house.home, &["speak", "Two.", "--out", &out, "--model", &voice, "--voice", "me"])
                .await?;
        assert!(refused.contains("no voice loose#me"), "{refused}");
        if !runs {
            says(&house.home, &["model", "add", &voice]).await?;
        }
        says(&house.home, &["speak", "Two.", "--out", &out, "--voice", "loose#low"]).await?;
        assert!((said()? / low - 1.0).abs() < 0.05);
    }
    house.stop().await
}

#[tokio::test]
async fn a_voice_that_ends_whoever_runs_it_or_lies_leaves_the_box_up_and_nothing_behind() -> anyhow::Result<()>
{
    let house = House::inhabited(Store::Sqlite).await?;
    let folder = house.home.path();
    let poison = bomb(folder, "poison")?;
    let refused = refuses(&house.home, &["model", "add", &poison.display().to_string()]).await?;
    assert!(refused.contains("was not added") && refused.contains("memory"), "{refused}");
    let lying = tones(folder, "lying")?;
    let beside = folder.join("lying.onnx.json");
    let mut written: Value = serde_json::from_slice(&std::fs::read(&beside)?)?;
    written["phoneme_id_map"]["a"] = json!([4000]);
    std::fs::write(&beside, written.to_string())?;
    let lying = lying.display().to_string();
    assert!(refuses(&house.home, &["model", "add", &lying]).await?.contains("4000"));
    std::fs::remove_file(&beside)?;
    assert!(refuses(&house.home, &["model", "add", &lying]).await?.contains("lying.onnx.json"));
    let left: Vec<_> = names(&models(&house.home))?
        .into_iter()
        .filter(|name| Path::new(name).extension().is_none_or(|end| end != "json"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // Put there past the box, and asked for.
    let voices = models(&house.home).join("voices");
    std::fs::create_dir(&voices)?;
    for name in ["poison.onnx", "poison.onnx.json"] {
        std::fs::copy(folder.join(name), voices.join(name))?;
    }
    let key = key(&house).await?;
    let body = |voice: &str| Some(json!({ "input": "Two. Two.", "voice": voice, "response_format": "wav" }));
    let answer = ask(&house, &key, SPEECH, body("poison")).await?;
    let told: Value = serde_json::from_slice(answer.body())?;
    assert_eq!((answer.status(), &told["error"]["code"]), (StatusCode::BAD_GATEWAY, &json!("model_failed")));
    assert!(told["error"]["message"].as_str().is_some_and(|why| why.contains("memory")), "{told}");
    // Whoever named none hears eSpeak NG.
    let answer = ask(&house, &key, SPEECH, body("")).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(samples(answer.body())?.len() as f64 > RATE / 2.0);
    assert_eq!(plain::get(house.address(), "/health").await?.status(), StatusCode::OK);
    Ok(())
}
