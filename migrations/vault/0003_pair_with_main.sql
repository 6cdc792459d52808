-- Which installation this vault belongs to; the main database carries the same id.
CREATE TABLE installation (
  id BIGINT PRIMARY KEY,
  installation_id TEXT NOT NULL
);

-- The remembered line is authenticated by a key that is derived from the vault's.
DROP TABLE anchors;
CREATE TABLE anchors (
  id BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  mac TEXT NOT NULL
);

-- Lines of the trail that took something away, sealed: a main database that is set back forgets them.
CREATE TABLE endings (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  sealed TEXT NOT NULL
);
CREATE INDEX endings_by_time ON endings (at);

CREATE INDEX secrets_by_key ON secrets (key_id);
