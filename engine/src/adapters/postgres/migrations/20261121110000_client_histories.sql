-- A client that keeps its own history sends all of it each time: the turn keeps what it was asked as, so
-- that the next call finds its conversation, and how long a reply the client wanted.

ALTER TABLE turns ADD COLUMN history TEXT;
ALTER TABLE turns ADD COLUMN max_tokens BIGINT;

CREATE INDEX turns_by_history ON turns (tenant_id, person_id, companion_id, history)
    WHERE history IS NOT NULL;
