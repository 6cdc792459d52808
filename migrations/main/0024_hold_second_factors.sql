-- Who signs in with codes of a phone as well: the vault row that makes them, and the last step that a code was taken
-- for. A pending one is shown to its owner and makes no valid code yet.
CREATE TABLE factors (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret_id TEXT,
  since BIGINT,
  last_step BIGINT NOT NULL DEFAULT 0,
  pending_id TEXT,
  pending_since BIGINT
);

-- Codes for the day on which the phone is lost, hashed; a used one is deleted.
CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  PRIMARY KEY (user_id, hash)
);
