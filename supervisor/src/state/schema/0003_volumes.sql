-- Services that have a volume. One that is gone held what cannot be made again: nobody begins anew unasked.
CREATE TABLE volumes (service TEXT PRIMARY KEY, had_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
