-- A person waits until their message is safe, not until it can be found: it enters the full-text index
-- together with its reply, in one step instead of two.

ALTER TABLE messages ADD COLUMN findable INTEGER NOT NULL DEFAULT 1;

DROP TRIGGER messages_added;
DROP TRIGGER messages_removed;

CREATE TRIGGER messages_added AFTER INSERT ON messages WHEN new.findable = 1 BEGIN
    INSERT INTO message_words (rowid, owner, text) VALUES (new.seq, new.owner, new.text);
END;

CREATE TRIGGER messages_answered AFTER UPDATE OF findable ON messages
WHEN new.findable = 1 AND old.findable = 0 BEGIN
    INSERT INTO message_words (rowid, owner, text) VALUES (new.seq, new.owner, new.text);
END;

CREATE TRIGGER messages_removed AFTER DELETE ON messages WHEN old.findable = 1 BEGIN
    INSERT INTO message_words (message_words, rowid, owner, text)
    VALUES ('delete', old.seq, old.owner, old.text);
END;
