//! How the pages look: chosen here, kept with the person, and applied by one stylesheet of their own.
//!
//! The stylesheet is asked for with every page and before it is painted, so there is no flash, no inline
//! style, and no page has to know of it; even an error page follows. A browser keeps it for a few minutes,
//! for as long as its cookies are the same: the mark is a cookie that says nothing else.

use super::resident::Resident;
use super::shell::{After, Section, Shell};
use crate::pages::error::PageError;
use crate::pages::form::Sealed;
use crate::pages::frame::{Frame, html};
use crate::pages::session;
use crate::pages::visit::{Member, Outside};
use crate::public::router::Face;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use engine_client::wire::appearance::{AppearanceView, TextSizeView, ThemeView};
use http::{HeaderValue, header};
use serde::Deserialize;

const PATH: &str = "/api/v1/me/appearance";
/// The colours that the page offers, with enough contrast in light and dark: what differs is only the hue.
const HUES: [u16; 7] = [35, 75, 145, 190, 250, 295, 350];

#[derive(Template)]
#[template(path = "settings_appearance.html")]
struct AppearancePage {
    frame: Frame,
    shell: Shell,
    themes: Vec<Choice>,
    sizes: Vec<Choice>,
    hues: Vec<Choice>,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Deserialize)]
pub struct Chosen {
    theme: ThemeView,
    size: TextSizeView,
    /// Left out where the one that was chosen is none of ours.
    #[serde(default)]
    hue: String,
}

pub async fn get(
    State(face): State<Face>,
    resident: Resident,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let now: AppearanceView = resident.client.get(PATH).await?;
    let say = |name: &str| face.words.say(name);
    let theme = |theme: ThemeView, value: &str, name: String| Choice {
        value: value.to_owned(),
        name,
        chosen: theme == now.theme,
    };
    let size = |size: TextSizeView, value: &str, name: String| Choice {
        value: value.to_owned(),
        name,
        chosen: size == now.text_size,
    };
    let hue =
        |hue: &u16| Choice { value: hue.to_string(), name: hue_name(&face, *hue), chosen: *hue == now.hue };
    let shell = resident.shell(&face, Section::Appearance);
    let page = AppearancePage {
        frame: resident.frame(&face, &Section::Appearance.name(&face.words)),
        shell: shell.with_done((after.done == "kept").then(|| say("settings-appearance-kept"))),
        themes: vec![
            theme(ThemeView::Device, "device", say("settings-theme-device")),
            theme(ThemeView::Light, "light", say("settings-theme-light")),
            theme(ThemeView::Dark, "dark", say("settings-theme-dark")),
        ],
        sizes: vec![
            size(TextSizeView::Usual, "usual", say("settings-size-usual")),
            size(TextSizeView::Large, "large", say("settings-size-large")),
            size(TextSizeView::Largest, "largest", say("settings-size-largest")),
        ],
        hues: HUES.iter().map(hue).collect(),
    };
    Ok(html(&page))
}

pub async fn choose(resident: Resident, Sealed(asked): Sealed<Chosen>) -> Result<Response, PageError> {
    let hue = if asked.hue.is_empty() {
        resident.client.get::<AppearanceView>(PATH).await?.hue
    } else {
        asked.hue.parse().map_err(|_| PageError::Incomplete)?
    };
    let chosen = AppearanceView { theme: asked.theme, text_size: asked.size, hue };
    let kept: AppearanceView = resident.client.patch(PATH, &chosen).await?;
    let mark = session::look(&format!("{:?}-{:?}-{}", kept.theme, kept.text_size, kept.hue), resident.secure);
    let to = Redirect::to("/settings/appearance?done=kept");
    Ok(([(header::SET_COOKIE, mark)], to).into_response())
}

/// The stylesheet of whoever is signed in; an empty one for anybody else.
pub async fn stylesheet(member: Result<Member, Outside>) -> Response {
    let chosen = match member {
        Ok(member) => member.client.get::<AppearanceView>(PATH).await.ok().map(rules),
        Err(Outside::SignIn { .. }) => Some(String::new()),
        Err(Outside::Failed(_)) => None,
    };
    // A page is worth more than its looks: where they cannot be had, it has the usual ones.
    let (rules, kept) = match chosen {
        Some(rules) => (rules, "private, max-age=300"),
        None => (String::new(), "no-store"),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
        (header::VARY, HeaderValue::from_static("cookie")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, rules).into_response()
}

/// Words of ours and a number: nothing in it was written by anybody.
fn rules(chosen: AppearanceView) -> String {
    let scheme = match chosen.theme {
        ThemeView::Device => "light dark",
        ThemeView::Light => "light",
        ThemeView::Dark => "dark",
    };
    let size = match chosen.text_size {
        TextSizeView::Usual => "100%",
        TextSizeView::Large => "112.5%",
        TextSizeView::Largest => "125%",
    };
    format!(":root {{ color-scheme: {scheme}; font-size: {size}; --hue: {}; }}\n", chosen.hue)
}

fn hue_name(face: &Face, hue: u16) -> String {
    match hue {
        75 => face.words.say("settings-hue-amber"),
        145 => face.words.say("settings-hue-green"),
        190 => face.words.say("settings-hue-teal"),
        250 => face.words.say("settings-hue-blue"),
        295 => face.words.say("settings-hue-violet"),
        350 => face.words.say("settings-hue-pink"),
        _ => face.words.say("settings-hue-rose"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_rule() {
        let dark = AppearanceView { theme: ThemeView::Dark, text_size: TextSizeView::Large, hue: 250 };
        assert_eq!(rules(dark), ":root { color-scheme: dark; font-size: 112.5%; --hue: 250; }\n");
    }
}
