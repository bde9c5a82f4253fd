-- A search looks into every segment of an index, and every message adds one: they are merged earlier,
-- so that a reply waits less for what was said before.

INSERT INTO message_words (message_words, rank) VALUES ('automerge', 2);
INSERT INTO message_words (message_words, rank) VALUES ('crisismerge', 4);
INSERT INTO memory_words (memory_words, rank) VALUES ('automerge', 2);
INSERT INTO memory_words (memory_words, rank) VALUES ('crisismerge', 4);
