-- Somebody has to be spoken to: tenants, their people, and the accounts by which platforms know them.

CREATE TABLE tenants (
    id BLOB NOT NULL PRIMARY KEY,
    -- 1 for the one tenant of a plain installation, NULL for others: unique, so two first starts make one.
    plain INTEGER UNIQUE CHECK (plain = 1),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    name TEXT NOT NULL,
    -- The name without regard to case, folded by the program: databases disagree about Unicode.
    name_key TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    password_hash TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name_key),
    UNIQUE (tenant_id, id)
) STRICT;

CREATE TABLE identities (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    platform TEXT NOT NULL,
    external_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, platform, external_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX identities_of_person ON identities (tenant_id, person_id);
