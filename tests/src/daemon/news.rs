//! The engine's news: what happens to containers, as a stream of lines that ends when the story says so.

use super::script::Call;
use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use tokio::sync::broadcast;

/// Listeners that are slow lose the oldest, as they would.
const KEPT: usize = 256;

pub(super) struct News {
    sender: broadcast::Sender<Told>,
}

#[derive(Clone)]
enum Told {
    Happened { labels: BTreeMap<String, String>, line: String },
    Over,
}

impl Default for News {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(KEPT) }
    }
}

impl News {
    pub fn tell(
        &self,
        action: &str,
        id: &str,
        labels: &BTreeMap<String, String>,
        more: Option<(&str, String)>,
    ) {
        let mut attributes = labels.clone();
        attributes.extend(more.map(|(name, value)| (name.to_owned(), value)));
        let line = json!({
            "Type": "container",
            "Action": action,
            "Actor": {"ID": id, "Attributes": attributes},
            "scope": "local",
        });
        // Nobody need listen.
        let _ = self.sender.send(Told::Happened { labels: labels.clone(), line: format!("{line}\n") });
    }

    /// Every line that is open ends, without an error.
    pub fn cut(&self) {
        let _ = self.sender.send(Told::Over);
    }

    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    /// From now on, what `call` asks for.
    pub fn lines(&self, call: &Call) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        let wanted = wanted_labels(call);
        unfold((self.sender.subscribe(), wanted), |(mut receiver, wanted)| async move {
            loop {
                match receiver.recv().await {
                    Ok(Told::Happened { labels, line }) => {
                        let has = |(name, value): &(String, String)| labels.get(name) == Some(value);
                        if wanted.iter().all(has) {
                            return Some((Ok(Bytes::from(line)), (receiver, wanted)));
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Ok(Told::Over) | Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
    }
}

/// Of the filters that a list or a stream is asked with: labels and their values.
pub(super) fn wanted_labels(call: &Call) -> Vec<(String, String)> {
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    wanted(call, "label").iter().filter_map(pair).collect()
}

pub(super) fn wanted(call: &Call, filter: &str) -> Vec<String> {
    let filters = call.asked("filters").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let values = filters.and_then(|filters| filters.get(filter).cloned());
    match values {
        Some(Value::Array(all)) => all.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect(),
        // Docker's own old shape: each wanted value is a name with `true`.
        Some(Value::Object(all)) => all.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
