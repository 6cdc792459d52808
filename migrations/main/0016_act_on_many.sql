-- What an admin had done to many connections at once, with a result for each.
CREATE TABLE bulks (
  id TEXT PRIMARY KEY,
  made_by TEXT NOT NULL,
  at BIGINT NOT NULL,
  -- When somebody last went on with it.
  touched_at BIGINT NOT NULL,
  action TEXT NOT NULL,
  finished_at BIGINT,
  lines TEXT NOT NULL
);
CREATE INDEX bulks_by_end ON bulks (finished_at, touched_at);
