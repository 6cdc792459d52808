-- Places that limits have given out. A key is the SHA-256 of what is counted; a place is free again when it is given
-- back or ends.
CREATE TABLE places (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  -- Where one key counts each thing once: the SHA-256 of the thing.
  member_hash TEXT,
  ends_at BIGINT NOT NULL
);
CREATE INDEX places_by_key ON places (purpose, key_hash, ends_at);
CREATE INDEX places_by_end ON places (purpose, ends_at);
CREATE INDEX places_that_ended ON places (ends_at);
