-- A companion remembers: memories with their full text, and their vectors.

CREATE TABLE memories (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    companion_id BYTEA NOT NULL,
    -- `private`, or `channel:` and the platform's own id.
    scope TEXT NOT NULL,
    source_id BYTEA,
    text TEXT NOT NULL,
    confidence_permille BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    words TSVECTOR NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', searchable(text))) STORED
);

CREATE INDEX memories_of_owner ON memories (tenant_id, person_id, companion_id, created_at);
CREATE INDEX memory_words ON memories USING gin (words);

CREATE TABLE memory_vectors (
    memory_id BYTEA NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    tenant_id BYTEA NOT NULL,
    model TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    -- f32, little-endian.
    vector BYTEA NOT NULL,
    PRIMARY KEY (memory_id, model)
);
