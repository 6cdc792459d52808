-- Which mailboxes an account reaches, asked one after another; what an admin chose of them is connected after that.
CREATE TABLE maps (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  made_by TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  total BIGINT NOT NULL,
  finished_at BIGINT,
  cancelled SMALLINT NOT NULL DEFAULT 0,
  -- Why it waits, and until when.
  problem TEXT,
  due_at BIGINT NOT NULL
);
CREATE INDEX maps_by_end ON maps (finished_at, due_at);

CREATE TABLE map_rows (
  map_id TEXT NOT NULL REFERENCES maps (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  address TEXT NOT NULL,
  place TEXT,
  primary_address TEXT,
  problem TEXT,
  chosen SMALLINT NOT NULL DEFAULT 0,
  result TEXT,
  PRIMARY KEY (map_id, position)
);
CREATE INDEX map_rows_by_place ON map_rows (map_id, place);
CREATE INDEX map_rows_by_result ON map_rows (map_id, chosen, result);
CREATE INDEX addresses_by_address ON addresses (address);

-- The admin who connected it in the organisation's name.
ALTER TABLE connections ADD COLUMN made_by TEXT;
