//! How each kind of device is told to trust the box, where its certificate comes from its own authority.

use super::frame::{Frame, html};
use crate::public::authority::fingerprint;
use crate::public::router::Face;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    frame: Frame,
    /// `None` where there is nothing to trust.
    fingerprint: Option<String>,
    devices: Vec<Device>,
}

struct Device {
    name: String,
    steps: Vec<String>,
}

pub async fn get(State(face): State<Face>) -> Response {
    let words = &face.words;
    let frame = Frame::new(words.clone(), &words.say("certificate-title"), "");
    let Some(certificate) = &face.authority else {
        let mut page = html(&CertificatePage { frame, fingerprint: None, devices: Vec::new() });
        *page.status_mut() = StatusCode::NOT_FOUND;
        return page;
    };
    let device = |name: String, steps: &[String]| Device { name, steps: steps.to_vec() };
    let devices = vec![
        device(
            words.say("certificate-ios"),
            &[
                words.say("certificate-ios-download"),
                words.say("certificate-ios-install"),
                words.say("certificate-ios-trust"),
            ],
        ),
        device(
            words.say("certificate-android"),
            &[
                words.say("certificate-download"),
                words.say("certificate-android-settings"),
                words.say("certificate-android-install"),
            ],
        ),
        device(
            words.say("certificate-windows"),
            &[
                words.say("certificate-windows-open"),
                words.say("certificate-windows-store"),
                words.say("certificate-restart-browser"),
            ],
        ),
        device(
            words.say("certificate-macos"),
            &[words.say("certificate-macos-open"), words.say("certificate-macos-trust")],
        ),
        device(
            words.say("certificate-linux"),
            &[
                words.say("certificate-download"),
                words.say("certificate-linux-chromium"),
                words.say("certificate-linux-firefox"),
            ],
        ),
    ];
    html(&CertificatePage { frame, fingerprint: Some(fingerprint(certificate)), devices })
}
