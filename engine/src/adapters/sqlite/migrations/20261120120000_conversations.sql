-- People and companions speak: conversations as trees of messages, turns, and what each attempt cost.

CREATE TABLE conversations (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    companion_id BLOB NOT NULL,
    title TEXT,
    pinned INTEGER NOT NULL,
    head BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX conversations_by_time ON conversations (tenant_id, person_id, updated_at, id);

CREATE TABLE summaries (
    conversation_id BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL,
    text TEXT NOT NULL,
    up_to BLOB NOT NULL
) STRICT;

-- `seq` keeps row numbers still, because the full-text index refers to them. `owner` names person and
-- companion in one word, so that a search reads one owner's part of the index only.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    tenant_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id BLOB,
    owner TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    model TEXT,
    turn_id BLOB,
    attachments TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, created_at);

CREATE VIRTUAL TABLE message_words USING fts5 (
    owner,
    text,
    content = 'messages',
    content_rowid = 'seq',
    tokenize = "unicode61 remove_diacritics 2"
);

-- What is forgotten leaves the index at once, not at some later merge.
INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
    INSERT INTO message_words (rowid, owner, text) VALUES (new.seq, new.owner, new.text);
END;

CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
    INSERT INTO message_words (message_words, rowid, owner, text)
    VALUES ('delete', old.seq, old.owner, old.text);
END;

-- `attempt_from` is where in the text the present attempt began: what it wrote is what follows.
CREATE TABLE turns (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    companion_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message_id BLOB NOT NULL,
    reply_id BLOB NOT NULL,
    state TEXT NOT NULL,
    text_bytes INTEGER NOT NULL,
    attempt_from INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    kept_bytes INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    stop_requested INTEGER NOT NULL,
    failure_code TEXT,
    failure_detail TEXT,
    model TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    text TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX turns_running ON turns (conversation_id) WHERE state = 'running';
CREATE INDEX turns_by_lease ON turns (lease_until) WHERE state = 'running';
CREATE INDEX turns_by_conversation ON turns (conversation_id);

-- The ledger outlives what it was spent on: conversations and turns are named, not referenced.
CREATE TABLE usage_entries (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    companion_id BLOB,
    turn_id BLOB,
    attempt INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    connection_id BLOB,
    model TEXT,
    started_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    answered_by TEXT,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost_micros INTEGER,
    first_token_us INTEGER,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_time ON usage_entries (tenant_id, started_at, id);
CREATE UNIQUE INDEX usage_by_attempt ON usage_entries (turn_id, attempt)
    WHERE turn_id IS NOT NULL AND purpose = 'reply';
