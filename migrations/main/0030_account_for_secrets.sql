-- Which installation this database belongs to; the vault carries the same id. One row, written once; `adopted_at` is
-- when somebody last said that this pair belongs together.
CREATE TABLE installation (
  id BIGINT PRIMARY KEY,
  installation_id TEXT NOT NULL,
  adopted_at BIGINT
);

-- Rows of the vault that are about to be sealed, or are sealed and not pointed to yet.
CREATE TABLE announced_secrets (
  id TEXT PRIMARY KEY,
  announced_at BIGINT NOT NULL
);
CREATE INDEX announced_secrets_by_time ON announced_secrets (announced_at);

-- Rows of the vault that nothing points to any more. The vault's row goes first, then this one.
CREATE TABLE secrets_to_delete (
  id TEXT PRIMARY KEY,
  listed_at BIGINT NOT NULL
);
