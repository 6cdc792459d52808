-- Somebody without a password hash was invited and has not come yet. Who is disabled cannot sign in.
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
-- When somebody else ended their last connection; means nothing while they have one.
ALTER TABLE users ADD COLUMN ended_at BIGINT;

-- One link to each person, to set a password with; known by its hash, used once.
CREATE TABLE invites (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
