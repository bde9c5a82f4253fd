//! What somebody sees who calls the box by a name that is not allowed: why, and how to allow it.

use super::frame::{Frame, html};
use crate::words::Words;
use askama::Template;
use axum::response::Response;
use http::StatusCode;

#[derive(Template)]
#[template(path = "strange_host.html")]
struct StrangeHostPage {
    frame: Frame,
    why: String,
    /// The name as the ways to allow it want it; `None` where no setting could hold it.
    name: Option<String>,
}

/// `host` is what a stranger's link or script made of it.
pub fn page(host: &str) -> Response {
    let words = Words::english();
    let why = words.say_with("host-why", "host", host);
    let title = words.say("host-title");
    let page = StrangeHostPage { frame: Frame::new(words, &title, ""), why, name: allowable(host) };
    let mut response = html(&page);
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response
}

/// A name that can be copied into a shell and a file: nothing but letters, digits, `-`, `_` and dots.
pub fn allowable(host: &str) -> Option<String> {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_name_is_put_into_commands() {
        assert_eq!(allowable("Box.LAN."), Some("box.lan".to_owned()));
        for strange in ["", "a;reboot", "a'b", "$(x)", "--help", "a..b", &"x".repeat(64), "a b", "<script>"] {
            assert_eq!(allowable(strange), None, "{strange}");
        }
    }
}
