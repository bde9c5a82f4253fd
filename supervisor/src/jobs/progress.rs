//! How far a fetch is, out of what an engine says about each layer: bytes that never go back, and a stage.

use crate::daemon::images::Said;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Progress {
    layers: BTreeMap<String, Layer>,
    shown: u64,
    last: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    done: u64,
    total: u64,
}

impl Progress {
    pub fn hears(&mut self, said: &Said) {
        let what = said.what.to_lowercase();
        if let Some(part) = &said.part {
            if what.starts_with("downloading") {
                let layer = self.layers.entry(part.clone()).or_default();
                // Told anew after a break, it may begin again: what was shown stays.
                layer.done = said.done.unwrap_or(layer.done);
                layer.total = said.total.unwrap_or(layer.total).max(layer.done);
            } else if what.starts_with("download complete") || what.starts_with("pull complete") {
                let layer = self.layers.entry(part.clone()).or_default();
                layer.done = layer.total;
            }
        }
        self.last = stage(&what).map_or_else(|| said.what.clone(), str::to_owned);
        self.shown = self.shown.max(self.layers.values().map(|layer| layer.done).sum());
    }

    pub fn stage(&self) -> &str {
        &self.last
    }

    pub fn done(&self) -> u64 {
        self.shown
    }

    /// Unknown until some layer told its size; grows as more layers tell.
    pub fn total(&self) -> Option<u64> {
        let total: u64 = self.layers.values().map(|layer| layer.total).sum();
        (total > 0).then(|| total.max(self.shown))
    }
}

fn stage(what: &str) -> Option<&'static str> {
    let stages = [
        ("downloading", "downloading"),
        ("download complete", "downloading"),
        ("verifying", "verifying"),
        ("extracting", "unpacking"),
        ("pull complete", "unpacking"),
        ("loading", "loading"),
        ("step ", "building"),
    ];
    stages.iter().find(|(start, _)| what.starts_with(start)).map(|(_, stage)| *stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(part: &str, what: &str, done: u64, total: u64) -> Said {
        Said { part: Some(part.to_owned()), what: what.to_owned(), done: Some(done), total: Some(total) }
    }

    #[test]
    fn bytes_add_up_over_layers_and_never_go_back() {
        let mut progress = Progress::default();
        assert_eq!((progress.done(), progress.total()), (0, None));
        let mut shown = Vec::new();
        for news in [
            said("a", "Downloading", 10, 100),
            said("b", "Downloading", 50, 50),
            said("b", "Download complete", 0, 0),
            // A retry begins the layer anew.
            said("a", "Downloading", 0, 100),
            said("a", "Downloading", 90, 100),
            said("a", "Extracting", 5, 100),
            said("a", "Pull complete", 0, 0),
        ] {
            progress.hears(&news);
            shown.push((progress.done(), progress.total().expect("a layer told its size")));
        }
        assert_eq!(shown, [(10, 100), (60, 150), (60, 150), (60, 150), (140, 150), (140, 150), (150, 150)]);
        assert_eq!(progress.stage(), "unpacking");
    }

    #[test]
    fn a_layer_that_says_nothing_of_its_size_is_no_progress() {
        let mut progress = Progress::default();
        progress.hears(&Said {
            part: Some("a".to_owned()),
            what: "Pull complete".to_owned(),
            done: None,
            total: None,
        });
        progress.hears(&Said {
            part: None,
            what: "Step 1/3 : FROM scratch".to_owned(),
            done: None,
            total: None,
        });
        assert_eq!((progress.done(), progress.total(), progress.stage()), (0, None, "building"));
    }
}
