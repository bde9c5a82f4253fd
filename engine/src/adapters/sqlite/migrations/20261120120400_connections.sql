-- A companion needs a model to speak with: connections in the order they are tried, keys sealed.

CREATE TABLE connections (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    sealed_key BLOB,
    context_tokens INTEGER NOT NULL,
    continues_text INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name_key)
) STRICT;
