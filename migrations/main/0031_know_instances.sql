-- Running instances, and the ids of the vault keys that each holds.
CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  key_ids TEXT NOT NULL,
  seen_at BIGINT NOT NULL
);
