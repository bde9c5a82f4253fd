-- A companion needs a model to speak with: connections in the order they are tried, keys sealed.

CREATE TABLE connections (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    sealed_key BYTEA,
    context_tokens BIGINT NOT NULL,
    continues_text BIGINT NOT NULL,
    rank BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name_key)
);
