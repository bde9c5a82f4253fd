//! Under what circumstances somebody looks: screen, light, script; and what can be measured of a page.

use super::window::Window;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Bright,
    Dark,
}

/// Width of the narrowest screen that pages are made for.
pub const PHONE: u32 = 360;

impl Window {
    pub async fn light(&self, light: Light) -> anyhow::Result<()> {
        let scheme = match light {
            Light::Bright => "light",
            Light::Dark => "dark",
        };
        // What changes its colour slowly would be looked at on its way.
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.driver.chromium("Emulation.setEmulatedMedia", json!({"features": features})).await.map(drop)
    }

    /// A small screen that is touched.
    pub async fn as_phone(&self) -> anyhow::Result<()> {
        let screen = json!({"width": PHONE, "height": 740, "deviceScaleFactor": 2, "mobile": true});
        self.driver.chromium("Emulation.setDeviceMetricsOverride", screen).await?;
        self.driver.chromium("Emulation.setTouchEmulationEnabled", json!({"enabled": true})).await.map(drop)
    }

    /// A desk again.
    pub async fn as_desk(&self) -> anyhow::Result<()> {
        self.driver.chromium("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        self.driver.chromium("Emulation.setTouchEmulationEnabled", json!({"enabled": false})).await.map(drop)
    }

    /// For pages that are opened from now on.
    pub async fn without_scripts(&self) -> anyhow::Result<()> {
        self.driver.chromium("Emulation.setScriptExecutionDisabled", json!({"value": true})).await.map(drop)
    }

    /// Everything of the page that is wider than a phone, as a person notices it: by scrolling sideways.
    pub async fn too_wide(&self) -> anyhow::Result<Vec<String>> {
        self.list(TOO_WIDE, &[json!(PHONE)]).await
    }

    /// Everything that is to be touched and is smaller than `least` CSS pixels. A link within a line of
    /// text is as high as the line.
    pub async fn too_small(&self, least: u32) -> anyhow::Result<Vec<String>> {
        self.list(TOO_SMALL, &[json!(least)]).await
    }

    async fn list(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Vec<String>> {
        Ok(serde_json::from_value(self.run(script, arguments).await?)?)
    }
}

const TOO_WIDE: &str = r#"
const [width] = arguments;
const page = document.scrollingElement;
if (page.scrollWidth <= width) return [];
const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > width + 1);
return [`the page is ${page.scrollWidth} wide`, ...wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
"#;

const TOO_SMALL: &str = r#"
const [least] = arguments;
const touched = "a[href], button, input:not([type=hidden]), textarea, select, summary, [role=button], [role=tab]";
const inText = (one) => one.matches("a") && getComputedStyle(one).display === "inline"
  && one.parentElement.innerText.trim() !== one.innerText.trim();
const area = (one) => {
  const label = one.matches("[type=checkbox], [type=radio]") && (one.closest("label") ?? one.labels?.[0]);
  return (label || one).getBoundingClientRect();
};
const hidden = (one) => !one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  || one.closest(".hidden") || area(one).bottom < 0 || getComputedStyle(one).clipPath !== "none";
return [...document.querySelectorAll(touched)]
  .filter((one) => !hidden(one) && !inText(one))
  .map((one) => [one, area(one)])
  .filter(([, { width, height }]) => width < least || height < least)
  .map(([one, { width, height }]) => `${Math.round(width)}×${Math.round(height)} ${one.outerHTML.slice(0, 120)}`);
"#;
