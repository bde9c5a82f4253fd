-- A reply can begin with the words of an earlier one, a turn names what it recalled, and a removed
-- conversation can be brought back for a while: until then it is hidden.

ALTER TABLE turns ADD COLUMN given_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN recalled TEXT;
ALTER TABLE conversations ADD COLUMN removed_at BIGINT;

CREATE INDEX conversations_removed ON conversations (removed_at) WHERE removed_at IS NOT NULL;
