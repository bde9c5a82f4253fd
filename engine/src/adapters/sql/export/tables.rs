//! Every table of the store, with what of it travels. A test holds this list against both databases.
//!
//! The order is that of writing: whatever is referred to comes first.

use crate::adapters::sql::db::Dialect;
use crate::adapters::sql::query::places;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bytes,
    Int,
    Text,
}

#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// Columns that give every row its place; they need not travel.
    pub order: &'static [&'static str],
    /// Columns that a database fills by itself.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test against the catalogues asks"))]
    pub local: &'static [&'static str],
}

/// Tables that do not travel: the schema's own history is written by migrations.
#[cfg(test)]
pub const LEFT_OUT: &[&str] = &["schema_history"];

impl Table {
    pub fn select(&self, dialect: Dialect) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let order: Vec<String> = self.order.iter().map(|name| self.ordered(name, dialect)).collect();
        format!("SELECT {} FROM {} ORDER BY {}", names.join(", "), self.name, order.join(", "))
    }

    pub fn insert(&self, rows: usize) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let width = names.len();
        let rows: Vec<String> =
            (0..rows).map(|row| format!("({})", places(1 + row * width, width))).collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.name, names.join(", "), rows.join(", "))
    }

    /// Text is ordered byte by byte, as SQLite does; PostgreSQL must be told.
    fn ordered(&self, name: &str, dialect: Dialect) -> String {
        let text = self.columns.contains(&(name, Kind::Text));
        if text { format!("{name}{}", dialect.pick("", " COLLATE \"C\"")) } else { name.to_owned() }
    }
}

macro_rules! tables {
    ($($name:ident by ($($order:ident),+) { $($column:ident: $kind:ident),+ $(,)? } $(but $($local:ident),+)?;)+) => {
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            columns: &[$((stringify!($column), Kind::$kind)),+],
            order: &[$(stringify!($order)),+],
            local: &[$($(stringify!($local)),+)?],
        }),+];
    };
}

tables! {
    tenants by (id) {
        id: Bytes, plain: Int, name: Text, created_at: Int,
    };
    people by (id) {
        id: Bytes, tenant_id: Bytes, name: Text, name_key: Text, role: Text, state: Text,
        password_hash: Text, created_at: Int,
    };
    identities by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, platform: Text, external_id: Text,
        created_at: Int,
    };
    companions by (id) {
        id: Bytes, tenant_id: Bytes, name: Text, name_key: Text, character: Text, created_at: Int,
        updated_at: Int,
    };
    connections by (id) {
        id: Bytes, tenant_id: Bytes, name: Text, name_key: Text, base_url: Text, model: Text,
        sealed_key: Bytes, context_tokens: Int, continues_text: Int, rank: Int, created_at: Int,
    };
    conversations by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, companion_id: Bytes, title: Text, pinned: Int,
        head: Bytes, created_at: Int, updated_at: Int, removed_at: Int,
    };
    summaries by (conversation_id) {
        conversation_id: Bytes, tenant_id: Bytes, text: Text, up_to: Bytes,
    };
    messages by (id) {
        id: Bytes, tenant_id: Bytes, conversation_id: Bytes, parent_id: Bytes, owner: Text,
        author: Text, text: Text, state: Text, model: Text, turn_id: Bytes, attachments: Text,
        created_at: Int, findable: Int,
    } but seq, words;
    turns by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, companion_id: Bytes, conversation_id: Bytes,
        message_id: Bytes, reply_id: Bytes, state: Text, text_bytes: Int, attempt_from: Int,
        revision: Int, kept_bytes: Int, attempt: Int, fence: Int, lease_until: Int, stop_requested: Int,
        failure_code: Text, failure_detail: Text, model: Text, created_at: Int, finished_at: Int,
        text: Text, history: Text, max_tokens: Int, given_bytes: Int, recalled: Text,
    } but seq;
    usage_entries by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, companion_id: Bytes, turn_id: Bytes,
        attempt: Int, purpose: Text, connection_id: Bytes, model: Text, started_at: Int, outcome: Text,
        answered_by: Text, prompt_tokens: Int, completion_tokens: Int, estimated: Int, cost_micros: Int,
        first_token_us: Int, finished_at: Int,
    };
    memories by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, companion_id: Bytes, scope: Text,
        source_id: Bytes, text: Text, confidence_permille: Int, created_at: Int, last_used_at: Int,
    } but seq, words;
    memory_vectors by (memory_id, model) {
        memory_id: Bytes, tenant_id: Bytes, model: Text, dimension: Int, vector: Bytes,
    };
    attachments by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, name: Text, media_type: Text, size: Int,
        hash: Bytes, created_at: Int,
    };
    blobs by (id) {
        id: Bytes, tenant_id: Bytes, hash: Bytes, size: Int,
    };
    uploads by (id) {
        id: Bytes, tenant_id: Bytes, received: Int, begun_at: Int,
    };
    blob_chunks by (blob_id, position) {
        blob_id: Bytes, position: Int, tenant_id: Bytes, bytes: Bytes,
    };
    api_keys by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, name: Text, hash: Bytes, hint: Text,
        created_at: Int, revoked_at: Int,
    };
    sessions by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, hash: Bytes, created_at: Int, expires_at: Int,
    };
    settings by (tenant_id, name) {
        tenant_id: Bytes, name: Text, value: Text, updated_at: Int,
    };
    audit by (id) {
        id: Bytes, tenant_id: Bytes, person_id: Bytes, action: Text, object: Text, at: Int,
    };
    jobs by (id) {
        id: Bytes, tenant_id: Bytes, kind: Text, subject: Text, payload: Text, state: Text, stage: Text,
        progress_permille: Int, tries: Int, fence: Int, lease_until: Int, not_before: Int, error: Text,
        created_at: Int, finished_at: Int,
    };
    leases by (name) {
        name: Text, holder: Text, fence: Int, until: Int,
    };
    outbox by (seq) {
        id: Bytes, tenant_id: Bytes, topic: Text, payload: Text, created_at: Int,
    } but seq;
    inbox by (tenant_id, platform, external_id) {
        tenant_id: Bytes, platform: Text, external_id: Text, seen_at: Int,
    };
}
