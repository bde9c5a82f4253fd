//! What is served is in the lists: no router has a route that was written by hand beside them, so none that
//! the table of who may see what does not know.

use super::rooms::{is_test, product};
use super::source::{self, Source, parts};

/// Where the lists become routers, and how.
const FROM_THE_LIST: [(&str, &str); 2] = [
    ("engine/src/api/router.rs", ".route(operation.path(), "),
    ("web/src/public/router.rs", ".route(address.path(), "),
];
/// What else would open a way in.
const WAYS: [&str; 5] = [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback_service("];

fn violations(source: &Source) -> Vec<String> {
    let served = source.path.starts_with("engine/src/") || source.path.starts_with("web/src/");
    if !served || is_test(&source.segments()) || source.path.contains("/suite/") {
        return Vec::new();
    }
    let code = parts(product(&source.text)).code;
    let from_the_list = |rest: &str| {
        FROM_THE_LIST.iter().any(|(path, written)| source.path == *path && rest.starts_with(written))
    };
    let written = WAYS.iter().flat_map(|way| code.match_indices(way));
    let by_hand = written.filter(|(at, _)| !from_the_list(&code[*at..]));
    by_hand
        .map(|(_, way)| {
            format!(
                "{}: `{way}` beside the list: a route is a line in `contract/operations` or \
                 `public/addresses`, and an arm of `handler`",
                source.path
            )
        })
        .collect()
}

#[test]
fn every_route_comes_from_a_list() -> anyhow::Result<()> {
    let sources = source::all()?;
    let found: Vec<String> = sources.iter().flat_map(violations).collect();
    assert_eq!(found, Vec::<String>::new());
    for (path, written) in FROM_THE_LIST {
        let router = sources.iter().find(|source| source.path == path);
        let reads = router.is_some_and(|router| parts(&router.text).code.contains(written));
        assert!(reads, "{path} no longer reads its list with `{written}`");
    }
    Ok(())
}

#[test]
fn a_route_written_by_hand_is_caught_wherever_it_is() {
    let by_hand = "let routes = routes.route(\"/secret\", get(secret));";
    for path in ["engine/src/api/router.rs", "web/src/public/router.rs", "web/src/pages/chat/page.rs"] {
        assert_eq!(violations(&Source::new(path, by_hand)).len(), 1, "{path}");
    }
    let nested = "routes.nest(\"/more\", more()).fallback_service(files)";
    assert_eq!(violations(&Source::new("web/src/public/router.rs", nested)).len(), 2);
    let other_list = "router.route(address.path(), handler)";
    assert_eq!(violations(&Source::new("engine/src/api/router.rs", other_list)).len(), 1);
    assert!(violations(&Source::new("web/src/public/router.rs", other_list)).is_empty());
    assert!(violations(&Source::new("web/src/public/tests.rs", by_hand)).is_empty());
}
