-- A companion remembers: memories with their full text, and their vectors.

CREATE TABLE memories (
    -- The full text index knows rows by number.
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    companion_id BLOB NOT NULL,
    -- `private`, or `channel:` and the platform's own id.
    scope TEXT NOT NULL,
    source_id BLOB,
    text TEXT NOT NULL,
    confidence_permille INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE INDEX memories_of_owner ON memories (tenant_id, person_id, companion_id, created_at);

CREATE VIRTUAL TABLE memory_words USING fts5 (
    text, content = 'memories', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
);

-- What is forgotten leaves the index too, instead of a note that it should be ignored.
INSERT INTO memory_words (memory_words, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER memories_added AFTER INSERT ON memories BEGIN
    INSERT INTO memory_words (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER memories_removed AFTER DELETE ON memories BEGIN
    INSERT INTO memory_words (memory_words, rowid, text) VALUES ('delete', old.seq, old.text);
END;

CREATE TABLE memory_vectors (
    memory_id BLOB NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL,
    model TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    -- f32, little-endian.
    vector BLOB NOT NULL,
    PRIMARY KEY (memory_id, model)
) STRICT;
