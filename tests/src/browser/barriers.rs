//! What axe finds in a page that keeps somebody out.

use super::window::Window;
use crate::python;
use serde::Deserialize;
use serde_json::json;
use std::fmt;

#[derive(Clone, Debug, Deserialize)]
pub struct Barrier {
    rule: String,
    impact: Option<String>,
    at: Vec<String>,
}

impl Barrier {
    /// Somebody cannot use the page for it.
    pub fn is_serious(&self) -> bool {
        matches!(self.impact.as_deref(), Some("serious" | "critical"))
    }
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let impact = self.impact.as_deref().unwrap_or("unknown");
        write!(f, "{} ({impact}) at {}", self.rule, self.at.join(" and "))
    }
}

impl Window {
    /// In the page as it is now.
    pub async fn barriers(&self) -> anyhow::Result<Vec<Barrier>> {
        self.axe(&json!({"preload": false})).await
    }

    /// Of those only text that can hardly be told from what is behind it.
    pub async fn faint_text(&self) -> anyhow::Result<Vec<Barrier>> {
        self.axe(&json!({"preload": false, "runOnly": ["color-contrast"]})).await
    }

    async fn axe(&self, options: &serde_json::Value) -> anyhow::Result<Vec<Barrier>> {
        if self.run("return typeof axe === 'undefined'", &[]).await? == true {
            self.run(&python::axe()?, &[]).await?;
        }
        Ok(serde_json::from_value(self.run_to_end(RUN, std::slice::from_ref(options)).await?)?)
    }
}

const RUN: &str = "
const [options, done] = arguments;
axe.run(document, options).then(
  ({ violations }) => done(violations.map(({ id, impact, nodes }) => ({
    rule: id, impact, at: nodes.map((node) => `${node.target}: ${node.failureSummary}`),
  }))),
  (error) => done([{ rule: `axe failed: ${error}`, impact: 'critical', at: [] }]),
);";
