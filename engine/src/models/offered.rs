//! What a caller can ask for by name: every companion, then the model of every connection.
//!
//! A companion goes by its own name: people know it, it is unique in the tenant whatever its case, and
//! any script has names that a slug would spoil. A model goes by its provider's name, under its
//! connection's where the plain name could mean something else as well. A pure rule.

use crate::domain::companion::Companion;
use crate::domain::connection::Connection;
use crate::domain::ids::{CompanionId, ConnectionId};
use crate::domain::names::name_key;
use crate::domain::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Companion(CompanionId),
    Connection(ConnectionId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub name: String,
    pub target: Target,
    /// The connection's name.
    pub connection: Option<String>,
    pub created_at: Timestamp,
}

/// Companions first, each list in its own order. No name is offered twice.
pub fn offered(companions: &[Companion], connections: &[Connection]) -> Vec<Offered> {
    let mut offered: Vec<Offered> = companions.iter().map(companion).collect();
    for connection in connections {
        let plain = !ambiguous(connection, companions, connections);
        let name = if plain { connection.model.clone() } else { under_its_connection(connection) };
        // Two that cannot be told apart even so: the one that is tried first is meant.
        if named(&offered, &name).is_none() {
            offered.push(Offered {
                name,
                target: Target::Connection(connection.id),
                connection: Some(connection.name.clone()),
                created_at: connection.created_at,
            });
        }
    }
    offered
}

/// What `name` means: exactly, or a companion's name in another case, or a companion's id, which
/// outlives its name.
pub fn named<'a>(offered: &'a [Offered], name: &str) -> Option<&'a Offered> {
    let exactly = offered.iter().find(|offer| offer.name == name);
    exactly.or_else(|| {
        offered.iter().find(|offer| match offer.target {
            Target::Companion(id) => name_key(&offer.name) == name_key(name) || id.to_string() == name,
            Target::Connection(_) => false,
        })
    })
}

fn companion(companion: &Companion) -> Offered {
    Offered {
        name: companion.name.clone(),
        target: Target::Companion(companion.id),
        connection: None,
        created_at: companion.created_at,
    }
}

fn ambiguous(connection: &Connection, companions: &[Companion], connections: &[Connection]) -> bool {
    let others = connections.iter().filter(|other| other.id != connection.id);
    let mut taken = others.flat_map(|other| [other.model.clone(), under_its_connection(other)]);
    taken.any(|name| name == connection.model)
        || companions.iter().any(|companion| name_key(&companion.name) == name_key(&connection.model))
}

fn under_its_connection(connection: &Connection) -> String {
    format!("{}/{}", connection.name, connection.model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::companions::first::first_companion;
    use crate::domain::ids::TenantId;
    use crate::models::tests::{FixedClock, connection};
    use uuid::Uuid;

    fn called(names: &[&str]) -> Vec<Companion> {
        let tenant = TenantId(Uuid::nil());
        let make = |name: &&str| {
            let first = first_companion(tenant, &FixedClock::with_chance(0));
            Companion { id: CompanionId(Uuid::new_v4()), name: (*name).to_owned(), ..first }
        };
        names.iter().map(make).collect()
    }

    fn serving(models: &[(&str, &str)]) -> Vec<Connection> {
        let make = |(name, model): &(&str, &str)| Connection {
            id: ConnectionId(Uuid::new_v4()),
            name: (*name).to_owned(),
            model: (*model).to_owned(),
            ..connection(name)
        };
        models.iter().map(make).collect()
    }

    #[test]
    fn a_model_is_named_after_its_connection_only_where_its_own_name_could_mean_another() {
        for (companions, connections, expected) in [
            (vec!["Wren"], vec![], vec!["Wren"]),
            (vec!["Wren"], vec![("home", "qwen")], vec!["Wren", "qwen"]),
            (vec![], vec![("home", "qwen"), ("away", "qwen")], vec!["home/qwen", "away/qwen"]),
            (
                vec![],
                vec![("home", "qwen"), ("away", "qwen"), ("far", "glm")],
                vec!["home/qwen", "away/qwen", "glm"],
            ),
            (vec!["Qwen"], vec![("home", "qwen")], vec!["Qwen", "home/qwen"]),
            (vec![], vec![("a", "b"), ("other", "a/b")], vec!["b", "other/a/b"]),
            (
                vec![],
                vec![("a", "b/c"), ("a/b", "c"), ("x", "c"), ("y", "b/c")],
                vec!["a/b/c", "x/c", "y/b/c"],
            ),
        ] {
            let offered = offered(&called(&companions), &serving(&connections));
            let names: Vec<&str> = offered.iter().map(|offer| offer.name.as_str()).collect();
            assert_eq!(names, expected, "{companions:?} {connections:?}");
        }
    }

    #[test]
    fn a_companion_is_found_in_any_case_and_by_its_id_and_a_model_by_its_exact_name() {
        let (companions, connections) = (called(&["Élena", "Wren"]), serving(&[("home", "Qwen")]));
        let offered = offered(&companions, &connections);
        let target = |name: &str| named(&offered, name).map(|offer| offer.target);
        assert_eq!(target("éLENA"), Some(Target::Companion(companions[0].id)));
        assert_eq!(target(&companions[1].id.to_string()), Some(Target::Companion(companions[1].id)));
        assert_eq!(target("Qwen"), Some(Target::Connection(connections[0].id)));
        for unknown in ["qwen", "home/Qwen", "", "nobody"] {
            assert_eq!(target(unknown), None, "{unknown}");
        }
    }
}
