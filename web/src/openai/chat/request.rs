//! What a client asks, checked. What cannot be honoured is refused by name, never dropped; sampling
//! parameters and whatever else only tunes a model are the owner's to choose and are not looked at.

use crate::openai::errors::Complaint;
use axum::body::Body;
use engine_client::problem::ErrorCode;
use http::StatusCode;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    pub model: String,
    /// Oldest first.
    pub messages: Vec<Spoken>,
    pub max_tokens: Option<i64>,
    pub stream: bool,
    pub include_usage: bool,
    /// False: the client wishes that nothing of it is kept.
    pub store: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions of the client's own.
    System,
    Person,
    Companion,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub role: Role,
    pub text: String,
}

#[derive(Deserialize)]
struct Document {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<i64>,
    tools: Option<Vec<Value>>,
    functions: Option<Vec<Value>>,
    store: Option<bool>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
    tool_calls: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl ChatRequest {
    pub async fn read(body: Body) -> Result<Self, Complaint> {
        let bytes = body.collect().await.map_err(|_| {
            let cut = "the request could not be read to its end";
            Complaint::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid.as_str(), cut)
        })?;
        Self::parse(&bytes.to_bytes())
    }

    fn parse(bytes: &[u8]) -> Result<Self, Complaint> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| {
            Complaint::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid.as_str(), error.to_string())
        })?;
        if document.n.is_some_and(|n| n != 1) {
            return Err(Complaint::field("n", "only one answer is given at a time; leave `n` out"));
        }
        for (param, tools) in [("tools", &document.tools), ("functions", &document.functions)] {
            if tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
                return Err(Complaint::field(
                    param,
                    format!("tools are not supported yet; leave `{param}` out"),
                ));
            }
        }
        let limit = match (document.max_completion_tokens, document.max_tokens) {
            (Some(most), _) => Some(("max_completion_tokens", most)),
            (None, most) => most.map(|most| ("max_tokens", most)),
        };
        if let Some((param, _)) = limit.filter(|(_, most)| *most < 1) {
            return Err(Complaint::field(param, format!("{param}: at least 1")));
        }
        let messages = document.messages.into_iter().enumerate().map(spoken).collect::<Result<_, _>>()?;
        Ok(Self {
            model: document.model,
            messages,
            max_tokens: limit.map(|(_, most)| most),
            stream: document.stream.unwrap_or(false),
            include_usage: document.stream_options.and_then(|options| options.include_usage).unwrap_or(false),
            store: document.store.unwrap_or(true),
        })
    }
}

fn spoken((at, message): (usize, Message)) -> Result<Spoken, Complaint> {
    let refuse = |what: &str| Err(Complaint::field("messages", format!("messages[{at}] {what}")));
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::Person,
        "assistant" => Role::Companion,
        "tool" | "function" => return refuse("is a tool's result; tools are not supported yet"),
        _ => return refuse("has a role that is none of system, developer, user and assistant"),
    };
    if message.tool_calls.is_some_and(|calls| !calls.is_empty()) {
        return refuse("calls a tool; tools are not supported yet");
    }
    let text = match message.content {
        None => return refuse("has no content"),
        Some(Content::Text(text)) => text,
        Some(Content::Parts(parts)) => {
            let mut texts = Vec::new();
            for part in parts {
                match (part.kind.as_str(), part.text) {
                    ("text", Some(text)) => texts.push(text),
                    ("text", None) => return refuse("has a text part without text"),
                    ("image_url", _) => {
                        return refuse("has an image; images are not supported yet, send text only");
                    }
                    ("input_audio" | "file", _) => {
                        return refuse("has a file; files are not supported yet, send text only");
                    }
                    _ => return refuse("has a part of a kind that is not known here; send text only"),
                }
            }
            texts.join("\n")
        }
    };
    Ok(Spoken { role, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(changes: &Value) -> Result<ChatRequest, Complaint> {
        let mut document = json!({"model": "Wren", "messages": [{"role": "user", "content": "hi"}]});
        let fields = document.as_object_mut().expect("it is one");
        fields.extend(changes.as_object().expect("fields").clone());
        ChatRequest::parse(document.to_string().as_bytes())
    }

    #[test]
    fn both_names_of_the_limit_and_both_forms_of_content_are_taken() {
        let plain = read(&json!({"temperature": 0.2, "user": "x"})).expect("plain");
        assert_eq!(
            (plain.stream, plain.include_usage, plain.store, plain.max_tokens),
            (false, false, true, None)
        );
        for (fields, most) in [
            (json!({"max_tokens": 5}), 5),
            (json!({"max_completion_tokens": 7}), 7),
            (json!({"max_tokens": 5, "max_completion_tokens": 7}), 7),
        ] {
            assert_eq!(read(&fields).expect("a limit").max_tokens, Some(most), "{fields}");
        }
        let messages = json!([
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": "three", "tool_calls": []},
        ]);
        let spoken = read(&json!({"messages": messages})).expect("messages").messages;
        let spoken: Vec<_> = spoken.iter().map(|spoken| (spoken.role, spoken.text.as_str())).collect();
        let expected = [(Role::System, "be brief"), (Role::Person, "one\ntwo"), (Role::Companion, "three")];
        assert_eq!(spoken, expected);
        let usage = read(&json!({"stream": true, "stream_options": {"include_usage": true}, "store": false}));
        let usage = usage.expect("a stream");
        assert!(usage.stream && usage.include_usage && !usage.store);
    }

    #[test]
    fn what_cannot_be_honoured_is_named() {
        let said = |message: Value| json!({"messages": [{"role": "user", "content": "x"}, message]});
        let part =
            |part: Value| said(json!({"role": "user", "content": [{"type": "text", "text": "x"}, part]}));
        let image = part(json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}));
        for (fields, param, word) in [
            (image, Some("messages"), "images are not supported yet"),
            (part(json!({"type": "input_audio", "input_audio": {}})), Some("messages"), "files are not"),
            (part(json!({"type": "hologram"})), Some("messages"), "messages[1]"),
            (part(json!({"type": "text"})), Some("messages"), "without text"),
            (said(json!({"role": "tool", "content": "x"})), Some("messages"), "tool"),
            (said(json!({"role": "king", "content": "x"})), Some("messages"), "role"),
            (said(json!({"role": "user"})), Some("messages"), "no content"),
            (said(json!({"role": "assistant", "content": "", "tool_calls": [{}]})), Some("messages"), "tool"),
            (json!({"n": 2}), Some("n"), "one answer"),
            (json!({"tools": [{}]}), Some("tools"), "tools"),
            (json!({"max_tokens": 0}), Some("max_tokens"), "at least 1"),
            (json!({"max_completion_tokens": -1}), Some("max_completion_tokens"), "at least 1"),
            (json!({"messages": "hi"}), None, "a sequence"),
            (json!({"model": 7}), None, "string"),
        ] {
            let complaint = read(&fields).expect_err("it must be refused");
            assert_eq!(
                (complaint.status, complaint.error.param),
                (StatusCode::BAD_REQUEST, param),
                "{fields}"
            );
            assert!(complaint.error.message.contains(word), "{fields}: {}", complaint.error.message);
        }
    }
}
