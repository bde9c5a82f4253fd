-- A reply can begin with the words of an earlier one, a turn names what it recalled, and a removed
-- conversation can be brought back for a while: until then it is hidden, from the full-text index too.

ALTER TABLE turns ADD COLUMN given_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN recalled TEXT;
ALTER TABLE conversations ADD COLUMN removed_at INTEGER;

CREATE INDEX conversations_removed ON conversations (removed_at) WHERE removed_at IS NOT NULL;

CREATE TRIGGER messages_hidden AFTER UPDATE OF findable ON messages
WHEN new.findable = 0 AND old.findable = 1 BEGIN
    INSERT INTO message_words (message_words, rowid, owner, text)
    VALUES ('delete', old.seq, old.owner, old.text);
END;
