-- The vault: what is sealed, and what must outlive a main database that is set back. No row points out of this database.
-- One text for SQLite and Postgres. Instants are unix milliseconds in UTC. `sealed` is nonce and ciphertext in base64.

-- Passwords, keys of two-factor codes, addresses of webhooks.
CREATE TABLE secrets (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  sealed TEXT NOT NULL
);
CREATE INDEX secrets_by_key ON secrets (key_id);

-- Which installation this vault belongs to; the main database carries the same id.
CREATE TABLE installation (
  id SMALLINT PRIMARY KEY,
  installation_id TEXT NOT NULL
);

-- The line of the audit trail that was last seen in its place, with how many tombstones there are and a hash over them,
-- authenticated by a key that is derived from the vault's.
CREATE TABLE audit_anchors (
  id SMALLINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL,
  tombstones BIGINT NOT NULL,
  tombstones_hash TEXT NOT NULL,
  key_id TEXT NOT NULL,
  mac TEXT NOT NULL
);

-- Lines of the audit trail that took something away, sealed: a main database that is set back forgets them.
CREATE TABLE tombstones (
  seq BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  sealed TEXT NOT NULL
);
CREATE INDEX tombstones_by_time ON tombstones (at);

-- When each running process last wrote here.
CREATE TABLE heartbeats (
  instance TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
