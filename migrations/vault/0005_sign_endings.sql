-- The endings that are remembered, counted and hashed, are signed with the line that was seen.
ALTER TABLE anchors ADD COLUMN endings BIGINT NOT NULL DEFAULT 0;
ALTER TABLE anchors ADD COLUMN endings_hash TEXT NOT NULL DEFAULT '';
