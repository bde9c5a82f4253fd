-- What the box remembers about the services it runs in containers.

CREATE TABLE box (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id TEXT NOT NULL) STRICT;

-- What the box was about to change in the container engine, before it did.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    step TEXT NOT NULL,
    subject TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT
) STRICT;
CREATE INDEX journal_open ON journal (id) WHERE ended_at IS NULL;

-- What takes long, for every tab that wants to see it.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    stage TEXT NOT NULL,
    done_bytes INTEGER NOT NULL DEFAULT 0,
    total_bytes INTEGER,
    begun_at INTEGER NOT NULL,
    moved_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    detail TEXT
) STRICT, WITHOUT ROWID;

-- Where the owner wants a service: in a container, or in the box itself.
CREATE TABLE choices (service TEXT PRIMARY KEY, home TEXT NOT NULL, chosen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What was learnt about an image when it was first had: what runs later must be the same.
CREATE TABLE images (
    reference TEXT PRIMARY KEY,
    image_id TEXT NOT NULL,
    digest TEXT,
    had_by TEXT NOT NULL,
    had_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
