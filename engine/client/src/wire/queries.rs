//! What stands in the query of a path.

use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationsQuery {
    /// Only those that are pinned, or only those that are not.
    pub pinned: Option<bool>,
    /// Those that can be brought back, instead of all others.
    #[serde(default)]
    pub removed: bool,
    /// `next` of the last page.
    pub before: Option<String>,
    /// From 1 to 200.
    pub limit: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagesQuery {
    /// `next` of the last page.
    pub before: Option<Uuid>,
    /// A message to end with, on whichever branch it is; not together with `before`.
    pub until: Option<Uuid>,
    /// From 1 to 200.
    pub limit: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveQuery {
    /// At once, and without a way back.
    #[serde(default)]
    pub forever: bool,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    pub q: String,
    /// Only what was said with this companion.
    pub companion: Option<Uuid>,
    /// From 1 to 200.
    pub limit: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnQuery {
    /// Answer when the turn has ended rather than when it is stored.
    #[serde(default)]
    pub wait: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The place to begin at: the id of the last event that was seen.
    pub from: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelsQuery {
    /// Only what this name means: one, or none.
    pub name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    /// What the file is called.
    pub name: String,
}
