-- Work that is not the turn itself is done once, in the background, under a lease.

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL,
    progress_permille INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX jobs_waiting ON jobs (tenant_id, kind, subject) WHERE state = 'waiting';
CREATE INDEX jobs_due ON jobs (not_before) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_by_time ON jobs (tenant_id, created_at, id);
