-- Each line carries its place and a hash over the one before it. Lines from before are chained when the database is
-- opened.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN hash TEXT;
-- The address of who did it, as it was then.
ALTER TABLE audit ADD COLUMN who TEXT;
CREATE UNIQUE INDEX audit_by_seq ON audit (seq);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);

-- The last line. Whoever writes one takes this row first.
CREATE TABLE audit_head (
  id BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');
