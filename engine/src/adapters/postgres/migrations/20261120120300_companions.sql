-- Somebody has to answer: companions, each with its character as one JSON document.

CREATE TABLE companions (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    character TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name_key)
);
