-- Work that must happen once, on whichever process is alive: leases, the outbox, the inbox.

-- Leases belong to the whole installation, not to a tenant.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    -- Empty once given back; the row stays, so that the fence never starts again.
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    -- The order of telling; clocks of several processes would not do.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    tenant_id BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_by_topic ON outbox (topic, seq);

CREATE TABLE inbox (
    tenant_id BLOB NOT NULL,
    platform TEXT NOT NULL,
    external_id TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, platform, external_id)
) STRICT;

CREATE INDEX inbox_by_time ON inbox (seen_at);
