-- People and companions speak: conversations as trees of messages, turns, and what each attempt cost.

CREATE TABLE conversations (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    companion_id BYTEA NOT NULL,
    title TEXT,
    pinned BIGINT NOT NULL,
    head BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX conversations_by_time ON conversations (tenant_id, person_id, updated_at, id);

CREATE TABLE summaries (
    conversation_id BYTEA NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    tenant_id BYTEA NOT NULL,
    text TEXT NOT NULL,
    up_to BYTEA NOT NULL
);

-- `owner` names person and companion in one word, so that a search reads one owner's part of the index only.
CREATE TABLE messages (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id BYTEA,
    owner TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    model TEXT,
    turn_id BYTEA,
    attachments TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, created_at);

-- The words of a message as they are found: any case, with or without accents, cut at everything that is
-- neither letter nor digit (PostgreSQL's own parser takes "and/or" for one file name). A novel is
-- indexed up to its hundred-thousandth character, since an index row has a size limit.
CREATE FUNCTION searchable(words TEXT) RETURNS TEXT LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE RETURN
    regexp_replace(
        regexp_replace(normalize(lower(left(words, 100000)), NFKD), '[\u0300-\u036f]+', '', 'g'),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'
    );

ALTER TABLE messages ADD COLUMN words TSVECTOR NOT NULL
    GENERATED ALWAYS AS (array_to_tsvector(ARRAY['@' || owner]) || to_tsvector('simple', searchable(text))) STORED;

CREATE INDEX message_words ON messages USING gin (words);

-- `attempt_from` is where in the text the present attempt began: what it wrote is what follows.
CREATE TABLE turns (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    companion_id BYTEA NOT NULL,
    conversation_id BYTEA NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message_id BYTEA NOT NULL,
    reply_id BYTEA NOT NULL,
    state TEXT NOT NULL,
    text_bytes BIGINT NOT NULL,
    attempt_from BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    kept_bytes BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    stop_requested BIGINT NOT NULL,
    failure_code TEXT,
    failure_detail TEXT,
    model TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    text TEXT NOT NULL
);

CREATE UNIQUE INDEX turns_running ON turns (conversation_id) WHERE state = 'running';
CREATE INDEX turns_by_lease ON turns (lease_until) WHERE state = 'running';
CREATE INDEX turns_by_conversation ON turns (conversation_id);

-- The ledger outlives what it was spent on: conversations and turns are named, not referenced.
CREATE TABLE usage_entries (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    companion_id BYTEA,
    turn_id BYTEA,
    attempt BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    connection_id BYTEA,
    model TEXT,
    started_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    answered_by TEXT,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    estimated BIGINT NOT NULL,
    cost_micros BIGINT,
    first_token_us BIGINT,
    finished_at BIGINT
);

CREATE INDEX usage_by_time ON usage_entries (tenant_id, started_at, id);
CREATE UNIQUE INDEX usage_by_attempt ON usage_entries (turn_id, attempt)
    WHERE turn_id IS NOT NULL AND purpose = 'reply';
