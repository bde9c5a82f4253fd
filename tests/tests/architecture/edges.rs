//! The one-way rule between packages: `supervisor → {web, engine, voice} → {engine-client,
//! voice-client}`, `voice-client` goes by the transports of `engine-client`, and `engine` and `supervisor` may use `engine-outbound`.

use super::source;
use cargo_metadata::MetadataCommand;

/// What each package may depend on among ours, tests included. `engine`, `voice` and `web` meet only
/// in `supervisor`; the model server stands alone; the stories see the program from outside.
const ALLOWED: &[(&str, &[&str])] = &[
    ("supervisor", &["web", "engine", "voice", "engine-client", "voice-client", "engine-outbound"]),
    ("engine", &["engine-client", "voice-client", "engine-outbound"]),
    ("voice", &["engine-client", "voice-client"]),
    ("web", &["engine-client", "voice-client"]),
    ("tests", &["engine-client", "voice-client"]),
    ("engine-client", &[]),
    ("engine-outbound", &[]),
    ("voice-client", &["engine-client"]),
    ("whisperengine-llm", &[]),
];

fn violations(edges: &[(String, Vec<String>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (package, dependencies) in edges {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == package) else {
            found.push(format!("{package} has no place in the dependency rule"));
            continue;
        };
        for dependency in dependencies {
            if !allowed.contains(&dependency.as_str()) {
                found.push(format!("{package} must not depend on {dependency}"));
            }
        }
    }
    found
}

/// Each of our packages with those of ours it names, for any purpose and on any platform.
fn edges() -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let metadata =
        MetadataCommand::new().manifest_path(source::root().join("Cargo.toml")).no_deps().exec()?;
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let edges = metadata.packages.iter().map(|package| {
        let named = package.dependencies.iter().map(|dependency| dependency.name.clone());
        (package.name.to_string(), named.filter(|name| ours.contains(&name.as_str())).collect())
    });
    Ok(edges.collect())
}

#[test]
fn packages_depend_one_way() -> anyhow::Result<()> {
    let edges = edges()?;
    assert!(
        edges
            .iter()
            .any(|(package, named)| package == "supervisor" && named.iter().any(|name| name == "engine")),
        "the edges were not read: {edges:?}"
    );
    assert_eq!(violations(&edges), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_wrong_edge_and_an_unknown_package_are_caught() {
    let edges = [
        ("web".to_owned(), vec!["engine-client".to_owned(), "engine".to_owned()]),
        ("utils".to_owned(), Vec::new()),
    ];
    let wanted = ["web must not depend on engine", "utils has no place in the dependency rule"];
    assert_eq!(violations(&edges), wanted);
}
