-- People hand over files: their names, their content once per tenant, and uploads under way.

CREATE TABLE attachments (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX attachments_by_content ON attachments (tenant_id, hash);

CREATE TABLE blobs (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    size BIGINT NOT NULL,
    UNIQUE (tenant_id, hash)
);

-- An upload becomes a blob under the same id, so its chunks never move.
CREATE TABLE uploads (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    received BIGINT NOT NULL,
    begun_at BIGINT NOT NULL
);

CREATE INDEX uploads_by_time ON uploads (begun_at);

CREATE TABLE blob_chunks (
    blob_id BYTEA NOT NULL,
    position BIGINT NOT NULL,
    tenant_id BYTEA NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (blob_id, position)
);
