//! What the buttons do, and what keeps others from pressing them.

use super::state::{BoxState, in_trouble, open, pages, redis, send};
use crate::pages::tests::{ask, has_no_live_markup, seal, signed_in, to};
use crate::ports::system::{Refused, Stage};
use http::{Method, StatusCode, header};

/// Each form with its fields, what it makes the box do, and where it leads.
const FORMS: [(&str, &str, &str, &str); 7] = [
    ("/system/engine/look", "", "look", "/system?done=looked#engine"),
    ("/system/services/redis/retry", "", "retry redis", "/system?done=retried"),
    ("/system/services/redis/home", "home=container", "choose redis Container", "/system?done=chosen"),
    ("/system/services/redis/home", "home=native", "choose redis Native", "/system?done=chosen"),
    ("/system/services/store/home", "home=container", "choose store Container", "/system?done=chosen"),
    ("/system/issues/data_dir_open/repair", "", "repair data_dir_open", "/system?done=repaired"),
    ("/system/jobs/j-1/cancel", "", "cancel j-1", "/system?done=cancelled"),
];

#[tokio::test]
async fn each_button_does_its_deed_and_says_so() {
    let (face, state) = pages("owner", BoxState::default());
    for (path, fields, deed, to) in FORMS {
        let sent = send(&face, path, fields).await;
        assert_eq!((sent.status, sent.leads_to()), (StatusCode::SEE_OTHER, to));
        assert_eq!(state.done(), [deed]);
        let (page, _) = to.split_once('#').unwrap_or((to, ""));
        assert!(open(&face, page).await.text.contains("class=\"done\" role=\"status\""), "{page}");
    }
    assert!(!open(&face, "/system?done=nonsense").await.text.contains("class=\"done\""));
    let nowhere = send(&face, "/system/services/redis/home", "home=moon").await;
    assert_eq!((nowhere.status, state.done()), (StatusCode::BAD_REQUEST, Vec::new()));
}

#[tokio::test]
async fn no_form_from_elsewhere_or_of_somebody_else_does_anything() {
    let (face, state) = pages("owner", BoxState::default());
    let (member, members) = pages("member", BoxState::default());
    for (path, fields, ..) in FORMS {
        let sealed = format!("seal={}&{fields}", seal("we_session=wes_good"));
        let unsealed = ask(&face, signed_in(Method::POST, path), fields).await;
        let foreign = to(Method::POST, path)
            .header("cookie", "we_session=wes_good")
            .header("sec-fetch-site", "cross-site");
        let foreign = ask(&face, foreign, &sealed).await;
        let theirs = send(&member, path, fields).await;
        assert_eq!([unsealed.status, foreign.status, theirs.status], [StatusCode::FORBIDDEN; 3], "{path}");
        let nobody =
            ask(&face, to(Method::POST, path).header("sec-fetch-site", "same-origin"), &sealed).await;
        assert_eq!(nobody.leads_to(), "/sign-in", "{path}");
    }
    assert_eq!([state.done(), members.done()], [Vec::<String>::new(), Vec::new()]);
}

#[tokio::test]
async fn what_is_gone_is_not_found_and_what_fails_is_told() {
    for (path, fields, ..) in &FORMS[1..] {
        let (face, _) = pages("owner", BoxState { outcome: Err(Refused::Unknown), ..BoxState::default() });
        assert_eq!(send(&face, path, fields).await.status, StatusCode::NOT_FOUND, "{path}");
        let failed = Err(Refused::Failed("<script>no".to_owned()));
        let (face, _) = pages("owner", BoxState { outcome: failed, ..BoxState::default() });
        let page = send(&face, path, fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(page.text.contains("role=\"alert\">This was not done: &#60;script"), "{}", page.text);
        has_no_live_markup(&page.text);
    }
}

#[tokio::test]
async fn a_switch_says_first_what_is_fetched_and_what_is_lost() {
    let (face, state) = pages("owner", BoxState::default());
    let page = open(&face, "/system/services/redis/home?home=container").await;
    for words in [
        "redis:7",
        "192 MB",
        "is told as soon as it is fetched",
        "data: 20 GB",
        "starts empty",
        "No container engine is ready",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(page.text.contains("name=\"home\" value=\"container\""));
    let page = open(&face, "/system/services/store/home?home=container").await;
    for words in ["postgres:17", "192 MB", "nobody is answered while it is copied", "kept as it was"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let back = open(&face, "/system/services/store/home?home=native").await;
    assert!(back.text.contains("carried back into one file") && !back.text.contains("No container engine"));
    for path in ["engine/home?home=container", "moon/home?home=native"] {
        let none = open(&face, &format!("/system/services/{path}")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(state.done(), Vec::<String>::new());

    let (face, _) = pages("owner", BoxState::with(redis(Stage::Serving { since: 0 })));
    assert!(open(&face, "/system").await.text.contains("/system/services/redis/home?home=native"));
    let page = open(&face, "/system/services/redis/home?home=native").await;
    assert!(page.text.contains("Redis’s container is ended and taken away"), "{}", page.text);
    assert!(!page.text.contains("No container engine"));
}

#[tokio::test]
async fn a_page_that_tells_of_a_failure_still_has_the_button() {
    let outcome = Err(Refused::Failed("no".to_owned()));
    let state = BoxState { outcome, ..BoxState::with(in_trouble(Stage::Parked, "x")) };
    let (face, _) = pages("owner", state);
    let page = send(&face, "/system/services/redis/retry", "").await;
    assert!(page.text.contains("aria-label=\"Try Redis again\""), "{}", page.text);
}

#[tokio::test]
async fn diagnostics_are_a_file_for_the_owner_and_nobody_else() {
    let path = "/system/diagnostics";
    let (face, state) = pages("owner", BoxState::default());
    assert!(open(&face, "/system").await.text.contains("action=\"/system/diagnostics\""));
    let file = send(&face, path, "").await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "a tar archive"));
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/x-tar");
    assert_eq!(
        file.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"whisperengine-diagnostics.tar\""
    );
    assert_eq!(
        [&file.headers[header::X_CONTENT_TYPE_OPTIONS], &file.headers[header::CACHE_CONTROL]],
        ["nosniff", "no-store"]
    );
    assert_eq!(state.done(), ["diagnostics"]);

    let (member, members) = pages("member", BoxState::default());
    assert_eq!(send(&member, path, "").await.status, StatusCode::FORBIDDEN);
    let unsealed = ask(&face, signed_in(Method::POST, path), "").await;
    assert_eq!(unsealed.status, StatusCode::FORBIDDEN);
    assert_eq!([state.done(), members.done()], [Vec::<String>::new(), Vec::new()]);
    let failed = Err(Refused::Failed("<b>no".to_owned()));
    let (face, _) = pages("owner", BoxState { outcome: failed, ..BoxState::default() });
    let page = send(&face, path, "").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("This was not done: &#60;b&#62;no"), "{}", page.text);
}
