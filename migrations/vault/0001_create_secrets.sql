-- Sealed passwords: nonce and ciphertext in base64. No row points out of this database.
CREATE TABLE secrets (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  sealed TEXT NOT NULL,
  sealed_at BIGINT NOT NULL
);
CREATE INDEX secrets_by_time ON secrets (sealed_at);
