//! The contract as an OpenAPI document, written from the list of routes and the wire types.

use super::operation::{Content, Description, Who};
use super::operations::Operation;
use crate::problem::{PROBLEM_JSON, Problem};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Whatever a file holds.
const BYTES: &str = "application/octet-stream";

/// `version` is the program's.
pub fn document(version: &str) -> Value {
    let mut schemas = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let problem = content(PROBLEM_JSON, &schemas.subschema_for::<Problem>());
    let mut paths: Map<String, Value> = Map::new();
    for &operation in Operation::ALL {
        let described = operation.description();
        let path = paths.entry(described.path).or_insert_with(|| json!({}));
        path[described.method.as_str().to_ascii_lowercase()] =
            described_operation(operation, &described, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "WhisperEngine",
            "version": version,
            "description": "Times are microseconds since the epoch, UTC. Every call carries a key.",
        },
        "security": [{"bearer": []}, {"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key from `whisperengine key create`."},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key."},
            },
            "responses": {
                "Problem": {
                    "description": "It did not go well; `code` says why and `detail` what to do.",
                    "headers": {"Retry-After": {
                        "description": "Seconds after which asking again makes sense.",
                        "schema": {"type": "integer", "minimum": 1},
                    }},
                    "content": problem,
                },
            },
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn described_operation(
    operation: Operation,
    described: &Description,
    schemas: &mut SchemaGenerator,
) -> Value {
    let mut responses = Map::new();
    for status in described.status {
        let mut answer = json!({"description": "Done."});
        if let Some(content) = carried(described.gives, schemas) {
            answer["content"] = content;
        }
        responses.insert(status.to_string(), answer);
    }
    responses.insert("default".to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    let mut value = json!({
        "operationId": id(operation),
        "summary": described.doc[0].trim(),
        "description": prose(described),
        "parameters": parameters(described, schemas),
        "responses": responses,
    });
    if let Some(content) = carried(described.takes, schemas) {
        value["requestBody"] = json!({"required": true, "content": content});
    }
    value
}

/// In the style of most clients that are made from such a document.
fn id(operation: Operation) -> String {
    let name = format!("{operation:?}");
    name[..1].to_ascii_lowercase() + &name[1..]
}

fn prose(described: &Description) -> String {
    let who = match described.who {
        Who::Anyone => "For whoever has a key.",
        Who::Resident => "For everybody who lives here, and only about what is their own.",
        Who::Owner => "For the owner of the box.",
        Who::Operator => "For whoever sits at the box's own terminal; no key opens it.",
    };
    described.doc.iter().map(|line| line.trim()).chain([who]).collect::<Vec<_>>().join("\n")
}

fn parameters(described: &Description, schemas: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = described.path.split(['{', '}']).skip(1).step_by(2).map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}})
    });
    let mut parameters: Vec<Value> = in_path.collect();
    if let Some(query) = described.query {
        let query = query(schemas).to_value();
        let required = query["required"].as_array().cloned().unwrap_or_default();
        let fields = query["properties"].as_object().cloned().unwrap_or_default();
        parameters.extend(fields.into_iter().map(|(name, schema)| {
            json!({
                "name": name, "in": "query", "required": required.contains(&json!(name)), "schema": schema,
            })
        }));
    }
    parameters
}

fn carried(what: Content, schemas: &mut SchemaGenerator) -> Option<Value> {
    match what {
        Content::Nothing => None,
        Content::Json(schema) => Some(content("application/json", &schema(schemas))),
        Content::File => Some(json!({BYTES: {}})),
        Content::Events => Some(json!({"text/event-stream": {"schema": {"type": "string"}}})),
    }
}

fn content(media_type: &str, schema: &Schema) -> Value {
    json!({media_type: {"schema": schema}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// All `$ref`s below, and none of them to nowhere.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = document("1.2.3");
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .expect("paths")
            .iter()
            .flat_map(|(path, ways)| {
                let ways = ways.as_object().expect("ways").keys();
                ways.map(|way| (way.to_ascii_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let listed: BTreeSet<(String, String)> = Operation::ALL
            .iter()
            .map(|operation| (operation.method().to_string(), operation.path().to_owned()))
            .collect();
        assert_eq!(described, listed);
        assert_eq!(listed.len(), Operation::ALL.len(), "two routes have the same method and path");
        assert_eq!(document["info"]["version"], "1.2.3");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("1");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let place = reference.strip_prefix('#').expect("a place in this document");
            assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn what_goes_in_and_comes_out_is_told() {
        let document = document("1");
        let take = &document["paths"]["/api/v1/conversations/{id}/turns"]["post"];
        let (path, query) = (&take["parameters"][0], &take["parameters"][1]);
        assert_eq!(
            (&path["name"], &path["in"], &path["required"]),
            (&json!("id"), &json!("path"), &json!(true))
        );
        assert_eq!((&query["name"], &query["required"]), (&json!("wait"), &json!(false)));
        let body = &take["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(body, "#/components/schemas/NewTurn");
        assert_eq!(document["components"]["schemas"]["NewTurn"]["required"], json!(["id", "text"]));
        assert!(take["responses"]["202"]["content"]["application/json"].is_object());
        let codes = document["components"]["schemas"]["ErrorCode"].to_string();
        assert!(codes.contains("too_many_requests") && codes.contains("not_found"), "{codes}");
        let events = &document["paths"]["/api/v1/turns/{id}/events"]["get"];
        assert!(events["responses"]["200"]["content"]["text/event-stream"].is_object());
    }
}
