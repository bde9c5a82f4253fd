//! Style and scripts: they ship inside the program and are named by what is in them, so that a browser
//! keeps them for ever and never mixes two versions.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "tokens.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../assets/tokens.css"),
    },
    Asset {
        name: "app.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../assets/app.css"),
    },
    Asset {
        name: "chat.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/chat.js"),
    },
    Asset {
        name: "times.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/times.js"),
    },
    Asset { name: "icon.svg", media_type: "image/svg+xml", content: include_str!("../assets/icon.svg") },
];

/// Where this asset is, with a mark of its content.
pub fn address(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name).expect("templates name only what is there");
    let mark = Sha256::digest(asset.content);
    format!("/assets/{:02x}{:02x}{:02x}{:02x}/{name}", mark[0], mark[1], mark[2], mark[3])
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
