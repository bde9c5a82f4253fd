//! What a phone or a desktop needs to know to keep the box among its programs.

use crate::assets;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::json;

/// The paper and the accent of `tokens.css`: a manifest knows no variables.
const PAPER: &str = "#fcfaf7";
const ACCENT: &str = "#a0401f";

pub async fn get() -> Response {
    let icon = |name: &str, size: &str, purpose: &str| json!({ "src": assets::address(name), "sizes": size, "type": "image/png", "purpose": purpose });
    let manifest = json!({
        "id": "/",
        "name": "WhisperEngine",
        "short_name": "Whisper",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": ACCENT,
        "icons": [
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "any"),
            icon("icon-maskable-512.png", "512x512", "maskable"),
        ],
    });
    let headers = [
        (header::CONTENT_TYPE, "application/manifest+json"),
        // It names the pictures by their content, which an update changes.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Json(manifest).into_response().into_body()).into_response()
}

#[cfg(test)]
mod tests {
    use crate::public::tests::{ask, empty, face, request};
    use engine_client::problem::{ErrorCode, Problem};
    use http::{Method, StatusCode};
    use serde_json::Value;

    /// The width and height that a PNG says it has.
    fn size(png: &[u8]) -> String {
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
        format!("{}x{}", number(16), number(20))
    }

    #[tokio::test]
    async fn the_manifest_has_what_installing_takes_and_its_pictures_are_there() {
        let face = face(Err(Problem::new(ErrorCode::StoreUnavailable, "not yet")));
        let (status, headers, body) = ask(&face, empty(request(Method::GET, "/manifest.webmanifest"))).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (StatusCode::OK, &"application/manifest+json".parse().expect("a value"))
        );
        let manifest: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((&manifest["start_url"], &manifest["display"]), (&"/".into(), &"standalone".into()));
        assert!(manifest["name"].is_string() && manifest["short_name"].is_string());
        let icons = manifest["icons"].as_array().expect("pictures");
        for icon in icons {
            let path = icon["src"].as_str().expect("an address");
            let (status, headers, picture) = ask(&face, empty(request(Method::GET, path))).await;
            assert_eq!(
                (status, &headers["content-type"]),
                (StatusCode::OK, &"image/png".parse().expect("a value"))
            );
            assert_eq!(icon["sizes"], size(&picture), "{path}");
        }
        let of = |purpose: &str| -> Vec<&str> {
            icons
                .iter()
                .filter(|icon| icon["purpose"] == purpose)
                .filter_map(|icon| icon["sizes"].as_str())
                .collect()
        };
        assert_eq!((of("any"), of("maskable")), (vec!["192x192", "512x512"], vec!["512x512"]));

        let (_, headers, page) = ask(&face, empty(request(Method::GET, "/certificate"))).await;
        let page = String::from_utf8(page).expect("text");
        assert!(page.contains("rel=\"manifest\" href=\"/manifest.webmanifest\""), "{page}");
        let touch =
            page.split("rel=\"apple-touch-icon\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let (_, _, picture) = ask(&face, empty(request(Method::GET, touch.expect("a picture")))).await;
        assert_eq!(size(&picture), "180x180");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("manifest-src 'self'"), "{policy}");
    }
}
