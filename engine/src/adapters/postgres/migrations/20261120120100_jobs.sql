-- Work that is not the turn itself is done once, in the background, under a lease.

CREATE TABLE jobs (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL,
    progress_permille BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE UNIQUE INDEX jobs_waiting ON jobs (tenant_id, kind, subject) WHERE state = 'waiting';
CREATE INDEX jobs_due ON jobs (not_before) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_by_time ON jobs (tenant_id, created_at, id);
