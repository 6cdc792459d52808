-- The hashes of the one-time codes that instances printed while nobody has an account: each is good at each of them.
CREATE TABLE setup_codes (
  code_hash TEXT PRIMARY KEY,
  made_at BIGINT NOT NULL
);
