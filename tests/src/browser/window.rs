//! What somebody does with a browser, and what they see in it. Waits for conditions, never for a time.

use super::driver::{Driver, Refused};
use super::place::Place;
use crate::wait;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

pub const SOON: Duration = Duration::from_secs(30);
/// The protocol's name for a reference to an element.
pub(super) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys without a letter, as the protocol writes them.
pub mod keys {
    pub const BACKSPACE: &str = "\u{E003}";
    pub const TAB: &str = "\u{E004}";
    pub const ENTER: &str = "\u{E007}";
    pub const CONTROL: &str = "\u{E009}";
    pub const ALT: &str = "\u{E00A}";
    pub const ESCAPE: &str = "\u{E00C}";
    pub const LEFT: &str = "\u{E012}";
    pub const UP: &str = "\u{E013}";
    pub const RIGHT: &str = "\u{E014}";
    pub const DOWN: &str = "\u{E015}";
}

pub struct Window {
    pub(super) driver: Driver,
    /// Where the pages are.
    pub(super) origin: String,
}

impl Window {
    /// A fresh browser for the pages at `address`.
    pub async fn at(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { driver: Driver::start(&[]).await?, origin: format!("http://{address}") })
    }

    /// One by whose microphone somebody says what is in this wav file, once.
    pub async fn spoken_to(address: SocketAddr, sound: &Path) -> anyhow::Result<Self> {
        let flags = [
            "--use-fake-device-for-media-stream".to_owned(),
            "--use-fake-ui-for-media-stream".to_owned(),
            format!("--use-file-for-fake-audio-capture={}%noloop", sound.display()),
        ];
        Ok(Self { driver: Driver::start(&flags).await?, origin: format!("http://{address}") })
    }

    /// One with a microphone that no page may use unasked.
    pub async fn with_microphone(address: SocketAddr) -> anyhow::Result<Self> {
        let flags = ["--use-fake-device-for-media-stream".to_owned()];
        Ok(Self { driver: Driver::start(&flags).await?, origin: format!("http://{address}") })
    }

    /// One that has come to the pages by this name, without https.
    pub async fn by_name(address: SocketAddr, name: &str) -> anyhow::Result<Self> {
        let flags = [format!("--host-resolver-rules=MAP {name} {}", address.ip())];
        Ok(Self { driver: Driver::start(&flags).await?, origin: format!("http://{name}:{}", address.port()) })
    }

    pub async fn open(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.origin);
        self.driver.post("url", json!({"url": url})).await.map(drop)
    }

    pub async fn reload(&self) -> anyhow::Result<()> {
        self.driver.post("refresh", json!({})).await.map(drop)
    }

    /// The path of the page in view, without the origin.
    pub async fn path(&self) -> anyhow::Result<String> {
        let url = self.driver.get("url").await?;
        let url = url.as_str().context("an address is text")?;
        Ok(url.strip_prefix(&self.origin).unwrap_or(url).to_owned())
    }

    pub async fn until_at(&self, start: &str) -> anyhow::Result<String> {
        let found = wait::until(&format!("the page {start}"), SOON, async || {
            let path = self.path().await?;
            Ok(path.starts_with(start).then_some(path))
        })
        .await;
        self.told(found).await
    }

    /// The words in view, as they are laid out.
    pub async fn text(&self) -> anyhow::Result<String> {
        let text = self.run("return document.body ? document.body.innerText : ''", &[]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub async fn until_it_says(&self, words: &str) -> anyhow::Result<()> {
        self.until_text(&format!("the page to say {words:?}"), |text| text.contains(words)).await
    }

    pub async fn until_text(&self, what: &str, holds: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let found = wait::until(what, SOON, async || Ok(holds(&self.text().await?).then_some(()))).await;
        self.told(found).await
    }

    /// Whether it is there and can be seen now.
    pub async fn shows(&self, place: &Place) -> anyhow::Result<bool> {
        Ok(passing(self.visible(place).await)?.flatten().is_some())
    }

    pub async fn until_shown(&self, place: &Place) -> anyhow::Result<()> {
        self.with(place, async |_| Ok(())).await
    }

    pub async fn click(&self, place: &Place) -> anyhow::Result<()> {
        self.with(place, async |element| {
            // What sticks to an edge of the window may lie over it.
            self.run("arguments[0].scrollIntoView({ block: 'center' })", &[json!({ELEMENT: element})])
                .await?;
            self.driver.post(&format!("element/{element}/click"), json!({})).await.map(drop)
        })
        .await
    }

    /// Replaces what stands in the field.
    pub async fn fill(&self, place: &Place, text: &str) -> anyhow::Result<()> {
        self.with(place, async |element| {
            self.driver.post(&format!("element/{element}/clear"), json!({})).await?;
            self.driver.post(&format!("element/{element}/value"), json!({"text": text})).await.map(drop)
        })
        .await
    }

    /// What stands in the field.
    pub async fn value(&self, place: &Place) -> anyhow::Result<String> {
        let value = self
            .with(place, async |element| self.driver.get(&format!("element/{element}/property/value")).await)
            .await?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// On the keyboard, wherever the focus is.
    pub async fn press(&self, letters: &str) -> anyhow::Result<()> {
        self.strike(letters.chars().flat_map(|key| [stroke("keyDown", key), stroke("keyUp", key)])).await
    }

    /// All of these keys at once, the last one last.
    pub async fn press_together(&self, keys: &str) -> anyhow::Result<()> {
        let down = keys.chars().map(|key| stroke("keyDown", key));
        self.strike(down.chain(keys.chars().rev().map(|key| stroke("keyUp", key)))).await
    }

    /// A key that stays down until it is let go.
    pub async fn hold(&self, key: char) -> anyhow::Result<()> {
        self.strike([stroke("keyDown", key)].into_iter()).await
    }

    pub async fn let_go(&self, key: char) -> anyhow::Result<()> {
        self.strike([stroke("keyUp", key)].into_iter()).await
    }

    async fn strike(&self, strokes: impl Iterator<Item = Value>) -> anyhow::Result<()> {
        let hand = json!({"type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>()});
        self.driver.post("actions", json!({"actions": [hand]})).await.map(drop)
    }

    /// The function body `script` in the page. Also where the page's own scripts are off.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.driver.post("execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// The same for a script that calls the function that it gets as last argument.
    pub async fn run_to_end(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.driver.post("execute/async", json!({"script": script, "args": arguments})).await
    }

    /// Another tab of the same browser, which is in view from now on.
    pub async fn new_tab(&self) -> anyhow::Result<String> {
        let tab = self.driver.post("window/new", json!({"type": "tab"})).await?;
        let handle = tab["handle"].as_str().context("a tab has a name")?.to_owned();
        self.to_tab(&handle).await?;
        Ok(handle)
    }

    pub async fn tab(&self) -> anyhow::Result<String> {
        let handle = self.driver.get("window").await?;
        Ok(handle.as_str().context("a tab has a name")?.to_owned())
    }

    pub async fn to_tab(&self, handle: &str) -> anyhow::Result<()> {
        self.driver.post("window", json!({"handle": handle})).await.map(drop)
    }

    /// The words of a dialog that is open.
    pub async fn dialog(&self) -> anyhow::Result<Option<String>> {
        match self.driver.get("alert/text").await {
            Ok(words) => Ok(Some(words.as_str().unwrap_or_default().to_owned())),
            Err(error) => match error.downcast_ref::<Refused>() {
                Some(refused) if refused.kind == "no such alert" => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// What is in view, as a PNG file.
    pub async fn screenshot(&self, to: &Path) -> anyhow::Result<()> {
        use base64::Engine;
        let picture = self.driver.get("screenshot").await?;
        let picture = picture.as_str().context("a picture is text here")?;
        let picture = base64::engine::general_purpose::STANDARD.decode(picture)?;
        ensure!(picture.starts_with(b"\x89PNG"), "the picture is no PNG");
        Ok(std::fs::write(to, picture)?)
    }

    /// Does it with the first such element in view, again where the page changed below it.
    async fn with<T>(
        &self,
        place: &Place,
        act: impl AsyncFn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let done = wait::until(&place.what, SOON, async || {
            let Some(Some(element)) = passing(self.visible(place).await)? else { return Ok(None) };
            passing(act(&element).await)
        })
        .await;
        self.told(done).await
    }

    async fn visible(&self, place: &Place) -> anyhow::Result<Option<String>> {
        let found = self.driver.post("elements", json!({"using": "xpath", "value": place.path})).await?;
        for element in found.as_array().into_iter().flatten() {
            let element = element[ELEMENT].as_str().context("an element has a name")?;
            if self.driver.get(&format!("element/{element}/displayed")).await? == true {
                return Ok(Some(element.to_owned()));
            }
        }
        Ok(None)
    }

    /// A failure, with what stood in view when it happened.
    async fn told<T>(&self, outcome: anyhow::Result<T>) -> anyhow::Result<T> {
        let Err(error) = outcome else { return outcome };
        let path = self.path().await.unwrap_or_default();
        let text = self.text().await.unwrap_or_default();
        Err(error.context(format!("in view is {path}: {text}")))
    }
}

fn stroke(kind: &str, key: char) -> Value {
    json!({"type": kind, "value": key.to_string()})
}

/// `None` where the page was only not ready for it yet.
fn passing<T>(outcome: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    const PASSING: [&str; 5] = [
        "element click intercepted",
        "element not interactable",
        "invalid element state",
        "no such element",
        "stale element reference",
    ];
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(refused) if PASSING.contains(&refused.kind.as_str()) => Ok(None),
            _ => Err(error),
        },
    }
}
