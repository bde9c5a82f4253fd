//! What a story looks at when it is told: that the page complained of nothing and asked nobody else.

use super::window::Window;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

impl Window {
    /// Ends the browser. The console must be empty and every request have gone to our own origin.
    pub async fn close(self) -> anyhow::Result<()> {
        self.close_but_for(&[]).await
    }

    /// The same, where these complaints are meant to be there, such as the status of a refused form.
    pub async fn close_but_for(self, expected: &[&str]) -> anyhow::Result<()> {
        let complaints = self.complaints().await?;
        let unexpected: Vec<&String> =
            complaints.iter().filter(|one| !expected.iter().any(|words| one.contains(words))).collect();
        ensure!(unexpected.is_empty(), "the console says {unexpected:#?}");
        for words in expected {
            ensure!(complaints.iter().any(|one| one.contains(words)), "{words:?} is no longer complained of");
        }
        let elsewhere = self.asked_elsewhere().await?;
        ensure!(elsewhere.is_empty(), "the page asked {elsewhere:#?}");
        self.driver.end().await
    }

    /// Warnings and errors since they were last asked for.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let lines = self.log("browser").await?;
        let serious = lines.iter().filter(|line| line["level"] == "WARNING" || line["level"] == "SEVERE");
        Ok(serious.filter_map(|line| line["message"].as_str()).map(str::to_owned).collect())
    }

    /// Addresses outside our origin that were asked for since this was last looked at.
    pub async fn asked_elsewhere(&self) -> anyhow::Result<Vec<String>> {
        let mut elsewhere = Vec::new();
        for line in self.log("performance").await? {
            let event: Value = serde_json::from_str(line["message"].as_str().context("an event is text")?)?;
            let event = &event["message"];
            if event["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = event["params"]["request"]["url"].as_str().context("a request has an address")?;
            // The browser's own first page, and what needs no asking.
            let inside = ["chrome:", "data:", "about:", "blob:"].iter().any(|scheme| url.starts_with(scheme));
            let path = url.strip_prefix(&self.origin);
            if !inside && !path.is_some_and(|path| path.is_empty() || path.starts_with('/')) {
                elsewhere.push(url.to_owned());
            }
        }
        Ok(elsewhere)
    }

    async fn log(&self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let lines = self.driver.post("se/log", json!({"type": kind})).await?;
        Ok(serde_json::from_value(lines)?)
    }
}
