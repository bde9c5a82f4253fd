//! Style, scripts and pictures: they ship inside the program and are named by what is in them, so that a browser
//! keeps them for ever and never mixes two versions.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
    mark: u32,
}

/// Tells one content from another, not from a forged one: FNV-1a, which the compiler can do.
const fn mark(content: &[u8]) -> u32 {
    let (mut hash, mut at) = (0x811c_9dc5_u32, 0);
    while at < content.len() {
        hash = (hash ^ content[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

const fn asset(name: &'static str, media_type: &'static str, content: &'static [u8]) -> Asset {
    Asset { name, media_type, content, mark: mark(content) }
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

const ASSETS: &[Asset] = &[
    asset("tokens.css", CSS, include_bytes!("../assets/tokens.css")),
    asset("app.css", CSS, include_bytes!("../assets/app.css")),
    asset("chat.css", CSS, include_bytes!("../assets/chat.css")),
    asset("aloud.js", SCRIPT, include_bytes!("../assets/aloud.js")),
    asset("back.js", SCRIPT, include_bytes!("../assets/back.js")),
    asset("chat.js", SCRIPT, include_bytes!("../assets/chat.js")),
    asset("ears.worklet.js", SCRIPT, include_bytes!("../assets/ears.worklet.js")),
    asset("follow.js", SCRIPT, include_bytes!("../assets/follow.js")),
    asset("live.js", SCRIPT, include_bytes!("../assets/live.js")),
    asset("palette.js", SCRIPT, include_bytes!("../assets/palette.js")),
    asset("system.js", SCRIPT, include_bytes!("../assets/system.js")),
    asset("talk.js", SCRIPT, include_bytes!("../assets/talk.js")),
    asset("times.js", SCRIPT, include_bytes!("../assets/times.js")),
    asset("icon.svg", SVG, include_bytes!("../assets/icon.svg")),
    // `icon.svg` for those who want pictures made of dots; `maskable` has room to be cut to any shape.
    asset("icon-192.png", PNG, include_bytes!("../assets/icon-192.png")),
    asset("icon-512.png", PNG, include_bytes!("../assets/icon-512.png")),
    asset("icon-maskable-512.png", PNG, include_bytes!("../assets/icon-maskable-512.png")),
    asset("apple-touch-icon.png", PNG, include_bytes!("../assets/apple-touch-icon.png")),
];

/// Where this asset is, with a mark of its content.
pub fn address(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name).expect("templates name only what is there");
    format!("/assets/{:08x}/{name}", asset.mark)
}

/// Any mark is answered: a page from before an update still gets its style.
pub async fn get(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.content).into_response()
}
