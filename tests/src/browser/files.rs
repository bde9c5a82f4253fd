//! What goes between a page and the machine it is on: chosen files, the clipboard and the microphone.

use super::place::Place;
use super::window::{ELEMENT, Window};
use anyhow::Context;
use serde_json::json;
use std::path::Path;

impl Window {
    /// As after a choice in the system's own dialog, which a page only sees the end of.
    pub async fn choose(&self, place: &Place, file: &Path) -> anyhow::Result<()> {
        let found = self.driver.post("element", json!({"using": "xpath", "value": place.path})).await?;
        let element = found[ELEMENT].as_str().context("an element has a name")?;
        let path = file.to_str().context("a path of ours is text")?;
        self.driver.post(&format!("element/{element}/value"), json!({"text": path})).await.map(drop)
    }

    /// The person has said once that our pages may use it.
    pub async fn allow_clipboard(&self) -> anyhow::Result<()> {
        let permissions = json!(["clipboardReadWrite", "clipboardSanitizedWrite"]);
        let granted = json!({"origin": self.origin, "permissions": permissions});
        self.driver.chromium("Browser.grantPermissions", granted).await.map(drop)
    }

    /// The person has said that no page of ours may hear them.
    pub async fn deny_microphone(&self) -> anyhow::Result<()> {
        let denied =
            json!({"origin": self.origin, "permission": {"name": "microphone"}, "setting": "denied"});
        self.driver.chromium("Browser.setPermission", denied).await.map(drop)
    }

    pub async fn clipboard(&self) -> anyhow::Result<String> {
        let words = self.run_to_end(READ, &[]).await?;
        Ok(words.as_str().context("there are no words on the clipboard")?.to_owned())
    }
}

const READ: &str = "
const [done] = arguments;
navigator.clipboard.readText().then(done, (error) => done(null));";
