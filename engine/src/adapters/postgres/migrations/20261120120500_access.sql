-- Who calls must be known, and what was done must be found again: keys, sessions, settings, audit.

CREATE TABLE api_keys (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX api_keys_of_person ON api_keys (tenant_id, person_id, created_at);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_of_person ON sessions (tenant_id, person_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE settings (
    tenant_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE audit (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX audit_by_time ON audit (tenant_id, at);
