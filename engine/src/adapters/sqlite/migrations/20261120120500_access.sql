-- Who calls must be known, and what was done must be found again: keys, sessions, settings, audit.

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_of_person ON api_keys (tenant_id, person_id, created_at);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_of_person ON sessions (tenant_id, person_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE settings (
    tenant_id BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_by_time ON audit (tenant_id, at);
