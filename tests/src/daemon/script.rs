//! What a story may order of the engine, and what it is told of the calls that came.

use serde_json::{Value, json};
use tokio::sync::oneshot;

/// One call of the program under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    /// Decoded, without a version in front and without what is asked along.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The name of the container, network or volume that it is about, where there is one.
    pub subject: Option<String>,
    /// What was sent along, where it is text.
    pub body: String,
}

impl Call {
    pub fn changes(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// The verb and what follows the thing: `POST /containers/start`.
    pub fn kind(&self) -> String {
        let parts: Vec<&str> = self.path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            [what, .., act @ ("start" | "stop" | "create" | "load" | "connect" | "wait")] => {
                format!("{} /{what}/{act}", self.method)
            }
            [what, ..] => format!("{} /{what}", self.method),
            [] => self.method.clone(),
        }
    }

    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a call is answered instead of the truth. Nothing is done then.
#[derive(Clone, Debug)]
pub enum Answer {
    /// As engines refuse: a status and words.
    Refusal(u16, &'static str),
    /// The connection ends without a word.
    Cut,
    /// Nothing comes, for as long as the caller waits.
    Silence,
    /// A good beginning, these lines, and an end.
    Lines(Vec<Value>, End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Whole,
    Cut,
    Silence,
}

/// Where a call is held so that the story can end whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Nothing of it is done.
    Before,
    /// All of it is done, and nobody was told.
    After,
}

/// What is run in containers that start from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// What the image says: a real server.
    Honest,
    /// Says this and ends.
    Ends { code: i32, says: &'static str },
    /// Takes more memory than it may, and is ended for it.
    Greedy,
}

/// What the engine does with wishes for graphics cards. It lists a runtime for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cards {
    HandsOver,
    /// Says this, and starts nothing.
    Refuses(&'static str),
}

/// An image as its registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub digest: String,
    pub architecture: String,
}

/// A refusal in the middle of a stream, as engines tell it.
pub fn broken_off(message: &str) -> Value {
    json!({"errorDetail": {"message": message}, "error": message})
}

pub(super) struct Rule {
    pub method: &'static str,
    pub path: &'static str,
    /// How often it is still followed; `None` until it is taken back.
    pub left: Option<usize>,
    pub answer: Answer,
}

impl Rule {
    pub fn speaks_of(&self, call: &Call) -> bool {
        self.method == call.method && call.path.contains(self.path)
    }
}

pub(super) struct Hold {
    /// Among the calls that change something, from one.
    pub number: usize,
    pub side: Side,
    pub reached: Option<oneshot::Sender<()>>,
}
