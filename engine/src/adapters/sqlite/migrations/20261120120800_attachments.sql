-- People hand over files: their names, their content once per tenant, and uploads under way.

CREATE TABLE attachments (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attachments_by_content ON attachments (tenant_id, hash);

CREATE TABLE blobs (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    size INTEGER NOT NULL,
    UNIQUE (tenant_id, hash)
) STRICT;

-- An upload becomes a blob under the same id, so its chunks never move.
CREATE TABLE uploads (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    received INTEGER NOT NULL,
    begun_at INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_by_time ON uploads (begun_at);

CREATE TABLE blob_chunks (
    blob_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    tenant_id BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (blob_id, position)
) STRICT;
